"""What it takes to do a step or to undo it: the journal, and folders that are held open meanwhile."""

from contextlib import ExitStack
from pathlib import Path

from familiar.closing import Closing
from familiar.effects.disks import Disks
from familiar.effects.journal import Journal, Step, done_with
from familiar.effects.sharing import Sharing
from familiar.filesystem.files import Pulse


class StepWork(Closing):
    """Work on one step; the folders are open until the end of its block."""

    def __init__(self, step: Step, *, journal: Journal, disks: Disks, pulse: Pulse) -> None:
        """Take the step; `pulse` is called while long files are read or written."""
        self.step = step
        self.pulse = pulse
        self.journal = journal
        self._disks = disks
        self._stack = ExitStack()

    def moved_with(self) -> frozenset[Path]:
        """Return from where steps of the same plan have moved or copied files."""
        return frozenset(step.source for step in done_with(self.journal, self.step) if step.source is not None)

    def placed_with(self) -> frozenset[Path]:
        """Return where steps of the same plan have put files."""
        return frozenset(step.target for step in done_with(self.journal, self.step) if step.target is not None)

    def sharing(self) -> Sharing:
        """Return what tells which photos share a companion."""
        return Sharing(self.journal, self._names_in, undone=(self.step.id,))

    def _names_in(self, folder: Path) -> list[str]:
        """Return the names in a folder, none if it is gone; raises OfflineError, OSError."""
        try:
            with self._disks.open(folder) as opened:
                return opened.names()
        except FileNotFoundError:
            return []

    def close(self) -> None:
        """Close the folders."""
        self._stack.close()
