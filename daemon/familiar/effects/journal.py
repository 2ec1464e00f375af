"""The contract of the journal: every operation with its state, so that it happens once and can be undone."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from familiar.filesystem.mounts import Disk
from familiar.model import Operation

StepState: TypeAlias = Literal[
    "planned", "doing", "done", "kept", "failed", "refused", "undo", "undoing", "undone"
]  # fmt: skip
"""planned (with an error: it waits for its time, and nothing was done), doing (a target is reserved), done; kept (the
same content was there: nothing was done); failed (tried again when its time comes); refused (never); undo (asked for),
undoing, undone."""

_THERE = frozenset({"doing", "failed", "done", "undo", "undoing"})
"""States of steps whose results are there, or may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The placement of a file by a step: source, target, and its SHA-256."""

    source: Path
    target: Path
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation as the journal has it.

    `path` is where the photo is for this step; `source` and `target` are from where and to where it was done, or is
    being done. The disks are those of their folders then, and `source_real` and `target_real` are where the paths of
    these folders led. `hash` is the SHA-256 of what is at the target then, None before it is known. `before` are the
    bytes of a sidecar that were there, None where there was none.
    """

    id: int
    plan_id: int
    photo_id: int
    position: int
    operation: Operation
    path: Path
    photo_hash: str
    hash: str | None
    before: bytes | None
    state: StepState
    source: Path | None
    target: Path | None
    temporary: Path | None
    attempts: int
    error: str | None
    source_real: Path | None = None
    target_real: Path | None = None
    source_disk: Disk | None = None
    target_disk: Disk | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it can't be done before a time that is known; `error` says why."""
        return self.state == "planned" and self.error is not None

    @property
    def destination(self) -> Path | str:
        """The target, or the intended one if it was not done or does not concern a file."""
        return self.target or self.operation.destination

    @property
    def hash_before(self) -> str | None:
        """SHA-256 of the previous sidecar; None if there was none."""
        return None if self.before is None else hashlib.sha256(self.before).hexdigest()

    @property
    def placement(self) -> Placement | None:
        """The placement, as far as it is recorded; None if it was not done."""
        if self.source is None or self.target is None or self.hash is None:
            return None
        return Placement(source=self.source, target=self.target, hash=self.hash)

    @property
    def is_begun(self) -> bool:
        """Whether an earlier try may have reached its target."""
        return self.state in {"doing", "failed"} and self.target is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """The record before a step is done: source, target, and temporary file.

    `hash` is the SHA-256 of what is to be at the target; the rest is as in `Step`.
    """

    source: Path
    target: Path
    temporary: Path
    hash: str
    before: bytes | None = None
    source_real: Path | None = None
    target_real: Path | None = None
    source_disk: Disk | None = None
    target_disk: Disk | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a step: its target, or the error, and the seconds until the next try.

    A step that failed keeps its target where it may have been done, as far as is known. One that is `waiting` was not
    done at all: it stays planned until it can be, and that is no failed try. `waits_for` is the folder whose disk is
    not there; the step is tried again when it is. `changed` is a file that has another content than was known. One that
    `is_outdated` was refused because somebody took the photo away or changed it: there is nothing to correct.
    """

    state: Literal["done", "kept", "waiting", "failed", "refused"]
    target: Path | None = None
    error: str | None = None
    retry_in: float | None = None
    waits_for: Path | None = None
    changed: Path | None = None
    is_outdated: bool = False


def done_with(journal: "Journal", step: Step) -> Sequence[Step]:
    """Return the steps of the same plan, itself among them, whose results may be there."""
    return [other for other in journal.steps(step.plan_id) if other.state in _THERE]


class Journal(Protocol):
    """The storage of steps before and after they are done. Each call is durable when it returns."""

    def reserve(self, step: Step, reservation: Reservation) -> None:
        """Record what is about to be done: state `doing`."""

    def is_claimed(self, step: Step) -> bool:
        """Return whether what is at a step's target was put there by another step."""

    def is_awaited(self, companion: Path, *, elsewhere: Step) -> bool:
        """Return whether another plan than that of a step has still to move or copy a companion."""

    def steps_with(self, photo: Path, companion: Path) -> Sequence[Step]:
        """Return the steps by which a companion follows, or followed, the photo that is at a path."""

    def finish(self, step: Step, outcome: Outcome) -> None:
        """Record the result of a step, and where files are now."""

    def leftovers(self) -> Sequence[Step]:
        """Return the steps that are not in progress, but may have left a file under a hidden name."""

    def step(self, step_id: int) -> Step:
        """Return the present state of a step."""

    def steps(self, plan_id: int) -> Sequence[Step]:
        """Return the present state of all steps of a plan, by their positions."""

    def clear_leftovers(self, step: Step) -> None:
        """Record that a step has left nothing under its hidden names."""

    def begin_undo(self, step: Step, *, temporary: Path | None = None) -> None:
        """Record that a step is about to be undone: state `undoing`."""

    def finish_undo(self, step: Step, error: str | None) -> None:
        """Record that a step was undone, or that it stays done, and why."""

    def postpone_undo(self, step: Step, error: str, *, retry_in: float) -> None:
        """Record that the progress of an undo is unknown, and in how many seconds to complete it."""

    def is_elsewhere(self, step: Step) -> bool:
        """Return whether the step's photo is on another service, where it came from."""

    def paths_of(self, step: Step) -> Sequence[Path]:
        """Return all paths where the step's photo is known to be."""
