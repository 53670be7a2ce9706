"""The benchmark: ratios of latencies within one run on one machine, `python -m benchmarks`.

Nothing here asserts a time. `__main__` has the order of what is measured; `docs/benchmark.md` says
how to read it. Costs are in `costs`, load in `load`.
"""
