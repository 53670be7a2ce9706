"""What several folders of tests, and the benchmarks, use: models, peers, events, tokens."""
