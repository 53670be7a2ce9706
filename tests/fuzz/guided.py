"""`python -m tests.fuzz.guided HARNESS SEED INPUTS`: a harness under libFuzzer, by atheris.

libFuzzer mutates what reached new branches of the service and of PyJWT. Its bytes are the choices
that Hypothesis' strategies make:
https://hypothesis.readthedocs.io/en/latest/reference/integrations.html
"""

import json
import os
import sys
import zlib
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import atheris

from tools.terminal import say

with atheris.instrument_imports(include=["jwt", "lambdas"]):
    import lambdas.layer.http_events  # noqa: F401 - here, since the functions load it only later
    from tests.fuzz.runs import Tally, harnessed

_CORPUS = 64
_MAX_BYTES = 2048
"""Enough for the choices of nearly every input; one that runs out of them is not tried."""


def main(name: str, seed: str, count: int) -> None:
    """Print a tally as JSON after so many inputs, or after the first that breaks a rule."""
    tally = Tally()
    fuzz_one_input = harnessed(name, tally).hypothesis.fuzz_one_input

    def one_input(data: bytes) -> None:
        try:
            fuzz_one_input(data)
        except Exception:
            if not tally.broken:
                raise
        if tally.inputs >= count or tally.broken:
            say(json.dumps([tally.inputs, tally.json, tally.outcomes, tally.broken]))
            sys.stdout.flush()
            os._exit(0)  # libFuzzer does not return, and would report what it calls a crash

    number = zlib.crc32(f"{seed}/{name}".encode())
    random = Random(number)  # noqa: S311 - to be repeated, not to be secret
    with TemporaryDirectory() as folder:
        for each in range(_CORPUS):
            (Path(folder) / str(each)).write_bytes(random.randbytes(_MAX_BYTES))
        options = (
            *(f"-seed={number}", "-len_control=0", f"-max_len={_MAX_BYTES}"),
            f"-artifact_prefix={folder}/",
        )
        atheris.Setup([sys.argv[0], *options, folder], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
