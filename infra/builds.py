"""Folders of `.build`: each is named for what went into it, and built once. Nothing of CDK.

A name is the same on every machine, whichever pip and patch release of Python filled the folder.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
BUILD: Final = ROOT / ".build"


def named(kind: str, parts: Iterable[bytes]) -> str:
    """Return the name of a folder of that kind: its digest is of all parts and their order."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return f"{kind}-{digest.hexdigest()[:16]}"


def built(name: str, fill: Callable[[Path], object], build: Path = BUILD) -> Path:
    """Return the folder of that name in `build`, which `fill` fills only where there is none."""
    folder = build / name
    if folder.is_dir():
        return folder
    build.mkdir(exist_ok=True)
    # Filled beside and renamed when whole: an interrupted build leaves nothing that looks finished.
    with tempfile.TemporaryDirectory(dir=build, prefix="unfinished-") as unfinished:
        whole = Path(unfinished) / name
        whole.mkdir()
        fill(whole)
        try:
            whole.rename(folder)
        except OSError:
            if not folder.is_dir():  # else: another synth built the same meanwhile
                raise
    return folder
