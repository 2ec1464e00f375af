"""Compare familiar with other programs on the same work, in one run.

    uv run python tests/benchmarks [--deepface PYTHON] [--json FILE] [--only TASK]      (or: just bench)

It takes some minutes, and prints Markdown: for each program time on the clock, processor seconds and memory of all its
processes, beside how right it was. Programs that are not installed are skipped with the reason. Photos and embeddings
are those of the shared folder (CONTRIBUTING.md).
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peers import grouping, recognising, watching
from benchmarks.peers.measuring import Row, Task, processors
from benchmarks.scanning import adopt
from support.photos import shared_folder


def machine() -> str:
    """Return the processor and the load of this machine."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = names[0].partition(":")[2].strip() if names else platform.machine()
    return f"{name}, {processors()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"


def table(task: Task) -> str:
    """Return a task as Markdown."""
    head = f"### {task.name}\n\n{task.work}.\n\n"
    head += "| | processor s | clock s | memory MiB | accuracy |\n| --- | --- | --- | --- | --- |\n"
    return head + "\n".join(map(_line, task.rows)) + "\n"


def _line(row: Row) -> str:
    if row.cost is None:
        return f"| {row.program} | | | | skipped: {row.skipped} |"
    cost = row.cost
    return f"| {row.program} | {cost.processor:.2f} | {cost.clock:.1f} | {cost.memory:.0f} | {row.accuracy} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deepface", type=Path, metavar="PYTHON", help="the Python of an environment with DeepFace")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--only", choices=("recognise", "group", "watch"), help="do this task alone")
    parser.add_argument("--most", type=int, help="take no more photos of a folder than so many")
    parser.add_argument("--files", type=int, default=20_000, help="files in the tree that is watched")
    options = parser.parse_args()
    photos, embeddings = shared_folder("photos"), shared_folder("embeddings")
    if photos is None or embeddings is None:
        sys.exit("the shared folder is missing (CONTRIBUTING.md)")
    adopt()
    with tempfile.TemporaryDirectory(prefix="familiar-bench-") as name:
        base = Path(name)
        tasks: dict[str, Callable[[], Task]] = {
            "recognise": lambda: recognising.compare(photos, base, most=options.most, python=options.deepface),
            "group": lambda: grouping.compare(embeddings / "lfw-dev.npz"),
            "watch": lambda: watching.compare(base / "watched", options.files),
        }
        print(f"{machine()}, {datetime.now(UTC):%-d %B %Y}\n", flush=True)
        done = []
        for chosen, task in tasks.items():
            if options.only in {None, chosen}:
                done.append(task())
                print(table(done[-1]), flush=True)
    if options.json is not None:
        found = {"machine": machine(), "at": datetime.now(UTC).isoformat(), "tasks": [asdict(task) for task in done]}
        options.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
