"""Load: many subscribers, publishers that never pause, and a reconciliation of both logs.

The subscribers run in a process of their own, the pollers in two, the publishers in this one.
`reconciliation` compares what was published with what arrived. `floor` is an echo function, loaded
in turns with the service.
"""
