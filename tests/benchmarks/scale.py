"""What each command costs in libraries of 10,000, 100,000 and 1,000,000 photos, with twice as many faces.

    uv run python tests/benchmarks/scale.py FOLDER --embeddings dense.npz lfw.npz --photo face.jpg
    uv run python tests/benchmarks/scale.py FOLDER --photo face.jpg --sizes 1000000 --only find

FOLDER/PHOTOS gets the store of so many photos (`large_library.py`) and their files, and is kept for the next time.
EMBEDDINGS are what `encode_people.py` writes. Each command is a process of its own; the daemon is started on all known
files, then photos arrive, and a person is added. `--photo` has one face.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.large_library import LargeLibrary
from familiar.store.store import Store
from support.household import command

SIZES = (10_000, 100_000, 1_000_000)
REFERENCES = 10
TICKS = os.sysconf("SC_CLK_TCK")

COMMANDS = (
    *("status", "find {photo}", "find {photo} --nearest", "find {photo} --person {person}"),
    *("people list", "people show {person}", "people threshold {person} 0.42", "people undo"),
    *("scores write {tree}/000 --recursive --person {person} --out scores.json", "scores stats scores.json"),
    *("clusters list", "clusters show 1", "clusters suggest", "clusters log"),
    *("clusters name 2 Somebody", "clusters undo", "clusters refuse 3 {person}", "clusters undo"),
    *("clusters merge 5 6 --anyway", "clusters undo", "clusters ignore 7", "clusters undo"),
    *("plan {tree}/000/00000", "report report.html --force", "doctor"),
    *("export photos --out photos.csv --force", "export matches --out matches.csv --force"),
    *("export faces --out faces.csv --force", "export faces --embeddings --out faces.parquet --force"),
    "clusters run",
)
"""Commands in their order; those that decide something are undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one step cost in a library of so many photos: seconds, those of the processor, and megabytes at most."""

    photos: int
    step: str
    seconds: float
    processor: float
    megabytes: float
    load: float
    status: int = 0


class Bench:
    """One library, and what is measured in it."""

    def __init__(self, folder: Path, photos: int, given: argparse.Namespace) -> None:
        self.folder = folder / str(photos)
        self.photos = photos
        self.given = given
        self.costs: list[Cost] = []
        self.environment = os.environ | {
            "FAMILIAR_STATE": str(self.folder / "state"),
            "FAMILIAR_CONFIG": str(self.folder / "familiar.yaml"),
        }

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    @property
    def person(self) -> str:
        return "Ana Costa 1"

    def make(self) -> None:
        """Make the library, unless it is there."""
        store = self.folder / "state" / "familiar.db"
        if store.exists():
            return
        for path in (store.parent, self.tree):
            path.mkdir(parents=True, exist_ok=True)
        (self.folder / "familiar.yaml").write_text(json.dumps({"folders": [str(self.tree)], "settle": 0.2}))
        link = {"link": f"{self.folder}/albums/{{person}}/"}
        rules = [{"name": "albums", "when": {"person": "any"}, "then": [link]}]
        (self.folder / "rules.yaml").write_text(json.dumps({"rules": rules}))
        people = min(1_000, self.photos // 100)
        begin = time.perf_counter()
        LargeLibrary(
            photos=self.photos,
            faces=2 * self.photos,
            groups=max(10, self.photos * 3 // 100),
            people=people,
            embeddings=self.given.embeddings,
            tree=self.tree,
        ).make(store)
        size = store.stat().st_size / 1e9
        print(f"made {self.photos} photos: {size:.1f} GB in {time.perf_counter() - begin:.0f} s", flush=True)

    def note(self, step: str, seconds: float, processor: float, megabytes: float, status: int = 0) -> None:
        cost = Cost(
            photos=self.photos,
            step=step,
            seconds=round(seconds, 3),
            processor=round(processor, 3),
            megabytes=round(megabytes),
            load=round(os.getloadavg()[0], 1),
            status=status,
        )
        self.costs.append(cost)
        failed = f"  FAILED: {status}" if status else ""
        print(
            f"{self.photos:>9} {step:62.62} {seconds:8.2f} s {processor:8.2f} s of processor {megabytes:6.0f} MB "
            f"(load {cost.load}){failed}",
            flush=True,
        )

    def ask(self, words: str, name: str | None = None) -> None:
        """Run a command to its end, in a process of its own."""
        values = {"{photo}": str(self.given.photo), "{person}": self.person, "{tree}": str(self.tree)}
        arguments = [self._filled(word, values) for word in words.split()]
        if arguments[:2] == ["scores", "write"]:
            (self.folder / "scores.json").unlink(missing_ok=True)
        begin = time.perf_counter()
        with (self.folder / "errors.txt").open("wb") as errors:
            process = subprocess.Popen(
                command(*arguments), cwd=self.folder, stdout=subprocess.DEVNULL, stderr=errors, env=self.environment
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
        self.note(name or words, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode)

    @staticmethod
    def _filled(word: str, values: dict[str, str]) -> str:
        for name, value in values.items():
            word = word.replace(name, value)
        return word

    @contextmanager
    def daemon(self) -> Iterator["Daemon"]:
        log = self.folder / f"log-{time.monotonic_ns()}.json"
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                command("run", "--log-format", "json"), stderr=stderr, env=self.environment, cwd=self.folder
            )
        try:
            yield Daemon(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            log.unlink()

    def measure_daemon(self) -> None:
        """Start the daemon on known files, let it be idle, let photos arrive, and add a person."""
        begin = time.perf_counter()
        with self.daemon() as daemon:
            daemon.wait_for("watch.started")
            self.note("daemon: watching", time.perf_counter() - begin, daemon.processor, daemon.megabytes)
            daemon.wait_for("root.scanned")
            self.note("daemon: all files compared", time.perf_counter() - begin, daemon.processor, daemon.megabytes)
            time.sleep(5)
            self._rest(daemon)
            self._arrive(daemon)
            self._add_person(daemon)

    def _rest(self, daemon: "Daemon") -> None:
        begin, before = time.perf_counter(), daemon.processor
        time.sleep(20)
        self.note("daemon: idle", time.perf_counter() - begin, daemon.processor - before, daemon.megabytes)

    def _arrive(self, daemon: "Daemon") -> None:
        count = self.given.arriving
        content = self.given.photo.read_bytes()
        target = self.tree / f"arrived-{time.time_ns()}"
        target.mkdir()
        before, begin = daemon.processor, time.perf_counter()
        for number in range(count):
            (target / f"{number}.jpg").write_bytes(content + time.time_ns().to_bytes(8, "big"))
        with Store(self.folder / "state" / "familiar.db", create=False, migrate=False) as store:
            folder = store.files.folder(target)
            while self._done(store, folder) < count:
                time.sleep(0.1)
        self.note(
            f"daemon: {count} photos arrive", time.perf_counter() - begin, daemon.processor - before, daemon.megabytes
        )

    @staticmethod
    def _done(store: Store, folder: int) -> int:
        query = "SELECT count(*) FROM files WHERE folder_id = ? AND state = 'done'"
        return int(store._db.conn.execute(query, (folder,)).fetchone()[0])

    def _add_person(self, daemon: "Daemon") -> None:
        folder = self.folder / "references"
        folder.mkdir(exist_ok=True)
        for number in range(REFERENCES):
            (folder / f"{number}.jpg").write_bytes(self.given.photo.read_bytes() + bytes([number]))
        before, begin = daemon.processor, time.perf_counter()
        self.ask(f"people add New-{time.time_ns()} references", "people add, with the daemon")
        daemon.wait_for("people.rematched")
        self.note("daemon: matched again", time.perf_counter() - begin, daemon.processor - before, daemon.megabytes)

    def measure_review(self) -> None:
        """Ask for a page of each kind twice."""
        begin = time.perf_counter()
        server = subprocess.Popen(
            command("review", "--port", "0"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self.environment,
        )
        assert server.stdout is not None
        try:
            address = server.stdout.readline().strip()
            session = requests.Session()
            session.get(address, timeout=600)
            top = address.partition("/login")[0]
            for page in ("/groups", "/people", "/photos", "/suggestions", "/activity"):
                for which in ("first", "again"):
                    begin, before = time.perf_counter(), processor_of(server.pid)
                    session.get(top + page, timeout=600)
                    seconds = time.perf_counter() - begin
                    used = processor_of(server.pid) - before
                    self.note(f"review {page}, {which}", seconds, used, megabytes_of(server.pid))
        finally:
            server.terminate()
            server.wait(60)

    def run(self) -> None:
        """Measure everything that was asked for."""
        only = self.given.only
        for words in COMMANDS:
            if only in words:
                self.ask(words)
        if only in "daemon":
            self.measure_daemon()
        if only in "review":
            self.measure_review()


@dataclass(slots=True)
class Daemon:
    """A daemon that runs."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def wait_for(self, event: str, within: float = 3600) -> None:
        wanted, end = f'"{event}"'.encode(), time.monotonic() + within
        while wanted not in self.log.read_bytes():
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"no {event} in:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    @property
    def processor(self) -> float:
        return processor_of(self.process.pid)

    @property
    def megabytes(self) -> float:
        return megabytes_of(self.process.pid)


def processor_of(pid: int) -> float:
    """Return the seconds of the processor that a process and those that it started have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(int(field) for field in fields[11:15]) / TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(processor_of(int(child)) for child in children if Path(f"/proc/{child}").exists())


def megabytes_of(pid: int) -> float:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure libraries of each size, and write the costs as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--embeddings", type=Path, nargs="+", default=())
    parser.add_argument("--photo", type=Path, required=True)
    parser.add_argument("--arriving", type=int, default=1_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--make", action="store_true", help="only make the libraries")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    given.photo = given.photo.absolute()
    costs: list[Cost] = []
    for photos in given.sizes:
        bench = Bench(given.folder.absolute(), photos, given)
        bench.make()
        if not given.make:
            bench.run()
        costs += bench.costs
    if given.json is not None:
        machine = {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
        given.json.write_text(json.dumps({"machine": machine, "costs": [asdict(cost) for cost in costs]}, indent=1))


if __name__ == "__main__":
    main()
