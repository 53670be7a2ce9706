"""`make prove`: attacks on the promises that nothing is lost and that no stranger gets in.

A folder is a part of it; each has a `prove` in its `part` module, which `__main__` calls in turn.
"""
