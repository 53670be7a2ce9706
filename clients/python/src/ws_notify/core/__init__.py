"""The protocol without I/O: events and the time go in, actions and results come out.

Nothing here knows sockets, threads, tasks or a clock. `Subscriber` and `Publisher` are
driven alike:

    core.handle(event)             an event of a connection
    core.tick(now)                 the time, after the events, and at `core.due` at the latest
    core.take_actions()            what to do on connections now

Times are seconds of a monotonic clock. Connections are identified by a number.
"""
