"""Undo one step: open its folders, record the hidden names, then move, remove or restore the file."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from familiar.effects.disks import Disks
from familiar.effects.hidden import Hidden
from familiar.effects.journal import Journal, Placement, Step
from familiar.effects.outlook import last_copy, photo_paths
from familiar.effects.placement import place_copy, place_move
from familiar.effects.step_work import StepWork
from familiar.errors import ChangedError, GoneError, OfflineError
from familiar.filesystem.files import HeldFile, Pulse, hold, hold_if_regular
from familiar.filesystem.folders import Entry
from familiar.filesystem.removal import Proof, prove_copy, prove_known, prove_second_name, remove


class Reversal(StepWork):
    """What a kind needs to undo a step; the folders are open until the end of its block."""

    def __init__(self, step: Step, *, journal: Journal, disks: Disks, pulse: Pulse) -> None:
        """Take the step, which is to be undone or was begun to be."""
        super().__init__(step, journal=journal, disks=disks, pulse=pulse)
        self.hidden = Hidden.fresh(step.id)
        self.is_begun = step.state == "undoing"

    @property
    def placement(self) -> Placement:
        """Where the step has put something."""
        placement = self.step.placement
        assert placement is not None, "an operation that was not done is not undone"
        return placement

    @property
    def is_gone(self) -> bool:
        """Whether what the step has put somewhere was taken away by somebody else."""
        target = self._target()
        return not self.is_begun and (target is None or not target.exists)

    def begin(self) -> Entry | None:
        """Record that what is at the target is about to go or to be replaced; return its name.

        None is returned where an interrupted try has come to the end: the target's folder is gone.

        Raises:
            GoneError: the target's folder is gone.
            OfflineError, OSError: it can't be opened.
        """
        target = self._target()
        if target is None:
            if self.is_begun:
                return None
            raise GoneError(f"{self.placement.target} no longer exists")
        self._begin(target)
        return target

    def move_back(self, *, any_content: bool = False, leaves_copy: bool = False) -> None:
        """Move what is at the target to where it came from.

        Args:
            any_content: whatever it says by now, and not only the photo itself.
            leaves_copy: copy it there instead.

        Raises:
            FamiliarError, OSError: as `place_move` does.
        """
        target, path = self._target(), self.placement.source
        folder = self._disks.make(path.parent, real=self.step.source_real)
        source = Entry(self._stack.enter_context(folder), path.name)
        self._begin(source)
        hash_ = (self._hash_at(target) or self._hash_at(source) or "") if any_content else self.step.photo_hash
        place = place_copy if leaves_copy else place_move
        place(target, source, Hidden(self.hidden.base, is_undo=True), hash_=hash_, pulse=self.pulse)

    def remove_known(self, target: Entry) -> None:
        """Remove what familiar has made itself and can make again.

        Raises:
            ChangedError: it was changed.
            FamiliarError, OSError: it can't be removed.
        """
        with self._held(target) as doomed:
            if doomed is not None:
                self._remove(doomed, prove_known(doomed, self.placement.hash, pulse=self.pulse))

    def remove_photo(self, target: Entry, *, is_name: bool = False) -> None:
        """Remove a copy of a photo that is elsewhere too, or with `is_name` a name of one that has another.

        Raises:
            ChangedError: it was changed, or is the last copy.
            FamiliarError, OSError: it can't be removed.
        """
        if self.journal.is_elsewhere(self.step):
            self.remove_known(target)
        else:
            paths = photo_paths(self.journal, self.step, self.placement)
            self.remove_copy(target, paths, what="photo", is_name=is_name)

    def remove_copy(self, target: Entry, paths: Sequence[Path], *, what: str, is_name: bool = False) -> None:
        """Remove a file of which another copy, or with `is_name` another name, is at one of these paths.

        Raises:
            ChangedError: it was changed, or there is none.
            FamiliarError, OSError: it can't be removed.
        """
        with self._held(target) as doomed:
            if doomed is None:
                return
            doomed.verify(self.placement.hash, self.pulse)
            with self._proof(doomed, paths, what=what, is_name=is_name) as proof:
                self._remove(doomed, proof)

    @contextmanager
    def _proof(self, doomed: HeldFile, paths: Sequence[Path], *, what: str, is_name: bool) -> Iterator[Proof]:
        """Give the proof that what a step has put somewhere may go; the other copy is held for the block."""
        unproven: ChangedError | OSError | None = None
        with ExitStack() as stack:
            for path in paths:
                entry = self._entry(stack, path)
                held = None if entry is None else stack.enter_context(hold_if_regular(entry))
                if entry is None or held is None or entry.is_same(doomed.entry):
                    continue
                if held.is_one_with(doomed):
                    if is_name:
                        yield prove_second_name(doomed, entry)
                        return
                elif held.hash(self.pulse) == self.placement.hash:
                    try:
                        proof = prove_copy(doomed, held, self.placement.hash, pulse=self.pulse)
                    except (ChangedError, OSError) as error:
                        unproven = error
                        continue
                    yield proof
                    return
            raise unproven or ChangedError(last_copy(self.placement, what))

    @contextmanager
    def _held(self, target: Entry) -> Iterator[HeldFile | None]:
        """Hold what is to go; None if an interrupted try has removed it."""
        if self.is_begun and not target.exists:
            yield None
            return
        with hold(target) as doomed:
            yield doomed
        target.folder.sync()

    def _remove(self, doomed: HeldFile, proof: Proof) -> None:
        remove(doomed, proof, hidden=self.hidden.target)

    def _begin(self, entry: Entry) -> None:
        self.journal.begin_undo(self.step, temporary=entry.with_name(self.hidden.new).path)

    def _target(self) -> Entry | None:
        """Return where a step has put something, or None if its folder is gone; raises OfflineError, OSError."""
        path = self.placement.target
        try:
            return Entry(self._stack.enter_context(self._disks.open(path.parent)), path.name)
        except FileNotFoundError:
            return None

    def _entry(self, stack: ExitStack, path: Path) -> Entry | None:
        """Return a name in its folder, or None if that is gone or its disk is not there."""
        try:
            return Entry(stack.enter_context(self._disks.open(path.parent)), path.name)
        except (OSError, OfflineError):
            return None

    def _hash_at(self, entry: Entry | None) -> str | None:
        if entry is None:
            return None
        with hold_if_regular(entry) as held:
            return None if held is None else held.hash(self.pulse)
