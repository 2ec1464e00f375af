"""Undo steps: all of the requested ones, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.effects.disks import Disks
from familiar.effects.journal import Journal, Step
from familiar.effects.kinds.catalogue import EVERY_KIND, Kinds
from familiar.effects.leftovers import Leftovers
from familiar.effects.outlook import Outlook
from familiar.effects.reversal import Reversal
from familiar.errors import ChangedError, FamiliarError, StoreError
from familiar.filesystem.files import Pulse, no_pulse

_RETRY = 60.0
"""Seconds after which an undo is tried again of which it is not known how far it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a step can't be undone."""

    operation: int
    kind: str
    path: Path
    reason: str


class Undo:
    """Takes steps back, as long as the files are where the operations left them."""

    def __init__(self, journal: Journal, disks: Disks, *, pulse: Pulse = no_pulse, kinds: Kinds = EVERY_KIND) -> None:
        """Take the journal, and what opens folders; `pulse` is called during long copies."""
        self._journal = journal
        self._disks = disks
        self._kinds = kinds
        self._leftovers = Leftovers(journal, disks, kinds=kinds)
        self._pulse = pulse

    def obstacles(self, steps: Sequence[Step]) -> tuple[Obstacle, ...]:
        """Return the obstacles to undoing these steps (newest first); touch nothing.

        Each is checked with the files after the previous undos.
        """
        doomed = (step.target for step in steps if step.target is not None and self._removes(step))
        outlook = Outlook(self._journal, self._disks, self._pulse, doomed=doomed)
        found = []
        for step in steps:
            reason = self._obstacle_or_error(step, outlook)
            found.append((step, reason))
            if reason is None:
                outlook.passed(step, removes=step.target if self._removes(step) else None)
        return tuple(
            Obstacle(operation=step.id, kind=step.operation.kind, path=step.target or step.path, reason=reason)
            for step, reason in found
            if reason is not None
        )

    def undo(self, step: Step) -> None:
        """Undo one step, or complete its undoing if a crash interrupted it.

        Folders that were made for it stay.

        Raises:
            FamiliarError: the files are not where the operation left them; the step stays done.
        """
        try:
            if step.state != "undoing":
                self._check(step)
            self._leftovers.clear(step)
            with Reversal(step, journal=self._journal, disks=self._disks, pulse=self._pulse) as reversal:
                self._kinds.of(step.operation).take_back(step.operation, reversal)
        except StoreError:
            raise
        except (FamiliarError, OSError) as error:
            self._end_failed(self._journal.step(step.id), error)
            return
        self._journal.clear_leftovers(step)
        self._journal.finish_undo(step, None)

    def _end_failed(self, step: Step, error: FamiliarError | OSError) -> None:
        """Record the result of an undo that has met an error: it may have come when all was done.

        Raises:
            FamiliarError: it is not undone, or not known to be; then it is completed later.
        """
        is_undone = step.state == "undoing" and self._is_taken_back(step)
        if is_undone:
            self._journal.finish_undo(step, None)
            return
        reason = _told(error)
        if is_undone is None:
            self._journal.postpone_undo(step, reason, retry_in=_RETRY)
        else:
            self._journal.finish_undo(step, reason)
        raise FamiliarError(f"operation {step.id}: {reason}") from error

    def _check(self, step: Step) -> None:
        """Check that nothing stands in the way of undoing one step.

        Raises:
            ChangedError: something does.
            OSError: a file can't be read.
        """
        reason = self._obstacle(step, self._outlook())
        if reason is not None:
            raise ChangedError(reason)

    def _is_taken_back(self, step: Step) -> bool | None:
        """Return whether a step is undone; None where that can't be told now."""
        try:
            self._leftovers.clear(step)
            return self._kinds.of(step.operation).is_taken_back(step.operation, step, self._outlook())
        except (FamiliarError, OSError):
            return None

    def _removes(self, step: Step) -> bool:
        return self._kinds.of(step.operation).leaves_nothing(step.operation, step)

    def _obstacle_or_error(self, step: Step, outlook: Outlook) -> str | None:
        try:
            return self._obstacle(step, outlook)
        except OSError as error:
            return _told(error)

    def _obstacle(self, step: Step, outlook: Outlook) -> str | None:
        """Return the obstacle, and note the files after this undo."""
        return self._kinds.of(step.operation).obstacle(step.operation, step, outlook)

    def _outlook(self) -> Outlook:
        return Outlook(self._journal, self._disks, self._pulse)


def _told(error: FamiliarError | OSError) -> str:
    if isinstance(error, OSError):
        where = error.filename2 or error.filename
        return f"{where}: {error.strerror}" if where else str(error.strerror or error)
    return str(error)
