"""An HTTP proxy between the deployed functions and their AWS that injects faults.

`requests` tells which step of a publish or a subscribe a request is, `faults` are the values that
say what happens to it, `server` makes it happen.
"""
