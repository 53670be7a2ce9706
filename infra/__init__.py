"""The AWS resources of one stage: what there is, how it is guarded, how it is watched.

No business rule lives here. The functions are named by string: nothing of `lambdas` is imported.
"""
