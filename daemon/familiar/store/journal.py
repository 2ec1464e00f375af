"""The journal in the store: plans, and each of their operations with its state."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from familiar.effects.journal import Outcome, Step
from familiar.filesystem.mounts import Disk
from familiar.model import Box, Copy, Crop, Link, Move, MoveSidecar, Operation, Plan, Tag, WriteSidecar, destination_of
from familiar.store.clock import DUE, due_at
from familiar.store.database import Database, writing
from familiar.store.files import Files
from familiar.store.flickr.tags import FlickrTags
from familiar.store.photos import Photos
from familiar.store.places import Places, disk_from_json
from familiar.store.sidecars import Sidecars, inscription_as_json, inscription_from_json

_COLUMNS = (
    "operations.id, plan_id, plans.photo_id, position, rule, operations.kind, wish, parameters, state, source, target, "
    "temporary, operations.hash, before, attempts, error, source_real, target_real, one.identity, other.identity, "
    "plans.path, photos.hash, "
    "(SELECT target FROM operations AS earlier WHERE earlier.plan_id = operations.plan_id AND earlier.kind = 'move' "
    "AND earlier.position < operations.position AND earlier.state = 'done')"
)
_NEXT = "(SELECT COALESCE(max(done_order), 0) + 1 FROM operations)"
_FROM = (
    "FROM operations JOIN plans ON plans.id = plan_id JOIN photos ON photos.id = plans.photo_id "
    "LEFT JOIN disks AS one ON one.id = source_disk LEFT JOIN disks AS other ON other.id = target_disk"
)


class OperationJournal:
    """The tables of plans and operations; the journal of `familiar.effects`."""

    def __init__(
        self,
        db: Database,
        *,
        files: Files,
        photos: Photos,
        sidecars: Sidecars,
        tags: FlickrTags,
        places: Places,
        now: Callable[[], datetime],
    ) -> None:
        """Take the open store, the tables that follow what operations do, and a clock that gives UTC."""
        self._db = db
        self._files = files
        self._photos = photos
        self._sidecars = sidecars
        self._tags = tags
        self._places = places
        self._now = now

    def record(
        self, photo_id: int, path: Path, plan: Plan, *, follows: int | None = None, batch: int | None = None
    ) -> int:
        """Write down a plan for the photo at `path`, with all operations still to be done; return its id.

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
        """Write down plans that belong together, each for a photo at its path, all or none; return their ids."""
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
            f"WHERE state IN ('planned', 'doing', 'failed') AND ({batches})) GROUP BY plan_id ORDER BY plan_id"
        ).fetchall()
        self.abandon([plan_id for plan_id, begun in rows if not begun], "the command was killed before")
        return [int(plan_id) for plan_id, begun in rows if begun]

    def is_claimed(self, step: Step) -> bool:
        """Say whether what lies at a step's target was put there by another step."""
        assert step.target is not None
        row = self._db.conn.execute(
            "SELECT 1 FROM operations WHERE target = ? AND state = 'done' AND id != ?",
            (os.fsencode(step.target), step.id),
        ).fetchone()
        return row is not None

    def open_plans(self, now: datetime) -> list[int]:
        """Return the plans that have something to do now, in the order in which they were made."""
        rows = self._db.conn.execute(
            "SELECT DISTINCT plan_id FROM operations AS one WHERE state IN ('planned', 'doing', 'failed') "
            f"AND {DUE} AND NOT EXISTS ("
            "SELECT 1 FROM operations AS before WHERE before.plan_id = one.plan_id AND before.position < one.position "
            f"AND before.state = 'failed' AND NOT {DUE.replace('retry_at', 'before.retry_at')}) ORDER BY plan_id",
            (*due_at(now), *due_at(now)),
        )
        return [int(row[0]) for row in rows]

    def steps_at(self, path: Path) -> list[Step]:
        """Return the steps of the last plan for the photo, not its sidecar, that lay at this path, in their order."""
        more = "EXISTS (SELECT 1 FROM operations WHERE plan_id = plans.id AND kind != 'sidecar')"
        last = f"(SELECT max(id) FROM plans WHERE path = ? AND {more})"
        return self._steps(f"WHERE plan_id = {last} ORDER BY position", os.fsencode(path))

    def steps(self, plan_id: int) -> list[Step]:
        """Return the steps of a plan in their order."""
        return self._steps("WHERE plan_id = ? ORDER BY position", plan_id)

    def step(self, step_id: int) -> Step:
        """Return a step as it is now."""
        return self._steps("WHERE operations.id = ?", step_id)[0]

    def append(self, plan_id: int, operations: Sequence[Operation]) -> None:
        """Write down more that a plan has to do, after all that it has."""
        (last,) = self._db.conn.execute("SELECT max(position) FROM operations WHERE plan_id = ?", (plan_id,)).fetchone()
        with writing(self._db):
            self._insert(plan_id, operations, first=0 if last is None else last + 1)

    def reserve(
        self,
        step: Step,
        *,
        source: Path,
        target: Path,
        temporary: Path,
        hash_: str,
        before: bytes | None = None,
        source_real: Path | None = None,
        target_real: Path | None = None,
        source_disk: Disk | None = None,
        target_disk: Disk | None = None,
    ) -> None:
        """Write down what is about to be done."""
        paths = (os.fsencode(source), os.fsencode(target), os.fsencode(temporary))
        real = [None if path is None else os.fsencode(path) for path in (source_real, target_real)]
        with writing(self._db):
            disks = [None if disk is None else self._places.disk_id(disk) for disk in (source_disk, target_disk)]
            self._db.conn.execute(
                "UPDATE operations SET state = 'doing', source = ?, target = ?, temporary = ?, hash = ?, before = ?, "
                "source_real = ?, target_real = ?, source_disk = ?, target_disk = ?, error = NULL, waits_for = NULL, "
                "started_at = ? WHERE id = ?",
                (*paths, hash_, before, *real, *disks, self._now().isoformat(), step.id),
            )

    def finish(self, step: Step, outcome: Outcome) -> None:
        """Write down what came of a step, and where files lie now."""
        now = self._now()
        retry_at = None if outcome.retry_in is None else (now + timedelta(seconds=outcome.retry_in)).isoformat()
        with writing(self._db):
            self._db.conn.execute(
                "UPDATE operations SET state = ?, target = ?, error = ?, retry_at = ?, waits_for = ?, "
                "temporary = CASE WHEN ? THEN NULL ELSE temporary END, attempts = attempts + ?, finished_at = ?, "
                f"done_order = CASE WHEN ? THEN {_NEXT} ELSE done_order END WHERE id = ?",
                (
                    outcome.state,
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
                self._follow(self.step(step.id))

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
        """Return the steps that are not under way, but may have left a file under a hidden name."""
        return self._steps("WHERE temporary IS NOT NULL AND state NOT IN ('doing', 'undoing') ORDER BY operations.id")

    def clear_leftovers(self, step: Step) -> None:
        """Write down that a step has left nothing under its hidden names."""
        self._db.conn.execute("UPDATE operations SET temporary = NULL WHERE id = ?", (step.id,))

    def undo_requests(self) -> list[Step]:
        """Return the steps that are to be undone, the newest first, whenever the clock says that they were done."""
        where = f"WHERE state IN ('undo', 'undoing') AND {DUE} ORDER BY done_order DESC, operations.id DESC"
        return self._steps(where, *due_at(self._now()))

    def begin_undo(self, step: Step, *, temporary: Path | None = None) -> None:
        """Write down that a step is about to be undone."""
        self._db.conn.execute(
            "UPDATE operations SET state = 'undoing', temporary = ?, error = NULL WHERE id = ?",
            (None if temporary is None else os.fsencode(temporary), step.id),
        )

    def finish_undo(self, step: Step, error: str | None) -> None:
        """Write down that a step was undone, or that it stays done, and why."""
        with writing(self._db):
            self._db.conn.execute(
                "UPDATE operations SET state = ?1, error = ?2, "
                "finished_at = CASE WHEN ?2 IS NULL THEN ?3 ELSE finished_at END WHERE id = ?4",
                ("undone" if error is None else "done", error, self._now().isoformat(), step.id),
            )
            if error is None and isinstance(step.operation, Tag):
                self._tags.veto(step.photo_id, step.operation.text)
            if error is None and step.target is not None and step.source is not None:
                if isinstance(step.operation, WriteSidecar | MoveSidecar):
                    self._sidecars.follow_back(step.operation, source=step.source, target=step.target)
                    return
                self._files.mark_gone(step.target)
                if isinstance(step.operation, Move):
                    self._place(step.source, step.photo_id)

    def postpone_undo(self, step: Step, error: str, *, retry_in: float) -> None:
        """Write down that it is not known how far an undo came, and in how many seconds to complete it."""
        retry_at = (self._now() + timedelta(seconds=retry_in)).isoformat()
        self._db.conn.execute("UPDATE operations SET error = ?, retry_at = ? WHERE id = ?", (error, retry_at, step.id))

    def paths_of(self, step: Step) -> Sequence[Path]:
        """Return all paths where the step's photo is known to lie."""
        return self._files.paths_of(step.photo_id)

    def is_elsewhere(self, step: Step) -> bool:
        """Return whether the step's photo lies on Flickr."""
        row = self._db.conn.execute(
            "SELECT 1 FROM flickr_photos WHERE photo_id = ? AND state != 'gone'", (step.photo_id,)
        ).fetchone()
        return row is not None

    def originals_of(self, photo_id: int) -> list[Path]:
        """Return where a photo is known to lie, but for the copies and links that operations made of it."""
        made = self.made_of(photo_id)
        return [path for path in self._files.paths_of(photo_id) if path not in made]

    def made_of(self, photo_id: int) -> frozenset[Path]:
        """Return where operations put copies of a photo, and links to it."""
        rows = self._db.conn.execute(
            "SELECT target FROM operations JOIN plans ON plans.id = plan_id "
            "WHERE photo_id = ? AND kind IN ('copy', 'link') AND state = 'done'",
            (photo_id,),
        )
        return frozenset(_path(row[0]) for row in rows)

    def select(self, ids: Sequence[int]) -> list[Step]:
        """Return those of the steps that were done and not undone, newest first, with the sidecars that went along."""
        chosen = "(SELECT value FROM json_each(?1))"
        along = (
            "operations.kind = 'sidecar' AND EXISTS (SELECT 1 FROM operations AS photo "
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
        """Ask for steps to be undone, by whoever holds the state folder."""
        with writing(self._db):
            self._db.conn.executemany(
                "UPDATE operations SET state = 'undo' WHERE id = ? AND state = 'done'", ((id_,) for id_ in ids)
            )

    def retire_tag(self, photo_id: int, text: str) -> None:
        """Write down that a tag of a photo is taken back, as its rule does not give it any more."""
        self._db.conn.execute(
            "UPDATE operations SET state = 'undone', finished_at = ? WHERE kind = 'tag' AND state = 'done' "
            "AND wish = ? AND plan_id IN (SELECT id FROM plans WHERE photo_id = ?)",
            (self._now().isoformat(), os.fsencode(text), photo_id),
        )

    def undone_crops(self, folder: Path) -> set[Path]:
        """Return the crops in and below a folder that were taken back, and not made again since."""
        below = os.fsencode(folder).rstrip(b"/") + b"/"
        rows = self._db.conn.execute(
            "SELECT target, state FROM operations WHERE kind = 'crop' AND state IN ('done', 'undone') "
            "AND substr(target, 1, ?) = ? ORDER BY id",
            (len(below), below),
        )
        states = {_path(target): state for target, state in rows}
        return {path for path, state in states.items() if state == "undone"}

    def counts(self) -> dict[str, int]:
        """Count the operations in each state."""
        rows = self._db.conn.execute("SELECT state, count(*) FROM operations GROUP BY state")
        return {str(state): int(count) for state, count in rows}

    def failures(self) -> list[Step]:
        """Return the steps that failed and wait for another try."""
        return self._steps("WHERE state = 'failed' ORDER BY operations.id")

    def _insert(self, plan_id: int, operations: Sequence[Operation], *, first: int) -> None:
        self._db.conn.executemany(
            "INSERT INTO operations (plan_id, position, rule, kind, wish, parameters) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (
                    plan_id,
                    position,
                    step.rule,
                    step.kind,
                    os.fsencode(destination_of(step)),
                    json.dumps(_parameters(step)),
                )
                for position, step in enumerate(operations, start=first)
            ),
        )

    def _undoable(self, condition: str, *values: Any) -> list[Step]:
        where = f"WHERE state = 'done' {condition} ORDER BY done_order DESC, operations.id DESC"
        return self._steps(where, *values)

    def _follow(self, step: Step) -> None:
        """Keep the tables of files and tags true after a step."""
        if isinstance(step.operation, Tag):
            self._tags.want(step.photo_id, step.operation)
            return
        assert step.target is not None
        assert step.source is not None
        if isinstance(step.operation, WriteSidecar | MoveSidecar):
            self._sidecars.follow(step.operation, step.photo_id, source=step.source, target=step.target)
            return
        if isinstance(step.operation, Move):
            self._files.mark_gone(step.source)
        is_crop = isinstance(step.operation, Crop)
        self._place(step.target, self._photos.record_output(step.hash or "") if is_crop else step.photo_id)

    def _place(self, path: Path, photo_id: int) -> None:
        try:
            found = path.stat()
        except OSError:
            return  # taken away within this instant, or not to be read: the next comparison of folders tells
        self._files.place(path, photo_id=photo_id, size=found.st_size, mtime_ns=found.st_mtime_ns)

    def _steps(self, where: str, *values: Any) -> list[Step]:
        return [_step(row) for row in self._db.conn.execute(f"SELECT {_COLUMNS} {_FROM} {where}", values)]


def _step(row: tuple[Any, ...]) -> Step:
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
        operation=_operation(kind, wish, rule, json.loads(parameters)),
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


def _parameters(operation: Operation) -> dict[str, Any]:
    match operation:
        case Move(top=Path() as top) | Copy(top=Path() as top):
            return {"top": os.fsencode(top).hex()}
        case Link(symbolic=symbolic, top=top):
            return {"symbolic": symbolic, "top": None if top is None else os.fsencode(top).hex()}
        case Crop(box=box):
            return {
                "box": [box.left, box.top, box.right, box.bottom],
                "margin": operation.margin,
                "size": operation.size,
                "time": operation.time,
                "square": operation.square,
                "landmarks": operation.landmarks,
                "quality": operation.quality,
                "top": None if operation.top is None else os.fsencode(operation.top).hex(),
            }
        case WriteSidecar(wanted=wanted):
            return {"wanted": inscription_as_json(wanted)}
        case MoveSidecar(sidecar=sidecar, behind=behind, moves=moves):
            return {"sidecar": os.fsencode(sidecar).hex(), "behind": behind, "moves": moves}
        case _:
            return {}


def _operation(kind: str, wish: bytes, rule: str, parameters: dict[str, Any]) -> Operation:
    target = _path(wish)
    top = _path(bytes.fromhex(parameters["top"])) if parameters.get("top") else None
    match kind:
        case "tag":
            return Tag(text=os.fsdecode(wish), rule=rule)
        case "move":
            return Move(target=target, rule=rule, top=top)
        case "copy":
            return Copy(target=target, rule=rule, top=top)
        case "link":
            return Link(target=target, rule=rule, symbolic=parameters["symbolic"], top=top)
        case "sidecar" if "wanted" in parameters:
            return WriteSidecar(target=target, rule=rule, wanted=inscription_from_json(parameters["wanted"]))
        case "sidecar":
            sidecar = _path(bytes.fromhex(parameters["sidecar"]))
            behind, moves = parameters["behind"], parameters["moves"]
            return MoveSidecar(target=target, rule=rule, sidecar=sidecar, behind=behind, moves=moves)
        case _:
            box = Box(**dict(zip(("left", "top", "right", "bottom"), parameters["box"], strict=True)))
            return Crop(
                target=target,
                rule=rule,
                box=box,
                margin=parameters["margin"],
                size=parameters["size"],
                time=parameters.get("time"),  # written since there are videos
                square=parameters.get("square"),  # this and what follows since there are data sets
                landmarks=tuple((x, y) for x, y in parameters.get("landmarks", ())),
                quality=parameters.get("quality"),
                top=top,
            )


def _path(key: bytes) -> Path:
    return Path(os.fsdecode(key))
