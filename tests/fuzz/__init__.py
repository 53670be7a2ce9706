"""Invalid input in bulk, from a library, and every forgery from a table.

`harnesses` hold the input against the rules in `oracle`. `strategies` make the input: Hypothesis
draws it by itself in `runs`, and under libFuzzer, by way of atheris, in `guided`.
"""
