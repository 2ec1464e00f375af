"""Familiar as it is driven here: the only module that knows how its parts are built."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from familiar.effects.disks import Disks
from familiar.effects.journal import Step
from familiar.effects.kinds.write_sidecar import WriteSidecar
from familiar.effects.undo import Undo
from familiar.errors import FamiliarError
from familiar.events import NO_LOG
from familiar.library.companions import CompanionRules
from familiar.library.operations import OperationRunner
from familiar.model import Crop, Operation, Photo, Plan
from familiar.settings import CompanionSettings, Settings
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers
from faults.contents import hash_of, is_hidden
from support.stores import put_store
from support.studio import Studio, picture_of

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_FINAL = frozenset({"done", "kept", "refused", "undone"})


def performer_of(store: Store) -> OperationRunner:
    """Put together what carries out plans."""
    return OperationRunner(
        store=store,
        workers=cast("Workers", Studio()),
        disks=Disks(store.places),
        log=NO_LOG,
        companions=CompanionRules.of(Settings(companions=CompanionSettings(copies=True))),
    )


def undo_of(store: Store) -> Undo:
    return Undo(store.journal, Disks(store.places))


def open_store(state: Path, hour: int) -> Store:
    """Open the store with a clock that stands, so many hours after a first day: what is to be retried is due then."""
    now = _FIRST + timedelta(hours=hour)
    return Store(put_store(state), now=lambda: now)


def work(store: Store) -> None:
    """Do what the daemon does at a start."""
    asyncio.run(performer_of(store).begin())


def take_back(store: Store, which: str) -> None:
    """Do what `familiar undo` does, with `last`, `since` (the last three hours), `all`, or `each` by itself."""
    undoing = undo_of(store)
    for steps in _chosen(store, which):
        if undoing.obstacles(steps):
            continue
        store.journal.request_undo([step.id for step in steps])
        for step in steps:
            with suppress(FamiliarError):
                undoing.undo(step)


def _chosen(store: Store, which: str) -> Iterable[Sequence[Step]]:
    if which == "last":
        return [store.journal.select_last()]
    if which == "since":
        return [store.journal.select_since(store.now() - timedelta(hours=3))]
    every = store.journal.select_since(_FIRST)
    return [[step] for step in every] if which == "each" else [every]


def plan(store: Store, path: Path, operations: Sequence[Operation], *, as_command: bool) -> None:
    """Record a plan for the photo at a path, as the daemon does for an arrival, or a command for itself."""
    photo_id = _record(store, path)
    for operation in operations:
        if isinstance(operation, WriteSidecar):
            store.sidecars.want(operation.target, photo_id, operation.wanted)
    made = Plan(operations=tuple(operations))
    if as_command:
        store.journal.record_batch([(photo_id, path, made)])
    else:
        store.journal.record(photo_id, path, made)


def notice(store: Store, paths: Iterable[Path]) -> None:
    """Compare the table of files with what is there, as a rescan does."""
    found = {path for path in paths if not is_hidden(path) and path.is_file() and path.suffix == ".jpg"}
    for path in sorted(found):
        _record(store, path)
    for (photo_id,) in store._db.conn.execute("SELECT id FROM photos").fetchall():
        for path in store.files.paths_of(photo_id):
            if path not in found:
                store.files.mark_gone(path)


def _record(store: Store, path: Path) -> int:
    hash_ = hash_of(path.read_bytes())
    photo_id = store.photos.record(Photo(hash=hash_, format="JPEG", width=9, height=9, taken=None, engine="test"))
    looks = path.stat()
    store.files.place(path, photo_id=photo_id, size=looks.st_size, mtime_ns=looks.st_mtime_ns)
    return photo_id


def open_steps(store: Store) -> list[Step]:
    """Return the steps that are in no final state."""
    return [step for step in _steps(store) if step.state not in _FINAL]


def done_steps(store: Store) -> list[Step]:
    return [step for step in _steps(store) if step.state == "done"]


def made_by(store: Store) -> set[str]:
    """Return the hashes of pictures and sidecars that the journal has, and of the sidecars that were before."""
    steps = _steps(store)
    pictures = {hash_of(picture_of(one.photo_hash, one.operation)) for one in steps if isinstance(one.operation, Crop)}
    return pictures | {
        step.hash for step in steps if step.hash is not None and isinstance(step.operation, WriteSidecar)
    }


def written_over(store: Store) -> set[str]:
    """Return the hashes of sidecars that are written again, and whose bytes the journal has."""
    return {hash_of(step.before) for step in _steps(store) if step.before is not None}


def _steps(store: Store) -> list[Step]:
    plans = store._db.conn.execute("SELECT id FROM plans ORDER BY id").fetchall()
    return [step for (plan_id,) in plans for step in store.journal.steps(plan_id)]
