"""Single-line breaks of a source: Python's by its syntax tree, JavaScript's by patterns.

Left alone: what is written across lines, annotations, decorators, f-strings, and texts of several
words. They are typing, wiring and prose, whose breaks say little about tests.
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

_SIGNS: Final[dict[type[ast.AST], tuple[str, ...]]] = {
    ast.Lt: ("<", "<=", ">"),
    ast.LtE: ("<=", "<", ">"),
    ast.Gt: (">", ">=", "<"),
    ast.GtE: (">=", ">", "<"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.FloorDiv: ("//", "*"),
    ast.Div: ("/", "*"),
    ast.Mod: ("%", "*"),
}
"""How an operator is written, and what is written instead."""

_TYPING: Final = {"annotation", "returns", "decorator_list", "bases"}
_NEVER_RAISED: Final = "ZeroDivisionError"

_SCRIPT: Final = [
    (re.compile(pattern), new)
    for pattern, new in (
        *((r" ([<>])= ", r" \1 "), (r" ([<>]) ", r" \1= "), (r" == ", " != "), (r" != ", " == ")),
        *((r" && ", " || "), (r" \|\| ", " && "), (r" \?\? ", " && "), (r"\?\.", ".")),
        *((r" \+ ", " - "), (r" - ", " + "), (r" \* ", " / "), (r"!(?=[\w.(])", "")),
        *((r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r"'[^' ]+'", "'mutant'")),
        *((r"(?<![\w#])(\d[\d_]*)\b", r"(\1 + 1)"), (r"\b(continue|break);", ";")),
        (r"(?<=if )(\(.*\))(?= \S.*[{;]| \{)", r"(!\1)"),
        (r"(?<=return )[^;]+(?=;)", "undefined"),
        # A call or an assignment that is all of its line.
        (r"^( *)(?!const|let|return|if|for)[\w.#?]+(\(| \S*= ).*;$", r"\1;"),
    )
]

Break = tuple[int, str]
"""The number of a line, from 1, and what stands there instead."""

_Place = tuple[int, int]
"""The number of a line, from 1, and an offset in it, in bytes of UTF-8."""

_Edit = tuple[_Place, _Place, str]
_Part = ast.expr | ast.stmt | ast.keyword


def of_javascript(text: str) -> Iterator[Break]:
    """Yield each break of a JavaScript source; some do not parse."""
    for number, line in enumerate(text.splitlines(), 1):
        code = re.sub(r"/\*.*?\*/|// .*", lambda comment: " " * len(comment[0]), line)
        if not code.lstrip().startswith(("*", "/*", "import ")):
            for pattern, new in _SCRIPT:
                for found in pattern.finditer(code):
                    yield number, line[: found.start()] + found.expand(new) + line[found.end() :]


def of_python(text: str) -> Iterator[Break]:
    """Yield each break of a Python source; some do not compile."""
    lines = [line.encode() for line in text.splitlines()]
    for node in _nodes(ast.parse(text)):
        for (number, start), (last, end), new in _edits(node, lines):
            if number == last:
                line = lines[number - 1]
                yield number, (line[:start] + new.encode() + line[end:]).decode()


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            wanted = isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr)
            if wanted and name not in _TYPING:
                yield from _nodes(child)


def _start(node: _Part) -> _Place:
    return node.lineno, node.col_offset


def _end(node: _Part) -> _Place:
    return node.end_lineno or 0, node.end_col_offset or 0


def _edits(node: ast.AST, lines: list[bytes]) -> Iterator[_Edit]:  # noqa: C901, PLR0912 - cases
    def of(part: _Part) -> str:
        return lines[part.lineno - 1][part.col_offset : part.end_col_offset].decode()

    def by(part: _Part, new: str) -> _Edit:
        return _start(part), _end(part), new

    def signs(sign: ast.AST, left: ast.expr, right: ast.expr) -> Iterator[_Edit]:
        old, *others = _SIGNS.get(type(sign), ("",))
        between = lines[_end(left)[0] - 1][_end(left)[1] : right.col_offset].decode()
        yield from ((_end(left), _start(right), between.replace(old, new, 1)) for new in others)

    match node:
        case ast.Compare(left=left, ops=ops, comparators=rest):
            for sign, pair in zip(ops, pairwise([left, *rest]), strict=True):
                yield from signs(sign, *pair)
        case ast.BoolOp(op=sign, values=values):
            for pair in pairwise(values):
                yield from signs(sign, *pair)
        case ast.BinOp(left=left, op=sign, right=right):
            yield from (*signs(sign, left, right), by(node, f"({of(left)})"))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield by(node, f"({of(operand)})")
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield by(test, f"(not ({of(test)}))")
        case ast.comprehension(ifs=[test, *_]):
            yield by(test, f"(not ({of(test)}))")
        case ast.ExceptHandler(type=ast.expr() as caught):
            kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
            yield from (by(kind, _NEVER_RAISED) for kind in kinds)
        case ast.Return(value=ast.expr() as value):
            yield by(value, "None")
        case ast.Constant(value=bool() as value):
            yield by(node, str(not value))
        case ast.Constant(value=int() | float() as value):
            yield by(node, f"({value} + 1)")
        case ast.Constant(value=str() as value) if " " not in value:
            yield by(node, '"mutant"')
        case ast.Call(args=args, keywords=keywords):
            for one, other in pairwise(args):
                yield _start(one), _end(other), f"{of(other)}, {of(one)}"
            # To the start of the next one, so that the comma goes too.
            yield from ((_start(one), _start(after), "") for one, after in pairwise(keywords))
            yield from (by(last, "") for last in keywords[-1:])
        case ast.Raise() | ast.AugAssign() | ast.Continue() | ast.Break() | ast.Delete():
            yield by(node, "pass")
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield by(node, "pass")
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield by(node, "pass")
