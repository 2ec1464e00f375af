"""Profile a whole scan: where the processor time of the daemon's process and of the workers goes.

    uv run python tests/benchmarks/scan_profile.py FOLDER... [--megapixels 1 12] [--most N] [--copies N]

All photos of the folders are enlarged to so many megapixels, as a camera gives them. Each is there as many times as
`--copies` says, with other last bytes, so that the start of the processes counts for less. The processor's own clock of
each thread says how long it worked between two samples (`tests/support/sampler.py`).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.scanning import ENVIRONMENT, enlarge, gather
from support import sampler

_START = "start of the processes"
_DAEMON = "the daemon: the rest"

_PARTS = {
    "the networks (YuNet, SFace)": ("vision/engines/onnx_sessions.py:run",),
    "landmarks": ("vision/engines/engine.py:FaceEngine._shapes",),
    "decoding": ("vision/decoding/", "vision/workers/contents.py", "filesystem/reading.py"),
    "scaling and cutting pixels for the networks": (
        "vision/engines/yunet.py:_resized",
        "vision/engines/yunet.py:YunetDetector._pyramid",
        "vision/engines/yunet.py:_laid_out",
        "vision/engines/yunet.py:YunetDetector._look",
        "vision/engines/engine.py:FaceEngine._encoded",
        "vision/faces/chips.py",
        "vision/faces/pyramid.py",
    ),
    "sharpness of faces": ("vision/faces/sharpness.py",),
}
"""Parts of the work of a worker, and how the names of the innermost functions of familiar begin there."""

_WORKER = "the workers: boxes, quality, tasks and answers"
_STORE = "the daemon: the store"
WORK = ("decoding", "scaling and cutting pixels for the networks", "the networks (YuNet, SFace)", "landmarks")
"""What a scan is for; all else but the start is to be below a tenth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Nanoseconds of a thread, and the functions that it was in, from the innermost one."""

    is_worker: bool
    nanoseconds: int
    functions: Sequence[str]


def samples_in(folder: Path) -> Iterator[Sample]:
    for file in folder.iterdir():
        for line in file.read_text(errors="replace").splitlines():
            _, _, nanoseconds, within = line.split("\t")
            functions = within.split("|")
            yield Sample(is_worker=file.name.startswith("copy"), nanoseconds=int(nanoseconds), functions=functions)


def part_of(sample: Sample) -> str:
    """Return the part of the work that a sample belongs to."""
    within = sample.functions
    own = [one.partition("/daemon/familiar/")[2] for one in within if "/daemon/familiar/" in one]
    is_server = not sample.is_worker and any(one.endswith("fork_server.py:serve") for one in own)
    if is_server or not own or any("importlib" in one or "store/opening.py" in one for one in within):
        return _START
    if sample.is_worker:
        found = (name for name, starts in _PARTS.items() if own[0].startswith(starts))
        return next(found, _WORKER)
    return _STORE if any(one.startswith("store/") for one in own) else _DAEMON


def profile(photos: Path) -> Counter[str]:
    """Return the seconds of the processors for each part of a scan of the photos in a folder."""
    spent: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        (base / "samples").mkdir()
        (base / "first").mkdir()
        shutil.copy(sampler.__file__, base / "first" / "sitecustomize.py")
        environment = {**ENVIRONMENT, sampler.FOLDER: str(base / "samples"), "PYTHONPATH": str(base / "first")}
        command = ["familiar", "--state", str(base / "state"), "scan", str(photos)]
        subprocess.run(command, check=True, env=environment, capture_output=True)
        for sample in samples_in(base / "samples"):
            spent[part_of(sample)] += sample.nanoseconds
    return Counter({name: round(nanoseconds / 1e9, 3) for name, nanoseconds in spent.items()})


def copy_of_each(photos: Sequence[Path], copies: int) -> None:
    for photo in photos:
        for number in range(1, copies):
            photo.with_stem(f"{photo.stem}-{number}").write_bytes(photo.read_bytes() + bytes([number]))


def table(spent: Counter[str], count: int) -> str:
    work = sum(seconds for name, seconds in spent.items() if name != _START)
    rows = [
        f"| {name} | {1000 * spent[name] / count:.1f} | {100 * spent[name] / work:.1f} % |"
        for name in (*WORK, *(name for name in sorted(spent) if name not in {*WORK, _START}))
    ]
    rest = sum(seconds for name, seconds in spent.items() if name not in {*WORK, _START})
    return "\n".join(
        (
            "| | ms a photo | of the work |\n| --- | --- | --- |",
            *rows,
            f"| all but the first four | {1000 * rest / count:.1f} | {100 * rest / work:.1f} % |",
            f"| {_START}, {spent[_START]:.1f} s in all | {1000 * spent[_START] / count:.1f} | |",
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--megapixels", nargs="+", type=float, default=[1, 12])
    parser.add_argument("--most", type=int, help="take no more photos than so many")
    parser.add_argument("--copies", type=int, default=3, help="how many times each photo is there (default: 3)")
    options = parser.parse_args()
    for megapixels in options.megapixels:
        with tempfile.TemporaryDirectory() as name:
            photos = Path(name)
            for photo in gather(options.folders, photos, options.most):
                enlarge(photo, megapixels)
            copy_of_each(sorted(photos.iterdir()), options.copies)
            count = len(list(photos.iterdir()))
            print(f"\n{count} photos of {megapixels:g} megapixels; load {os.getloadavg()[0]:.1f}\n", flush=True)
            print(table(profile(photos), count), flush=True)


if __name__ == "__main__":
    main()
