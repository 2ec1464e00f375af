"""What moves and copies cost, beside another version of this project.

    git worktree add /tmp/before COMMIT
    uv run python tests/benchmarks/moving.py --against /tmp/before [--photos 300] [--size 3000000]

Carries out the same plans by both versions in turn, each in processes of their own: moves within one disk, and to
another one (`/dev/shm`). Prints what one operation takes of the processor and of time, the ratios, and the calls of the
kernel for one operation (with strace, where it is).
"""

import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

HERE = Path(__file__).parents[2]
CALLS = ("rename", "fsync", "stat", "open", "link", "unlink", "fcntl")

WORK = """
import json, os, resource, sys, time
from pathlib import Path
from dataclasses import fields
from familiar.model import Copy, Move
try:
    from support.workbench import Workbench
except ImportError:  # in older versions
    from workbench import Workbench
base, away, count, size = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
wish = {"move": Move, "copy": Copy}[sys.argv[5]]
bench = Workbench.at(base)
body = os.urandom(size - 8)
known = {"top": away} if "top" in {field.name for field in fields(wish)} else {}
plans = []
for number in range(count):
    photo = bench.photo(f"in/{number}.jpg", number.to_bytes(8) + body)
    plans.append(bench.plan(photo, wish(target=away / "out" / photo.name, rule="r", **known)))
os.sync()
bench.perform(plans.pop())
print("BEGIN", file=sys.stderr, flush=True)
os.access("/begin", 0)
used, began = time.process_time(), time.monotonic()
outcomes = [bench.perform(plan)[0].state for plan in plans]
print(json.dumps([(time.process_time() - used) / len(plans), (time.monotonic() - began) / len(plans)]))
os.access("/end", 0)
assert set(outcomes) == {"done"}, set(outcomes)
bench.close()
"""


def run(tree: Path, kind: str, *, far: bool, count: int, size: int, traced: bool = False) -> tuple[list[float], str]:
    base = Path(tempfile.mkdtemp(prefix="familiar-moving-"))
    away = Path(tempfile.mkdtemp(prefix="familiar-moving-", dir="/dev/shm" if far else base))  # noqa: S108
    log = base / "strace"
    trace = ["strace", "-f", "-o", str(log), "-e", "trace=file,desc,fsync"] if traced else []
    try:
        done = subprocess.run(
            [*trace, sys.executable, "-c", WORK, base / "bench", away, str(count), str(size), kind],
            env=os.environ | {"PYTHONPATH": f"{tree}/daemon:{tree}/tests"},
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout), log.read_text() if traced else ""
    finally:
        shutil.rmtree(base)
        shutil.rmtree(away, ignore_errors=True)


def calls(log: str, operations: int) -> dict[str, float]:
    """Return how often each kind of call was made for one operation, except for those on the store."""
    within = log.split('"/begin"')[1].split('"/end"', maxsplit=1)[0]
    counted: collections.Counter[str] = collections.Counter()
    for name in re.findall(r"^\d+ +(\w+)\(", within, re.MULTILINE):
        counted[next((kind for kind in CALLS if kind in name), "other")] += 1
    return {kind: round(counted[kind] / operations, 1) for kind in CALLS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--size", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    for kind, far in (("move", False), ("move", True), ("copy", True)):
        title = f"{kind} to another disk" if far else f"{kind} within one disk"
        taken: dict[Path, list[list[float]]] = {HERE: [], wanted.against: []}
        for _ in range(wanted.rounds):
            for tree, times in taken.items():
                times.append(run(tree, kind, far=far, count=wanted.photos, size=wanted.size)[0])
        now, before = ([median(column) for column in zip(*times, strict=True)] for times in taken.values())
        for name, one, other in zip(("processor", "wall"), now, before, strict=True):
            print(f"{title}: {name} {one * 1e3:.2f} ms, before {other * 1e3:.2f} ms: {one / other:.2f} times")
        if shutil.which("strace"):
            for tree in taken:
                log = run(tree, kind, far=far, count=21, size=wanted.size, traced=True)[1]
                print(f"{title}: calls for one operation in {tree}: {calls(log, 20)}")


if __name__ == "__main__":
    main()
