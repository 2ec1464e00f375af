"""How long pages of the review take in a large library: `uv run python tests/benchmarks/review.py`.

The store has 1,000,000 photos with 1,500,000 faces, 5,000 groups and 1,000 people by default, and takes some minutes to
make; `--state` keeps it for the next time. Pages are asked for one after the other.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

sys.path[:0] = [str(Path(__file__).parents[1])]

PAGES = (
    *("/groups", "/groups?after=0.-100.1&part", "/groups/{group}", "/groups/{group}/faces?start=200"),
    *("/groups/{group}/card", "/groups/{group}/people", "/people/names", "/suggestions", "/people", "/people/{person}"),
)


def main() -> None:
    """Make the store where it is missing, and print the times of each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1_000_000)
    parser.add_argument("--faces", type=int, default=1_500_000)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--groups", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--state", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        state = wanted.state or Path(folder)
        _make_store(state, wanted)
        _measure(state, wanted.times)


def _make_store(state: Path, wanted: argparse.Namespace) -> None:
    from familiar.store.store import Store
    from support.large_store import fill

    state.mkdir(parents=True, exist_ok=True)
    if not (state / "familiar.db").exists():
        with Store(state / "familiar.db") as store:
            fill(store, photos=wanted.photos, faces=wanted.faces, people=wanted.people, clusters=wanted.groups)
            store.people.note_matched("")


def _measure(state: Path, times: int) -> None:
    command = [sys.executable, "-m", "familiar", "--state", str(state), "review", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        session = requests.Session()
        begin = time.perf_counter()
        session.get(address, timeout=600)
        print(f"first page: {1000 * (time.perf_counter() - begin):.0f} ms")
        top = address.partition("/login")[0]
        print(f"{'page':40} {'median':>8} {'p99':>8} ms")
        for page in PAGES:
            taken = sorted(
                _ask(session, top + page.format(group=1 + number, person=1 + number)) for number in range(times)
            )
            print(f"{page:40} {statistics.median(taken):8.1f} {taken[int(0.99 * (times - 1))]:8.1f}", flush=True)
        memory = int(Path(f"/proc/{server.pid}/status").read_text().partition("VmHWM:")[2].split()[0]) // 1000
        print(f"memory: {memory} MB")
        server.terminate()


def _ask(session: requests.Session, address: str) -> float:
    begin = time.perf_counter()
    answer = session.get(address, timeout=600)
    assert answer.ok, answer.text
    return 1000 * (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
