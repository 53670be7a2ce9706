"""Bad input in bulk: what strangers may send, changed again and again by what new ways it opens.

`changes` alters texts and JSON values, `seeds` is what it begins with, `attempts` hands an input to
the shipped code and judges what came of it, `guide` keeps those that reached something new,
`branches` counts what they reached.
"""
