"""Connections on `websockets`: perform the actions of a core, and return its events.

`SyncTransport` runs each connection in threads, `AsyncioTransport` in tasks. Both have `perform`,
`wait` and `close`; neither decides anything.
"""
