"""Fault injection into the deployed functions, on real sockets.

`proxied_stage` puts the kit's proxy between the functions and their AWS. `run` is one run of a
scenario, with the guarantees that were violated; `scenarios` meet a fault, `crashes` a SIGKILL,
`handshakes` are those of the authorizer. `malformed` holds invalid responses, `cases` is the table
of what is injected where.
"""
