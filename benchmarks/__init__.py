"""How fast the service is, as ratios of one run on one machine: `python -m benchmarks`.

Nothing here asserts a time, and nothing of the service imports this. `__main__` says what is
measured in which order; `docs/benchmark.md` says how to read it.
"""
