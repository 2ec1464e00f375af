"""Time and memory of a report, and of tables for other programs, from the store of a large household.

    uv run python tests/benchmarks/reporting.py [PHOTOS]

There are three faces to two photos, and 200 people; the photos themselves do not exist, so no face is cut out.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from familiar.store.store import Store
from support.household import command
from support.large_store import fill

COMMANDS = (
    ("report", "report.html"),
    ("export", "photos", "--out", "photos.csv"),
    ("export", "photos", "--out", "photos.parquet"),
    ("export", "faces", "--out", "faces.jsonl"),
    ("export", "faces", "--embeddings", "--out", "faces.parquet"),
)


def measure(folder: Path, *arguments: str) -> tuple[float, float, float, int]:
    """Run a command; return its seconds, those of the processor, its megabytes, and the size of what it wrote."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        command("--state", folder, *arguments), cwd=folder, stdout=subprocess.DEVNULL, env=os.environ
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    written = (folder / arguments[-1]).stat().st_size
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, written


def main() -> None:
    photos = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store(folder / "familiar.db") as store:
            fill(store, photos=photos, faces=photos * 3 // 2, people=200)
        for arguments in COMMANDS:
            seconds, processor, megabytes, size = measure(folder, *arguments)
            print(f"{' '.join(arguments):50} {seconds:6.1f} s {processor:6.1f} s of processor ", end="")
            print(f"{megabytes:6.0f} MB {size / 1e6:7.1f} MB written")


if __name__ == "__main__":
    main()
