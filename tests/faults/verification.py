"""Fault injection as a part of `make verify`: every case of the chosen form on its own stage."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.cases import CASES
from tests.faults.handshake_cases import HANDSHAKES
from tests.faults.proxied_stage import proxied
from tests.kit.verification import Progress, Result
from tools.deploy import local_stage
from tools.table import Table


def verify(*, long: bool, seed: str, progress: Progress) -> Result:  # noqa: ARG001 - all are tried
    """Inject every fault, or those of the short form."""
    injected: Counter[str] = Counter()
    violated: Counter[str] = Counter()
    rows = []
    with (
        TemporaryDirectory() as folder,
        local_stage(Path(folder), auth="optional") as local,
        proxied(local) as stage,
    ):
        for case in (case for case in (*CASES, *HANDSHAKES) if long or case.short):
            outcome = case.run(stage)
            for violation in outcome.violations:
                progress(f"{case}: VIOLATED: {violation}")
            injected[case.row] += 1
            violated[case.row] += bool(outcome.violations)
            rows.append({"case": str(case), **asdict(outcome)})
    table = Table(
        "Faults between the functions and their AWS",
        ("scenario and step", "faults", "violations"),
        [
            *((row, str(count), str(violated[row])) for row, count in injected.items()),
            ("all", str(injected.total()), str(violated.total())),
        ],
    )
    figures = {"faults": injected.total(), "violations": violated.total(), "cases": rows}
    return Result(good=not violated.total(), tables=[table], figures=figures)
