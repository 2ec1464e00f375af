"""Undo steps: all that were asked for, or none."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.effects.journal import Journal, Step
from familiar.effects.placing import Pulse, has_content, make_folder, place_move, remove_placed
from familiar.errors import FamiliarError, GoneError, RetryError
from familiar.model import Link, Move, Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a step can't be undone."""

    operation: int
    kind: str
    path: Path
    reason: str


class Undo:
    """Takes steps back, as long as the files are where the operations left them."""

    def __init__(self, journal: Journal, *, pulse: Pulse = lambda: None) -> None:
        """Take the journal; `pulse` is called during long copies."""
        self._journal = journal
        self._pulse = pulse

    def obstacles(self, steps: Sequence[Step]) -> tuple[Obstacle, ...]:
        """Return what stands in the way of undoing these steps (newest first); touches nothing."""
        removed = {step.target for step in steps if not isinstance(step.operation, Move)}
        found = ((step, self._obstacle(step, removed)) for step in steps)
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
        if isinstance(step.operation, Tag):
            self._journal.finish_undo(step, None)  # it is taken off the photo as it was put on: when its turn comes
            return
        if step.state != "undoing":
            reason = self._obstacle(step, {step.target})
            if reason is not None:
                self._journal.finish_undo(step, reason)
                raise FamiliarError(f"operation {step.id}: {reason}")
            self._journal.begin_undo(step)
        try:
            self._take_back(step)
        except (FileExistsError, GoneError, RetryError) as error:
            self._journal.finish_undo(step, str(error))
            raise FamiliarError(f"operation {step.id}: {error}") from error
        except OSError as error:
            reason = f"{error.filename2 or error.filename}: {error.strerror}"
            self._journal.finish_undo(step, reason)
            raise FamiliarError(f"operation {step.id}: {reason}") from error
        self._journal.finish_undo(step, None)

    def _take_back(self, step: Step) -> None:
        assert step.target is not None
        assert step.source is not None
        if not isinstance(step.operation, Move):
            remove_placed(step.target)
            return
        make_folder(step.source.parent)
        # Always the same name, so that what a crash leaves under it is found again.
        temporary = step.source.with_name(f".familiar-{step.id}-undo.tmp")
        try:
            place_move(step.target, step.source, temporary, hash_=step.photo_hash, pulse=self._pulse)
        finally:
            temporary.unlink(missing_ok=True)

    def _obstacle(self, step: Step, removed: set[Path | None]) -> str | None:
        if isinstance(step.operation, Tag):
            return None
        if step.target is None or step.source is None or step.hash is None:
            return "it was not done"
        if not os.path.lexists(step.target):
            return f"{step.target} is no longer there"
        if isinstance(step.operation, Link) and step.operation.symbolic:
            ours = step.target.is_symlink() and step.target.readlink() == step.source
            return None if ours else f"{step.target} is not the link that was made"
        if not has_content(step.target, step.hash, self._pulse):
            return f"{step.target} was changed since"
        if isinstance(step.operation, Move):
            return f"{step.source} is taken" if os.path.lexists(step.source) else None
        return self._last_copy(step, removed)

    def _last_copy(self, step: Step, removed: set[Path | None]) -> str | None:
        """Say so if a copy or a hard link is all that is left of its photo; a crop can be made again."""
        if step.operation.kind == "crop":
            return None
        if self._journal.is_elsewhere(step):
            return None
        others = {*self._journal.paths_of(step), step.path} - removed
        if any(has_content(path, step.photo_hash, self._pulse) for path in others):
            return None
        return f"{step.target} is the last copy of its photo that is known"
