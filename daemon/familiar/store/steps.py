"""The steps of the journal, as the tables have them."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from familiar.effects.journal import Step
from familiar.effects.kinds.catalogue import AnyKind, Kinds
from familiar.model import PhotoOperation
from familiar.store.database import Database
from familiar.store.places import disk_from_json

OPEN = "state IN ('planned', 'doing', 'failed', 'undo', 'undoing')"
"""True of the few steps that are not at their end, in the words of the partial index, which serves only then."""
TO_DO = f"{OPEN} AND state IN ('planned', 'doing', 'failed')"
"""True of those among them that are still to be done."""
_COLUMNS = (
    "operations.id, plan_id, plans.photo_id, position, rule, operations.kind, wish, parameters, state, source, target, "
    "temporary, operations.hash, before, attempts, error, source_real, target_real, one.identity, other.identity, "
    "plans.path, photos.hash, "
    "(SELECT target FROM operations AS earlier WHERE earlier.plan_id = operations.plan_id AND earlier.kind IN ({moves})"
    " AND earlier.position < operations.position AND earlier.state = 'done')"
)
_FROM = (
    "FROM operations JOIN plans ON plans.id = plan_id JOIN photos ON photos.id = plans.photo_id "
    "LEFT JOIN disks AS one ON one.id = source_disk LEFT JOIN disks AS other ON other.id = target_disk"
)


class Steps:
    """The steps in the tables of plans and operations."""

    def __init__(self, db: Database, kinds: Kinds) -> None:
        """Take the open store, and the kinds of operations."""
        self._db = db
        self._kinds = kinds
        photo = (kind for kind in kinds.all if issubclass(kind.value, PhotoOperation))
        self._columns = _COLUMNS.format(moves=quoted(kind for kind in photo if kind.value.moves_photo))

    def where(self, condition: str, *values: Any) -> list[Step]:
        """Return the steps for which a condition of SQL is true; it may end with an order."""
        rows = self._db.conn.execute(f"SELECT {self._columns} {_FROM} WHERE {condition}", values)
        return [_step(row, self._kinds) for row in rows]


def _step(row: tuple[Any, ...], kinds: Kinds) -> Step:
    id_, plan_id, photo_id, position, rule, kind, wish, parameters, state, source, target, temporary = row[:12]
    (
        own_hash,
        before,
        attempts,
        error,
        source_real,
        target_real,
        source_disk,
        target_disk,
        plan_path,
        photo_hash,
        moved_to,
    ) = row[12:]
    return Step(
        id=id_,
        plan_id=plan_id,
        photo_id=photo_id,
        position=position,
        operation=kinds.named(kind).read(os.fsdecode(wish), rule, json.loads(parameters)),
        path=_path(moved_to or plan_path),
        photo_hash=photo_hash,
        hash=own_hash,
        before=before,
        state=state,
        source=None if source is None else _path(source),
        target=None if target is None else _path(target),
        temporary=None if temporary is None else _path(temporary),
        attempts=attempts,
        error=error,
        source_real=None if source_real is None else _path(source_real),
        target_real=None if target_real is None else _path(target_real),
        source_disk=None if source_disk is None else disk_from_json(source_disk),
        target_disk=None if target_disk is None else disk_from_json(target_disk),
    )


def quoted(kinds: Iterable[AnyKind]) -> str:
    """Return the names of kinds, which are identifiers, as SQL has them in a list."""
    return ", ".join(f"'{kind.name}'" for kind in kinds)


def _path(key: bytes) -> Path:
    return Path(os.fsdecode(key))
