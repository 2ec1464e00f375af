"""Undo steps: all that were asked for, or none."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from familiar.effects.journal import Journal, Step
from familiar.effects.placing import Pulse, has_content, hash_of, make_folder, place_move, place_over, remove_placed
from familiar.errors import ChangedError, FamiliarError, GoneError, RetryError, SetAsideError
from familiar.model import Escort, Inscribe, Link, Move, Tag

Sidecars: TypeAlias = dict[Path, str | None]
"""What lies at the paths of sidecars once newer steps are undone: the SHA-256, or None for nothing."""


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
        sidecars: Sidecars = {}
        found = ((step, self._obstacle(step, removed, sidecars)) for step in steps)
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
            reason = self._obstacle(step, {step.target}, {})
            if reason is not None:
                self._journal.finish_undo(step, reason)
                raise FamiliarError(f"operation {step.id}: {reason}")
            self._journal.begin_undo(step)
        try:
            self._take_back(step)
        except (FileExistsError, GoneError, RetryError, SetAsideError) as error:
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
        match step.operation:
            case Move():
                self._move_back(step, step.target, step.source, step.photo_hash)
            case Escort(moves=True):
                # With whatever it says by now: it goes where it came from, and nothing is lost.
                there = os.path.lexists(step.target)
                self._move_back(step, step.target, step.source, hash_of(step.target) if there else step.hash or "")
            case Inscribe():
                self._write_back(step, step.target)
            case _:
                remove_placed(step.target)

    def _move_back(self, step: Step, target: Path, source: Path, hash_: str) -> None:
        make_folder(source.parent)
        # Always the same name, so that what a crash leaves under it is found again.
        temporary = source.with_name(f".familiar-{step.id}-undo.tmp")
        try:
            place_move(target, source, temporary, hash_=hash_, pulse=self._pulse)
        finally:
            temporary.unlink(missing_ok=True)

    def _write_back(self, step: Step, target: Path) -> None:
        """Let a sidecar have the bytes again that it had before, or be gone if there was none."""
        if step.before is None:
            if os.path.lexists(target) and not has_content(target, step.hash or "", self._pulse):
                raise ChangedError(f"{target} was changed since")
            remove_placed(target)
            return
        temporary = target.with_name(f".familiar-{step.id}-undo.tmp")
        try:
            place_over(step.before, target, temporary, expected=step.hash or "", pulse=self._pulse)
        finally:
            temporary.unlink(missing_ok=True)

    def _obstacle(self, step: Step, removed: set[Path | None], sidecars: Sidecars) -> str | None:
        if isinstance(step.operation, Tag):
            return None
        if step.target is None or step.source is None or step.hash is None:
            return "it was not done"
        if isinstance(step.operation, Inscribe | Escort):
            return self._obstacle_for_sidecar(step, step.target, step.source, sidecars)
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

    def _obstacle_for_sidecar(self, step: Step, target: Path, source: Path, sidecars: Sidecars) -> str | None:
        """Say what stands in the way, and note what lies there once this step is undone too."""
        now = self._content(target, sidecars)
        if now is None:
            return f"{target} is no longer there"
        if isinstance(step.operation, Escort) and step.operation.moves:
            if self._content(source, sidecars) is not None:
                return f"{source} is taken"
            sidecars |= {target: None, source: now}
            return None
        if now != step.hash:
            return f"{target} was changed since"
        sidecars[target] = None if step.before is None else hashlib.sha256(step.before).hexdigest()
        return None

    def _content(self, path: Path, sidecars: Sidecars) -> str | None:
        """Return the SHA-256 of what will lie at a path, or None for nothing; of a link or a folder that it is one."""
        if path in sidecars:
            return sidecars[path]
        if not os.path.lexists(path):
            return None
        return hash_of(path, self._pulse) if path.is_file() and not path.is_symlink() else "no file"

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
