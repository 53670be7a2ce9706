import importlib.util

from benchmarks.imports import UNUSED


def test_every_module_that_a_function_must_not_load_exists() -> None:
    ours = {name for names in UNUSED.values() for name in names if name.startswith("lambdas.")}
    assert ours
    assert [name for name in ours if importlib.util.find_spec(name) is None] == []
