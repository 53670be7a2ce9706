"""Real faults on real sockets: the deployed functions, with a proxy between them and their AWS.

`calls` tells which step of a publish or a subscribe a request is, `trouble` what may happen to it,
`proxy` makes it happen; `garbage` holds answers that are none. `story` plays one publish or
subscribe through and says what everybody got and which promise was broken: `stories` are those of
a fault, `deaths` of a kill, `handshakes` of the authorizer. `cases` is the table of what is tried.
"""
