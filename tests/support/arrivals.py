"""Files on their way, in a real store, with workers that are none: what tests of the stages share."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from familiar.arrivals.arrival import Arrival, Stage
from familiar.arrivals.retries import Retries
from familiar.arrivals.stages.identification import Identify, Index
from familiar.arrivals.stages.repeats import Repeats
from familiar.arrivals.tally import Tally
from familiar.errors import GoneError
from familiar.library.sources import FlickrCache, Sources
from familiar.model import Copy, Photo, PhotoKind, Plan
from familiar.store.files import FileRow
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers
from support.log import CheckedLog
from support.stores import put_store

MODEL = "test"


@dataclass(slots=True)
class OwnWorkers:
    """Reads files in the test's own process; what it sees in them is said beforehand, a photo without faces if not."""

    kinds: dict[Path, PhotoKind] = field(default_factory=dict)
    errors: dict[Path, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def fingerprint(self, path: Path) -> str:
        self.asked.append(f"read {path.name}")
        return hash_of(path)

    async def look(self, path: Path, hash_: str, *, beside_still: bool = False, turn: int | None = None) -> Photo:
        self.asked.append(f"look at {path.name}" + (" beside a still" if beside_still else ""))
        if path in self.errors:
            raise self.errors[path]
        kind = "clip" if beside_still else self.kinds.get(path, "photo")
        duration = None if kind == "photo" else 2.0
        return Photo(
            hash=hash_,
            format="JPEG",
            width=9,
            height=9,
            taken=None,
            engine=MODEL,
            kind=kind,
            duration=duration,
            turn=turn,
        )


@dataclass(slots=True)
class Folder:
    """A source that is one folder, whose disk may be away."""

    bench: "ArrivalBench"
    is_away: bool = False

    @property
    def is_remote(self) -> bool:
        return False

    def holds(self, _path: Path) -> bool:
        return True

    def name_of(self, _path: Path) -> str:
        return "inbox"

    def flickr_facts(self, _path: Path) -> None:
        return None

    def is_there(self, path: Path) -> bool:
        return self.is_away or path.exists()

    def mark_gone(self, path: Path) -> None:
        if not self.is_there(path):
            self.bench.store.files.mark_gone(path)

    def reaches(self, _path: Path) -> bool:
        return True

    def known_hash(self, _path: Path) -> str | None:
        return None


@dataclass(slots=True)
class SidecarsToWrite:
    """Notes whose sidecars are to be written."""

    touched: list[tuple[int, int | None]] = field(default_factory=list)

    def touch(self, photo_id: int, *, follows: int | None = None) -> None:
        self.touched.append((photo_id, follows))


@dataclass(slots=True)
class ArrivalBench:
    """A store, a folder, and what stages need of them; `now` is the clock in seconds."""

    base: Path
    store: Store
    log: CheckedLog = field(default_factory=CheckedLog)
    workers: OwnWorkers = field(default_factory=OwnWorkers)
    sidecars: SidecarsToWrite = field(default_factory=SidecarsToWrite)
    tally: Tally = field(default_factory=Tally)
    now: float = 1000.0
    folder: Folder = field(init=False)

    def __post_init__(self) -> None:
        self.folder = Folder(self)

    @classmethod
    @contextmanager
    def at(cls, base: Path) -> Iterator["ArrivalBench"]:
        with Store(put_store(base)) as store:
            yield cls(base, store)

    def clock(self) -> float:
        return self.now

    @property
    def cache(self) -> FlickrCache:
        return FlickrCache(self.store, self.log)

    @property
    def sources(self) -> Sources:
        return Sources(self.cache, self.folder)

    @property
    def retries(self) -> Retries:
        return Retries(store=self.store, tally=self.tally, log=self.log, clock=self.clock)

    @property
    def repeats(self) -> Repeats:
        return Repeats(
            store=self.store,
            sources=self.sources,
            cache=self.cache,
            sidecar_writer=cast("Any", self.sidecars),
            tally=self.tally,
            log=self.log,
        )

    def identifying(self) -> tuple[Stage, ...]:
        workers = cast("Workers", self.workers)
        return (
            Identify(store=self.store, workers=workers, sources=self.sources),
            Index(
                store=self.store,
                workers=workers,
                turn_of=_not_turned,
                retries=self.retries,
                log=self.log,
                clock=self.clock,
            ),
        )

    def file(self, path: Path, content: bytes | None = None) -> FileRow:
        """Return a pending file, after writing it if it has content."""
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        root, found = self.store.roots.know(path.parent), path.stat()
        self.store.files.hint(path, size=found.st_size, mtime_ns=found.st_mtime_ns, root_id=root.id, due=0)
        row = self.row(path)
        self.store.files.mark_pending(row.id)
        return self.row(path)

    def row(self, path: Path) -> FileRow:
        row = self.store.files.at(path)
        assert row is not None, path
        return row

    def arrival(self, name: str, content: bytes = b"a photo", *, in_turn: bool = True, **known: Any) -> Arrival:
        """Return a file that is in the folder and is pending, as its handler takes it up."""
        path = Path(name) if name.startswith("/") else self.base / "in" / name
        turn = asyncio.Event()
        if in_turn:
            turn.set()
        return Arrival(file=self.file(path, content), turn=turn, **known)

    def indexed(self, name: str, content: bytes = b"a photo", kind: PhotoKind = "photo", **known: Any) -> Arrival:
        """Return a file whose photo is in the store."""
        arrival = self.arrival(name, content)
        hash_ = hashlib.sha256(content).hexdigest()
        photo = Photo(hash=hash_, format="JPEG", width=9, height=9, taken=None, engine=MODEL, kind=kind, duration=2.0)
        photo_id = self.store.photos.record(photo)
        found = self.store.photos.load(photo_id)
        return Arrival(file=arrival.file, turn=arrival.turn, hash=hash_, photo_id=photo_id, photo=found, **known)

    def handled(self, name: str, content: bytes = b"a photo") -> Arrival:
        """Return a file whose photo was handled."""
        arrival = self.indexed(name, content)
        self.store.photos.mark_handled(arrival.indexed)
        self.store.files.mark_done(arrival.file.id, arrival.indexed)
        return arrival

    def events(self) -> list[str]:
        return [name for name, _ in self.log.events]


async def _not_turned(_path: Path) -> None:
    """Return how the sidecars of a photo turn it: not at all."""


def hash_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise GoneError(f"{path}: no longer exists") from error


def passed(stages: Stage | Sequence[Stage], arrival: Arrival) -> Arrival | None:
    """Let a file pass stages; return what the last one gives, or None where its way ended."""

    async def run() -> Arrival | None:
        found: Arrival | None = arrival
        for stage in stages if isinstance(stages, Sequence) else (stages,):
            if found is None:
                return None
            found = await stage(found)
        return found

    return asyncio.run(run())


def copy_to(target: Path) -> Plan:
    return Plan(operations=(Copy(target=target, rule="album"),))
