"""Every forgery: what was tried to get in, or to get further than a token says, and what it got.

`attempts` holds them; `verifier`, `permissions` and `handshakes` are where they are tried.
"""
