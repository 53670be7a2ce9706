from benchmarks.recorder import Call, steps


def test_calls_that_overlap_are_one_step_and_those_that_wait_are_the_next() -> None:
    calls = [
        Call("query b", 2.1, 3.1),
        Call("put", 0, 1),
        Call("query a", 2, 3),
        Call("post", 4, 5),
    ]
    assert steps(calls) == [["put"], ["query a", "query b"], ["post"]]


def test_a_chain_of_overlaps_is_one_step() -> None:
    assert steps([Call("a", 0, 2), Call("b", 1, 4), Call("c", 3, 5)]) == [["a", "b", "c"]]


def test_no_calls_are_no_steps() -> None:
    assert steps([]) == []
