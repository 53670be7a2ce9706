"""The JavaScript client's own tests, its types, and its size."""

import gzip
import re
from pathlib import Path

import pytest

from tests.clients.js.programs import CLIENT, run

TESTS = sorted((CLIENT / "test").glob("*.test.js"))
AT_MOST = 4096


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_it_does_what_its_own_tests_say(path: Path) -> None:
    said = run("node", "--test", "--test-reporter=tap", "--test-timeout=60000", str(path))
    counts = dict(re.findall(r"^# (\w+) (\d+)$", said, re.MULTILINE))
    assert int(counts["pass"]) > 0
    assert {counts[name] for name in ("fail", "cancelled", "skipped", "todo")} == {"0"}


def test_its_types_hold_within_and_for_a_page() -> None:
    run("tsc", "-p", ".")


def test_it_is_at_most_4_kb_minified_and_gzipped() -> None:
    minified = run("esbuild", "src/index.js", "--bundle", "--minify", "--format=esm")
    size = len(gzip.compress(minified.encode(), 9))
    assert size <= AT_MOST, f"{size} bytes, minified and gzipped; {AT_MOST} are allowed"
