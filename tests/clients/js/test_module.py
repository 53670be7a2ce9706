"""The JavaScript client: its own tests, its types, and its size."""

import gzip
import re
from pathlib import Path

import pytest

from tests.kit.programs import CLIENT, run

TESTS = sorted((CLIENT / "test").glob("*.test.js"))
MAX_SIZE = 4096


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_the_modules_own_tests_pass_and_none_is_skipped(path: Path) -> None:
    output = run("node", "--test", "--test-reporter=tap", "--test-timeout=60000", str(path))
    counts = dict(re.findall(r"^# (\w+) (\d+)$", output, re.MULTILINE))
    assert int(counts["pass"]) > 0
    assert {counts[name] for name in ("fail", "cancelled", "skipped", "todo")} == {"0"}


def test_the_module_and_a_page_that_uses_it_match_the_types() -> None:
    run("tsc", "-p", ".")


def test_the_module_minified_and_gzipped_has_at_most_4_kb() -> None:
    minified = run("esbuild", "src/index.js", "--bundle", "--minify", "--format=esm")
    size = len(gzip.compress(minified.encode(), 9))
    assert size <= MAX_SIZE, f"{size} bytes, minified and gzipped; {MAX_SIZE} are allowed"
