import json
import shutil
import subprocess
from itertools import islice
from pathlib import Path

import pytest

from tools import ToolError, mutants
from tools.breaks import of_javascript, of_python

_GIT = shutil.which("git") or "git"


@pytest.mark.parametrize(
    ("line", "broken"),
    [
        ("a < b", {"a <= b", "a > b"}),
        ("(a) == (b)", {"(a) != (b)"}),
        ("a is not b", {"a is b"}),
        ("a and b or c", {"a or b or c", "a and b and c"}),
        ("a + b", {"a - b", "(a)"}),
        ("not a", {"(a)"}),
        ("a if b else c", {"a if (not (b)) else c"}),
        ("[a for a in b if a]", {"[a for a in b if (not (a))]"}),
        ("a = 1", {"a = (1 + 1)"}),
        ("a = True", {"a = False"}),
        ("a = 'é', b[c]", {"""a = "mutant", b[c]"""}),
        ("a: 'b' = f'{c}d'", set()),
        ("a = 'a text of words'", set()),
        ("f(a, b)", {"f(b, a)", "pass"}),
        ("f(a=b, c=d)", {"f(c=d)", "f(a=b, )", "pass"}),
        ("a.b = c", {"pass"}),
        ("raise a", {"pass"}),
        ("def f(): return a", {"def f(): return None"}),
    ],
)
def test_a_line_of_python_has_these_breaks(line: str, broken: set[str]) -> None:
    assert dict.fromkeys(of_python(line)) == dict.fromkeys((1, after) for after in broken)


@pytest.mark.parametrize(
    ("line", "broken"),
    [
        ("if (a < b) f();", {"if (a <= b) f();", "if (!(a < b)) f();"}),
        ("return 1;", {"return (1 + 1);", "return undefined;"}),
        ("  this.#a = !b?.c;", {"  ;", "  this.#a = b?.c;", "  this.#a = !b.c;"}),
        ("  f(a && 'b'); // 1 < 2", {"  f(a || 'b'); // 1 < 2", "  f(a && 'mutant'); // 1 < 2"}),
        ("   * @param {1} a == b", set()),
    ],
)
def test_a_line_of_javascript_has_these_breaks(line: str, broken: set[str]) -> None:
    assert set(of_javascript(line)) == {(1, after) for after in broken}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in git, in which the mutants are made: two lines, and a test of one."""
    subprocess.run((_GIT, "init", "--quiet", str(tmp_path)), check=True)
    (tmp_path / "a.py").write_text("def twice(n):\n    return n * 2\n\n\nLIMIT = 5\n")
    (tmp_path / "test_a.py").write_text(
        "import a\n\n\ndef test_twice():\n    assert a.twice(3) == 6\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mutants, "FOLDERS", {"all": ("a.py", "test_*.py", 9)})
    return tmp_path


def test_a_break_is_told_with_the_test_that_finds_it_and_leaves_the_tree_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_text() for path in project.glob("*.py")}
    assert mutants.main(["--json", "said.json"]) == 0
    results = json.loads(Path("said.json").read_text())["results"]
    found_by = {one["mutant"][:6]: one["found_by"] for one in results}
    assert found_by == {"a.py:2": "test_a.py::test_twice", "a.py:5": None}
    told = capsys.readouterr().out
    assert "a.py:5: LIMIT = 5 → LIMIT = (5 + 1)\n          SURVIVES" in told
    assert "all: 1 of 2 found" in told
    assert {path.name: path.read_text() for path in project.glob("*.py")} == before


def test_a_seed_chooses_the_same_breaks_again() -> None:
    tree = Path(__file__).parents[2]
    one, again, other = (
        [str(mutant) for mutant in islice(mutants.mutants(tree, "tools/*.py", seed), 20)]
        for seed in (1, 1, 2)
    )
    assert one == again != other


def test_tests_that_fail_without_a_break_are_an_error(project: Path) -> None:
    (project / "test_a.py").write_text("def test_a():\n    assert False\n")
    with pytest.raises(ToolError, match="without any break"):
        mutants.main([])
