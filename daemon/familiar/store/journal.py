"""The journal in the store: plans, and each of their operations with its state."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from familiar.effects.journal import Outcome, Reservation, Step
from familiar.effects.kinds.catalogue import Kinds
from familiar.effects.kinds.file_kind import path_as_json
from familiar.effects.kinds.surroundings import Records
from familiar.model import Operation, PhotoOperation, Plan
from familiar.store.clock import due_at, is_due
from familiar.store.database import Database, writing
from familiar.store.files import Files
from familiar.store.places import Places
from familiar.store.steps import OPEN, TO_DO, Steps, quoted

_NEXT = "(SELECT COALESCE(max(done_order), 0) + 1 FROM operations)"


class OperationJournal:
    """The tables of plans and operations; the journal of `familiar.effects`."""

    def __init__(
        self,
        db: Database,
        *,
        kinds: Kinds,
        records: Records,
        files: Files,
        places: Places,
        now: Callable[[], datetime],
    ) -> None:
        """Take the open store, the kinds of operations, the tables that follow these, and a clock that gives UTC."""
        self._db = db
        self._kinds = kinds
        self._records = records
        self._files = files
        self._places = places
        self._now = now
        self._steps = Steps(db, kinds)
        photo = (kind for kind in kinds.all if issubclass(kind.value, PhotoOperation))
        self._multiplying = quoted(kind for kind in photo if not kind.value.moves_photo)
        self._about_companions = quoted(kind for kind in kinds.all if kind.is_about_companion)

    def record(
        self, photo_id: int, path: Path, plan: Plan, *, follows: int | None = None, batch: int | None = None
    ) -> int:
        """Record a plan for the photo at `path`, with all operations still to be done; return its id.

        A plan that `follows` another one, as that of a clip does its still's, is undone with it; and so are all plans
        of one batch.
        """
        with writing(self._db):
            cursor = self._db.conn.execute(
                "INSERT INTO plans (photo_id, path, made_at, follows, batch) VALUES (?, ?, ?, ?, ?)",
                (photo_id, os.fsencode(path), self._now().isoformat(), follows, batch),
            )
            plan_id = cursor.lastrowid
            assert plan_id is not None
            self._insert(plan_id, plan.operations, first=0)
        return plan_id

    def record_batch(self, plans: Iterable[tuple[int, Path, Plan]]) -> list[int]:
        """Record plans that belong together, each for a photo at its path, all or none; return their ids."""
        with writing(self._db):
            batch = int(self._db.conn.execute("SELECT COALESCE(max(batch), 0) + 1 FROM plans").fetchone()[0])
            return [self.record(photo_id, path, plan, batch=batch) for photo_id, path, plan in plans]

    def abandon(self, plan_ids: Sequence[int], reason: str) -> None:
        """Say of what is not done in these plans that it never will be; a step that failed keeps its own reason."""
        with writing(self._db):
            self._db.conn.execute(
                "UPDATE operations SET state = 'refused', retry_at = NULL, error = COALESCE(error, ?), finished_at = ? "
                "WHERE plan_id IN (SELECT value FROM json_each(?)) AND state IN ('planned', 'failed')",
                (reason, self._now().isoformat(), json.dumps(list(plan_ids))),
            )

    def settle_batches(self) -> list[int]:
        """Give up what commands that were killed had not begun; return the plans that they had begun, in their order.

        Whoever gave a command sees that it was killed, and decides: what was not begun is not done behind their back,
        and what was begun is to be completed.
        """
        batches = "plans.batch IS NOT NULL OR follows IN (SELECT id FROM plans WHERE batch IS NOT NULL)"
        rows = self._db.conn.execute(
            "SELECT plan_id, max(state IN ('doing', 'done', 'kept')) FROM operations WHERE plan_id IN ("
            "SELECT plan_id FROM operations JOIN plans ON plans.id = plan_id "
            f"WHERE {TO_DO} AND ({batches})) GROUP BY plan_id ORDER BY plan_id"
        ).fetchall()
        self.abandon([plan_id for plan_id, begun in rows if not begun], "the command was killed before this operation")
        return [int(plan_id) for plan_id, begun in rows if begun]

    def is_claimed(self, step: Step) -> bool:
        """Return whether what is at a step's target was put there by another step."""
        assert step.target is not None
        row = self._db.conn.execute(
            "SELECT 1 FROM operations WHERE target = ? AND state = 'done' AND id != ?",
            (os.fsencode(step.target), step.id),
        ).fetchone()
        return row is not None

    def is_awaited(self, companion: Path, *, elsewhere: Step) -> bool:
        """Return whether another plan than that of a step has still to move or copy a companion."""
        row = self._db.conn.execute(
            f"SELECT 1 FROM operations WHERE {TO_DO} AND plan_id != ? "
            f"AND kind IN ({self._about_companions}) AND json_extract(parameters, '$.file') = ?",
            (elsewhere.plan_id, path_as_json(companion)),
        ).fetchone()
        return row is not None

    def steps_with(self, photo: Path, companion: Path) -> list[Step]:
        """Return the steps by which a companion follows, or followed, the photo that is at a path."""
        file = self._files.at(photo)
        begun = f"{OPEN} AND state IN ('doing', 'failed')"
        moving = f"SELECT photo_id FROM operations JOIN plans ON plans.id = plan_id WHERE {begun}"
        about = f"operations.kind IN ({self._about_companions}) AND json_extract(operations.parameters, '$.file') = ?"
        whose = f"plans.photo_id = ? OR plans.photo_id IN ({moving} AND target = ?)"
        return self._steps.where(
            f"({whose}) AND {about} ORDER BY operations.id",
            None if file is None else file.photo_id,
            os.fsencode(photo),
            path_as_json(companion),
        )

    def open_plans(self, now: datetime) -> list[int]:
        """Return the plans that have something to do now, in the order in which they were made."""
        rows = self._db.conn.execute(
            f"SELECT DISTINCT plan_id FROM operations AS one WHERE {TO_DO} "
            f"AND {is_due()} AND NOT EXISTS ("
            "SELECT 1 FROM operations AS before WHERE before.plan_id = one.plan_id AND before.position < one.position "
            f"AND before.state IN ('planned', 'failed') AND NOT {is_due('before.retry_at')}) ORDER BY plan_id",
            (*due_at(now), *due_at(now)),
        )
        return [int(row[0]) for row in rows]

    def steps_at(self, path: Path) -> list[Step]:
        """Return the steps of the last plan for the photo that was at this path, not its companions, in order."""
        more = f"EXISTS (SELECT 1 FROM operations WHERE plan_id = plans.id AND kind NOT IN ({self._about_companions}))"
        last = f"(SELECT max(id) FROM plans WHERE path = ? AND {more})"
        return self._steps.where(f"plan_id = {last} ORDER BY position", os.fsencode(path))

    def steps(self, plan_id: int) -> list[Step]:
        """Return the steps of a plan in their order."""
        return self._steps.where("plan_id = ? ORDER BY position", plan_id)

    def step(self, step_id: int) -> Step:
        """Return a step as it is now."""
        return self._steps.where("operations.id = ?", step_id)[0]

    def append(self, plan_id: int, operations: Sequence[Operation]) -> None:
        """Record more that a plan has to do, after all that it has."""
        (last,) = self._db.conn.execute("SELECT max(position) FROM operations WHERE plan_id = ?", (plan_id,)).fetchone()
        with writing(self._db):
            self._insert(plan_id, operations, first=0 if last is None else last + 1)

    def reserve(self, step: Step, reservation: Reservation) -> None:
        """Record what is about to be done."""
        paths = (reservation.source, reservation.target, reservation.temporary)
        real = (reservation.source_real, reservation.target_real)
        disks = (reservation.source_disk, reservation.target_disk)
        with writing(self._db):
            self._db.conn.execute(
                "UPDATE operations SET state = 'doing', source = ?, target = ?, temporary = ?, hash = ?, before = ?, "
                "source_real = ?, target_real = ?, source_disk = ?, target_disk = ?, error = NULL, waits_for = NULL, "
                "started_at = ? WHERE id = ?",
                (
                    *map(os.fsencode, paths),
                    reservation.hash,
                    reservation.before,
                    *(None if path is None else os.fsencode(path) for path in real),
                    *(None if disk is None else self._places.disk_id(disk) for disk in disks),
                    self._now().isoformat(),
                    step.id,
                ),
            )

    def finish(self, step: Step, outcome: Outcome) -> None:
        """Record the result of a step, and where files are now."""
        now = self._now()
        retry_at = None if outcome.retry_in is None else (now + timedelta(seconds=outcome.retry_in)).isoformat()
        with writing(self._db):
            self._db.conn.execute(
                "UPDATE operations SET state = ?, is_outdated = ?, target = ?, error = ?, retry_at = ?, waits_for = ?, "
                "temporary = CASE WHEN ? THEN NULL ELSE temporary END, attempts = attempts + ?, finished_at = ?, "
                f"done_order = CASE WHEN ? THEN {_NEXT} ELSE done_order END WHERE id = ?",
                (
                    "planned" if outcome.state == "waiting" else outcome.state,
                    outcome.is_outdated,
                    None if outcome.target is None else os.fsencode(outcome.target),
                    outcome.error,
                    retry_at,
                    None if outcome.waits_for is None else os.fsencode(outcome.waits_for),
                    outcome.state == "done",
                    outcome.state == "failed",
                    now.isoformat(),
                    outcome.state == "done",
                    step.id,
                ),
            )
            if outcome.state == "done":
                done = self.step(step.id)
                self._kinds.of(done.operation).follow(done.operation, done, self._records)
            if outcome.changed is not None:
                self._records.changed(outcome.changed)

    def waited_for(self) -> dict[Path, int]:
        """Return the folders for whose disks open steps wait, each with how many do."""
        rows = self._db.conn.execute(
            "SELECT waits_for, count(*) FROM operations WHERE waits_for IS NOT NULL AND state = 'failed' "
            "GROUP BY waits_for ORDER BY waits_for"
        )
        return {_path(folder): int(count) for folder, count in rows}

    def wake(self, place: Path) -> None:
        """Let the steps that wait for the disk of a folder be tried at once."""
        self._db.conn.execute(
            "UPDATE operations SET retry_at = NULL, waits_for = NULL WHERE waits_for = ? AND state = 'failed'",
            (os.fsencode(place),),
        )

    def leftovers(self) -> list[Step]:
        """Return the steps that are not in progress, but may have left a file under a hidden name."""
        return self._steps.where("temporary IS NOT NULL AND state NOT IN ('doing', 'undoing') ORDER BY operations.id")

    def clear_leftovers(self, step: Step) -> None:
        """Record that a step has left nothing under its hidden names."""
        self._db.conn.execute("UPDATE operations SET temporary = NULL WHERE id = ?", (step.id,))

    def undo_requests(self) -> list[Step]:
        """Return the steps that are to be undone, the newest first, whenever the clock says that they were done."""
        where = f"{OPEN} AND state IN ('undo', 'undoing') AND {is_due()} ORDER BY done_order DESC, operations.id DESC"
        return self._steps.where(where, *due_at(self._now()))

    def begin_undo(self, step: Step, *, temporary: Path | None = None) -> None:
        """Record that a step is about to be undone."""
        self._db.conn.execute(
            "UPDATE operations SET state = 'undoing', temporary = ?, error = NULL WHERE id = ?",
            (None if temporary is None else os.fsencode(temporary), step.id),
        )

    def finish_undo(self, step: Step, error: str | None) -> None:
        """Record that a step was undone, or that it stays done, and why."""
        with writing(self._db):
            self._db.conn.execute(
                "UPDATE operations SET state = ?1, error = ?2, "
                "finished_at = CASE WHEN ?2 IS NULL THEN ?3 ELSE finished_at END WHERE id = ?4",
                ("undone" if error is None else "done", error, self._now().isoformat(), step.id),
            )
            if error is None:
                self._kinds.of(step.operation).follow_back(step.operation, step, self._records)

    def postpone_undo(self, step: Step, error: str, *, retry_in: float) -> None:
        """Record that the progress of an undo is unknown, and in how many seconds to complete it."""
        retry_at = (self._now() + timedelta(seconds=retry_in)).isoformat()
        self._db.conn.execute("UPDATE operations SET error = ?, retry_at = ? WHERE id = ?", (error, retry_at, step.id))

    def paths_of(self, step: Step) -> Sequence[Path]:
        """Return all paths where the step's photo is known to be."""
        return self._files.paths_of(step.photo_id)

    def is_elsewhere(self, step: Step) -> bool:
        """Return whether the step's photo is on Flickr."""
        row = self._db.conn.execute(
            "SELECT 1 FROM flickr_photos WHERE photo_id = ? AND state != 'gone'", (step.photo_id,)
        ).fetchone()
        return row is not None

    def originals_of(self, photo_id: int) -> list[Path]:
        """Return where a photo is known to be, except for the copies and links that operations made of it."""
        made = self.made_of(photo_id)
        return [path for path in self._files.paths_of(photo_id) if path not in made]

    def made_of(self, photo_id: int) -> frozenset[Path]:
        """Return where operations put copies of a photo, and links to it."""
        rows = self._db.conn.execute(
            "SELECT target FROM operations JOIN plans ON plans.id = plan_id "
            f"WHERE photo_id = ? AND kind IN ({self._multiplying}) AND state = 'done'",
            (photo_id,),
        )
        return frozenset(_path(row[0]) for row in rows)

    def not_planned(self, photo_id: int, operations: Iterable[Operation]) -> tuple[Operation, ...]:
        """Return those of some operations that no plan of a photo has had, whatever became of it."""
        rows = self._db.conn.execute(
            "SELECT kind, wish FROM operations JOIN plans ON plans.id = plan_id WHERE photo_id = ?", (photo_id,)
        )
        planned = {(kind, wish) for kind, wish in rows}
        return tuple(
            operation
            for operation in operations
            if (self._kinds.of(operation).name, os.fsencode(operation.destination)) not in planned
        )

    def open_for(self, photo_id: int) -> list[Step]:
        """Return the steps of a photo that are still to be done, or to be done again."""
        return self._steps.where(f"{TO_DO} AND plans.photo_id = ? ORDER BY operations.id", photo_id)

    def try_now(self, plan_id: int) -> None:
        """Let the steps of a plan that failed be tried at once."""
        self._db.conn.execute(
            "UPDATE operations SET retry_at = NULL WHERE plan_id = ? AND state = 'failed'", (plan_id,)
        )

    def select(self, ids: Sequence[int]) -> list[Step]:
        """Return those of the steps that were done and not undone, with the companions that followed, newest first."""
        chosen = "(SELECT value FROM json_each(?1))"
        along = (
            f"operations.kind IN ({self._about_companions}) AND EXISTS (SELECT 1 FROM operations AS photo "
            f"WHERE photo.id IN {chosen} AND photo.plan_id = operations.plan_id "
            "AND photo.position = json_extract(operations.parameters, '$.behind'))"
        )
        return self._undoable(f"AND (operations.id IN {chosen} OR ({along}))", json.dumps(list(ids)))

    def select_last(self) -> list[Step]:
        """Return what was done last, newest first: for one photo by rules, or for all of one command."""
        newest = "(SELECT plan_id FROM operations WHERE state = 'done' ORDER BY done_order DESC LIMIT 1)"
        leader = f"(SELECT follows FROM plans WHERE id = {newest})"
        batch = f"(SELECT id FROM plans WHERE batch = (SELECT batch FROM plans WHERE id IN ({newest}, {leader})))"
        followers = f"(SELECT id FROM plans WHERE follows IN {batch})"
        return self._undoable(f"AND (plan_id IN ({newest}, {leader}) OR plan_id IN {batch} OR plan_id IN {followers})")

    def select_since(self, since: datetime) -> list[Step]:
        """Return the steps that were done since then and not undone, newest first.

        What was done before another step that is older counts as older, too: the clock was wrong then.
        """
        older = "(SELECT COALESCE(max(done_order), 0) FROM operations WHERE state = 'done' AND finished_at < ?)"
        return self._undoable(f"AND done_order > {older}", since.isoformat())

    def request_undo(self, ids: Sequence[int]) -> None:
        """Request the undo of steps, by the holder of the state folder."""
        with writing(self._db):
            self._db.conn.executemany(
                "UPDATE operations SET state = 'undo' WHERE id = ? AND state = 'done'", ((id_,) for id_ in ids)
            )

    def retire(self, photo_id: int, path: Path, operation: Operation) -> None:
        """Record that what an operation for the photo at `path` led to is undone: its rule does not ask for it now."""
        self._db.conn.execute(
            "UPDATE operations SET state = 'undone', finished_at = ? WHERE kind = ? AND state = 'done' "
            "AND wish = ? AND plan_id IN (SELECT id FROM plans WHERE photo_id = ? AND path = ?)",
            (
                self._now().isoformat(),
                self._kinds.of(operation).name,
                os.fsencode(operation.destination),
                photo_id,
                os.fsencode(path),
            ),
        )

    def undone_targets(self, folder: Path, value: type[Operation]) -> set[Path]:
        """Return what operations of a kind put in and below a folder, was undone, and not made again since."""
        below = os.fsencode(folder).rstrip(b"/") + b"/"
        rows = self._db.conn.execute(
            "SELECT target, state FROM operations WHERE kind = ? AND state IN ('done', 'undone') "
            "AND substr(target, 1, ?) = ? ORDER BY id",
            (self._kinds.for_value(value).name, len(below), below),
        )
        states = {_path(target): state for target, state in rows}
        return {path for path, state in states.items() if state == "undone"}

    def counts(self) -> dict[str, int]:
        """Count the operations in each state; those that are outdated apart from others that were refused."""
        state = "CASE WHEN is_outdated THEN 'outdated' ELSE state END"
        rows = self._db.conn.execute(f"SELECT {state}, count(*) FROM operations GROUP BY 1")
        return {str(state): int(count) for state, count in rows}

    def open_counts(self) -> dict[str, int]:
        """Count the operations that are not at their end, by state; quick, however many there were."""
        rows = self._db.conn.execute(f"SELECT state, count(*) FROM operations WHERE {OPEN} GROUP BY state")
        return {str(state): int(count) for state, count in rows}

    def failures(self) -> list[Step]:
        """Return the steps that failed and wait for another try."""
        return self._steps.where(f"{OPEN} AND state = 'failed' ORDER BY operations.id")

    def waiting(self) -> list[Step]:
        """Return the steps that wait for a time that is known."""
        return self._steps.where(f"{OPEN} AND state = 'planned' AND error IS NOT NULL ORDER BY operations.id")

    def _insert(self, plan_id: int, operations: Sequence[Operation], *, first: int) -> None:
        kinds = [self._kinds.of(operation) for operation in operations]
        self._db.conn.executemany(
            "INSERT INTO operation_kinds (name) VALUES (?) ON CONFLICT DO NOTHING", {(kind.name,) for kind in kinds}
        )
        self._db.conn.executemany(
            "INSERT INTO operations (plan_id, position, rule, kind, wish, parameters) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (
                    plan_id,
                    position,
                    operation.rule,
                    kind.name,
                    os.fsencode(operation.destination),
                    json.dumps(kind.parameters(operation)),
                )
                for position, (kind, operation) in enumerate(zip(kinds, operations, strict=True), start=first)
            ),
        )

    def _undoable(self, condition: str, *values: Any) -> list[Step]:
        where = f"state = 'done' {condition} ORDER BY done_order DESC, operations.id DESC"
        return self._steps.where(where, *values)


def _path(key: bytes) -> Path:
    return Path(os.fsdecode(key))
