"""Record the result of crops while they are made, so that little is left to be found out after a crash."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from familiar.effects.journal import Step
from familiar.errors import FamiliarError
from familiar.library.crops.folder import CropFolder
from familiar.library.crops.manifest import CroppedFace, write_manifests
from familiar.model import FileOperation

_EVERY = 10.0
"""Seconds between two times that the files are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unsaved:
    """A crop of this run that no file has yet."""

    folder: CropFolder
    entry: CroppedFace
    step: Step


class Recorder:
    """Keeps the faces.json of some folders true."""

    def __init__(self, folders: Sequence[CropFolder], clock: Callable[[], float]) -> None:
        """Take the folders, and a clock that gives monotonic seconds."""
        self.added: dict[CropFolder, list[CroppedFace]] = {folder: [] for folder in folders}
        self._unsaved: list[_Unsaved] = []
        self._clock = clock
        self._saved_at = clock()

    def note(self, steps: Iterable[Step]) -> None:
        """Record the crops that are there now; now and then the files are written, as far as that can be done.

        Those that existed before get their entry, but are not counted as added.
        """
        for step in steps:
            operation = step.operation
            if step.state not in {"done", "kept"} or step.target is None or not isinstance(operation, FileOperation):
                continue
            for folder, added in self.added.items():
                entry = folder.note(operation.target, step.target)
                if entry is not None and step.state == "done":
                    added.append(entry)
                    self._unsaved.append(_Unsaved(folder=folder, entry=entry, step=step))
        if self._clock() - self._saved_at >= _EVERY:
            with suppress(FamiliarError):  # the last result counts
                self.save()

    def save(self) -> None:
        """Write the changed files, all or none.

        Raises:
            FamiliarError: one can't be written, or another program has written it in the meantime.
        """
        self._saved_at = self._clock()
        changed = [folder for folder in self.added if folder.has_changed]
        for folder in changed:
            folder.check_unchanged()
        write_manifests({folder.path: folder.manifest for folder in changed})
        for folder in changed:
            folder.mark_written()
        self._unsaved.clear()

    def forget_newest(self, count: int) -> list[Step]:
        """Remove up to this many of the newest crops that no file has yet, and return their steps."""
        chosen = self._unsaved[: -count - 1 : -1]
        del self._unsaved[-count:]
        for one in chosen:
            one.folder.forget([one.folder.path / one.entry.file])
            self.added[one.folder].remove(one.entry)
        return [one.step for one in chosen]
