"""Write down what comes of crops while they are made, so that little is left to be found out after a crash."""

from collections.abc import Callable, Iterable, Sequence

from familiar.effects.journal import Step
from familiar.model import Tag
from familiar.service.data_sets.folder import CropFolder
from familiar.service.data_sets.manifest import CroppedFace

_EVERY = 10.0
"""Seconds between two times that the files are written."""


class Recorder:
    """Keeps the faces.json of some folders true."""

    def __init__(self, folders: Sequence[CropFolder], clock: Callable[[], float]) -> None:
        """Take the folders, and a clock that gives monotonic seconds."""
        self.added: dict[CropFolder, list[CroppedFace]] = {folder: [] for folder in folders}
        self._clock = clock
        self._saved_at = clock()

    def note(self, steps: Iterable[Step]) -> None:
        """Write down the crops that are there now; now and then the files are written."""
        for step in steps:
            if step.state not in {"done", "kept"} or step.target is None or isinstance(step.operation, Tag):
                continue
            for folder, added in self.added.items():
                entry = folder.note(step.operation.target, step.target)
                if entry is not None:
                    added.append(entry)
        if self._clock() - self._saved_at >= _EVERY:
            self.save()

    def save(self) -> None:
        """Write each file in which something has changed.

        Raises:
            FamiliarError: one can't be written.
        """
        for folder in self.added:
            folder.save()
        self._saved_at = self._clock()
