"""Clear what a crash left under the hidden names of a step."""

from pathlib import Path

from familiar.effects.disks import Disks
from familiar.effects.hidden import Hidden
from familiar.effects.journal import Journal, Step
from familiar.effects.kinds.catalogue import EVERY_KIND, Kinds
from familiar.effects.names import unused_name
from familiar.errors import OfflineError
from familiar.filesystem.folders import Entry, Folder
from familiar.filesystem.removal import discard, give_back_name


class Leftovers:
    """Removes files that never became whole, and gives those their names back that were about to lose them.

    Then the step is completed, or given up, as if the crash had come a moment earlier.
    """

    def __init__(self, journal: Journal, disks: Disks, *, kinds: Kinds = EVERY_KIND) -> None:
        """Take the journal, which has the hidden names, and what opens folders."""
        self._journal = journal
        self._disks = disks
        self._kinds = kinds

    def sweep(self) -> int:
        """Clear the hidden names of all steps that are not in progress; return how many have to wait.

        Those of a disk that is not there wait for it.
        """
        waiting = 0
        for step in self._journal.leftovers():
            try:
                self.clear(step)
            except (OSError, OfflineError):
                waiting += 1
        return waiting

    def clear(self, step: Step) -> None:
        """Clear the hidden names of one step.

        Raises:
            OfflineError: their disk is not there.
            OSError: one can't be removed, or given back.
        """
        if step.temporary is None:
            return
        hidden, is_missing = Hidden.of(step.temporary), False
        led = {path.parent: real for path, real in _places_of(step) if path is not None}
        for folder, real in led.items():
            try:
                opened = self._disks.open(folder, real=real)
            except FileNotFoundError:
                is_missing = True  # it may come back with what is in it
                continue
            with opened:
                self._clear_folder(step, opened, hidden)
        if not is_missing:
            self._journal.clear_leftovers(step)

    def _clear_folder(self, step: Step, folder: Folder, hidden: Hidden) -> None:
        for name, original in ((hidden.source, step.source), (hidden.target, step.target)):
            if original is not None and original.parent == folder.path:
                self._give_back(step, Entry(folder, name), original)
        discard(Entry(folder, hidden.new))

    def _give_back(self, step: Step, aside: Entry, original: Path) -> None:
        """Give a file its name back, unless its kind says that it is not needed any more."""
        if not aside.exists:
            return
        entry = aside.with_name(original.name)
        if self._kinds.of(step.operation).is_spent(step, aside, is_replaced=entry.exists):
            discard(aside)
        else:
            give_back_name(aside, entry, unused_name)


def _places_of(step: Step) -> tuple[tuple[Path | None, Path | None], ...]:
    """Return where hidden names may be, each with where its folder led."""
    return ((step.temporary, None), (step.source, step.source_real), (step.target, step.target_real))
