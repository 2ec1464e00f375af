"""A store with one photo in a folder, and plans for it: what the tests of effects share."""

import hashlib
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from familiar.effects.disks import Disks
from familiar.effects.executor import Executor
from familiar.effects.journal import Outcome, Step
from familiar.effects.undo import Undo
from familiar.model import Operation, Photo, Plan, SidecarContent, WriteSidecar
from familiar.store.store import Store
from familiar.vision.sidecars import render
from support.stores import put_store

PICTURE = b"\x89PNG, as a worker would render it"


@dataclass(slots=True)
class Workbench:
    """Folders of one test, and its store."""

    base: Path
    store: Store
    _disks: Disks | None = None

    @classmethod
    def at(cls, base: Path) -> "Workbench":
        base.mkdir(parents=True, exist_ok=True)
        (base / "state").mkdir(exist_ok=True)
        return cls(base, Store(put_store(base / "state")))

    def photo(self, name: str = "in/a.jpg", content: bytes = b"a photo") -> Path:
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
        return path

    def plan(self, path: Path, *operations: Operation) -> int:
        hash_ = hashlib.sha256(path.read_bytes()).hexdigest()
        photo = Photo(hash=hash_, format="JPEG", width=9, height=9, taken=None, engine="test")
        photo_id = self.store.photos.record(photo)
        found = path.stat()
        self.store.files.place(path, photo_id=photo_id, size=found.st_size, mtime_ns=found.st_mtime_ns)
        return self.store.journal.record(photo_id, path, Plan(operations=operations))

    def perform(self, plan_id: int, journal: Any = None, pulse: Any = lambda: None) -> list[Outcome]:
        """Carry out what a plan has left to do, as the daemon does."""
        executor = Executor(journal or self.store.journal, self.disks(), pulse=pulse)
        outcomes = []
        for step in self.store.journal.steps(plan_id):
            if step.state in {"planned", "doing", "failed"}:
                current = self.store.journal.step(step.id)
                rendered, before = PICTURE if step.operation.kind == "crop" else None, None
                if isinstance(step.operation, WriteSidecar):
                    made = render(current.path, step.operation.target, step.operation.wanted, SidecarContent())
                    rendered, before = made.after, made.before
                outcomes.append(executor.carry_out(current, rendered=rendered, before=before))
                if outcomes[-1].state == "failed":
                    break
        return outcomes

    def done(self, *operations: Operation, path: Path | None = None) -> list[Outcome]:
        """Plan and perform at once."""
        return self.perform(self.plan(path or self.photo(), *operations))

    def undo_all(self, journal: Any = None, pulse: Any = lambda: None) -> None:
        """Undo all that was done, and complete what was begun to be undone."""
        begun = [step for plan in self.plans() for step in self.store.journal.steps(plan) if step.state == "undoing"]
        undoing = Undo(journal or self.store.journal, self.disks(), pulse=pulse)
        for step in [*begun, *self.store.journal.select_since(self.store.now().replace(year=1999))]:
            undoing.undo(step)

    def plans(self) -> list[int]:
        rows = self.store._db.conn.execute("SELECT id FROM plans ORDER BY id DESC")
        return [int(row[0]) for row in rows.fetchall()]

    def tree(self, *others: Path) -> dict[str, bytes | str]:
        """Return every file and link, with its content or its end; no temporary file may be among them."""
        found: dict[str, bytes | str] = {}
        for top in (self.base, *others):
            for path in sorted(top.rglob("*")):
                if path.is_symlink():
                    found[str(path.relative_to(top))] = f"-> {path.readlink().relative_to(self.base)}"
                elif path.is_file() and "state" not in path.parts:
                    found[str(path.relative_to(top))] = path.read_bytes()
        return found

    def disks(self) -> Disks:
        self._disks = self._disks or Disks(self.store.places)
        return self._disks

    def close(self) -> None:
        self.store.close()


class Death:
    """Kills its own process at the n-th instant: before and after each call of the journal, and at each pulse."""

    def __init__(self, journal: Any, instant: int) -> None:
        self._journal = journal
        self._left = instant

    def pulse(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._journal, name)

        def around(*arguments: Any, **options: Any) -> Any:
            self.pulse()
            result = call(*arguments, **options)
            self.pulse()
            return result

        return around


def dies_at(base: Path, act: Any, instant: int) -> bool:
    """Do something in a process that dies at the n-th instant; return whether it got so far."""
    child = os.fork()
    if child == 0:
        try:
            bench = Workbench.at(base)
            act(bench, Death(bench.store.journal, instant))
            bench.close()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def undo_of(bench: Workbench, pulse: Any = lambda: None) -> Undo:
    return Undo(bench.store.journal, bench.disks(), pulse=pulse)


def kinds(steps: Sequence[Step]) -> list[str]:
    return [step.operation.kind for step in steps]
