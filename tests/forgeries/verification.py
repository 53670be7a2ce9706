"""The forgeries as a part of the proof: three places to try them, and a table of what each got."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.forgeries.attempts import IN, Tally
from tests.forgeries.handshakes import handshakes
from tests.forgeries.permissions import beyond
from tests.forgeries.verifier import listed, product
from tests.kit.verification import Progress, Result
from tools.deploy import local_stage
from tools.table import Table

SHORT: Final = 5
LONG: Final = 100
"""Of the list, and again of the product, so many at real handshakes; one takes a second."""


def verify(*, long: bool, seed: str, progress: Progress) -> Result:
    """Try every forgery in process, and some or many at the handshakes of a stage of its own."""
    with TemporaryDirectory() as folder, local_stage(Path(folder), auth="required") as stage:
        at_handshakes = handshakes(stage, LONG if long else SHORT, seed)
    return judge(
        {
            "listed tokens, at the verifier": listed(),
            "the product of a token's parts, at the verifier": product(),
            "frames beyond a token, at the handler": beyond(),
            "tokens at real handshakes": at_handshakes,
        },
        progress,
    )


def judge(tried: Mapping[str, Tally], progress: Progress) -> Result:
    """Return what came of all."""
    for place, tally in tried.items():
        for wrong in tally.wrong:
            progress(f"{place}: BROKEN: {wrong}")
    columns = ("where, and what was forged", "attempts", "got in", "what they got")
    table = Table("Every forgery", columns, list(_rows(tried)))
    broken = sum(len(tally.wrong) for tally in tried.values())
    figures = {
        "attempts": sum(tally.total for tally in tried.values()),
        "broken": broken,
        "got": {place: tally.got for place, tally in tried.items()},
    }
    return Result(good=not broken, tables=[table], figures=figures)


def _rows(tried: Mapping[str, Tally]) -> Iterator[tuple[str, ...]]:
    for place, tally in tried.items():
        for group, answers in tally.groups().items():
            got = ", ".join(f"{answer} {n:,}" for answer, n in answers.most_common())
            yield f"{place}: {group}", f"{answers.total():,}", f"{answers[IN]:,}", got
