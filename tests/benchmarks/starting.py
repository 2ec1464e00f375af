"""Processor time of commands that do little: what it costs to start.

uv run python tests/benchmarks/starting.py [TIMES]

Prints seconds in user and system mode of the whole process, the least of ten runs, with compiled modules. A store of
one photo is asked; a line with `configured` reads a configuration, too.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("--help",),
    ("status",),
    ("status", "--json"),
    ("people", "list"),
    ("people", "--help"),
)


def seconds(arguments: Sequence[str], environment: Mapping[str, str], times: int) -> float:
    """Return the least processor time of some runs."""
    found = []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(arguments, env=environment, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "photos").mkdir()
        (base / "familiar.yaml").write_text(f"folders: [{base / 'photos'}]\n")
        Image.linear_gradient("L").save(base / "photos" / "meadow.png")
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("FAMILIAR_", "PYTHON"))}
        plain |= {"FAMILIAR_STATE": str(base / "state"), "XDG_CONFIG_HOME": str(base / "nothing")}
        configured = plain | {"FAMILIAR_CONFIG": str(base / "familiar.yaml")}
        familiar = [sys.executable, "-m", "familiar"]
        subprocess.run([*familiar, "scan"], env=configured, stdout=subprocess.DEVNULL, check=True)
        print(f"{seconds([sys.executable, '-c', 'pass'], plain, times):6.3f} s  python alone")
        for command in COMMANDS:
            print(f"{seconds([*familiar, *command], plain, times):6.3f} s  familiar {' '.join(command)}")
        print(f"{seconds([*familiar, 'status'], configured, times):6.3f} s  familiar status, configured")


if __name__ == "__main__":
    main()
