"""The JavaScript client: its own tests, its types, and its size."""

import gzip
import re
from pathlib import Path

import pytest

from tests.kit.programs import CLIENT, run

TESTS = sorted((CLIENT / "test").glob("*.test.js"))
MAX_SIZES = {"index": 4096, "polling": 1228}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_the_modules_own_tests_pass_and_none_is_skipped(path: Path) -> None:
    output = run("node", "--test", "--test-reporter=tap", "--test-timeout=60000", str(path))
    counts = dict(re.findall(r"^# (\w+) (\d+)$", output, re.MULTILINE))
    assert int(counts["pass"]) > 0
    assert {counts[name] for name in ("fail", "cancelled", "skipped", "todo")} == {"0"}


def test_the_module_and_a_page_that_uses_it_match_the_types() -> None:
    run("tsc", "-p", ".")


@pytest.mark.parametrize("name", MAX_SIZES)
def test_a_module_minified_and_gzipped_is_as_small_as_the_documents_say(name: str) -> None:
    minified = run("esbuild", f"src/{name}.js", "--bundle", "--minify", "--format=esm")
    size = len(gzip.compress(minified.encode(), 9))
    assert size <= MAX_SIZES[name], f"{size} bytes; {MAX_SIZES[name]} are allowed"
