"""Undo steps: all that were asked for, or none."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from familiar.effects.disks import Disks
from familiar.effects.hidden import Hidden
from familiar.effects.journal import Journal, Step
from familiar.effects.leftovers import Leftovers
from familiar.effects.placing import place_move, place_over
from familiar.errors import ChangedError, FamiliarError, GoneError, OfflineError, StoreError
from familiar.filesystem.files import BLOCK, HeldFile, Pulse, hold, hold_if_regular, no_pulse
from familiar.filesystem.folders import Entry
from familiar.filesystem.regular_files import open_regular
from familiar.filesystem.removal import Proof, prove_copy, prove_known, prove_second_name, remove, remove_link
from familiar.model import Crop, Link, Move, MoveSidecar, Tag, WriteSidecar

_RETRY = 60.0
"""Seconds after which an undo is tried again of which it is not known how far it came."""
_NO_FILE = "no file"
"""What is at a path where there is something other than a regular file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a step can't be undone."""

    operation: int
    kind: str
    path: Path
    reason: str


class Undo:
    """Takes steps back, as long as the files are where the operations left them."""

    def __init__(self, journal: Journal, disks: Disks, *, pulse: Pulse = no_pulse) -> None:
        """Take the journal, and what opens folders; `pulse` is called during long copies."""
        self._journal = journal
        self._disks = disks
        self._leftovers = Leftovers(journal, disks)
        self._pulse = pulse

    def obstacles(self, steps: Sequence[Step]) -> tuple[Obstacle, ...]:
        """Return what stands in the way of undoing these steps (newest first); touches nothing.

        Each is judged by what will lie at the paths once the ones before it are undone.
        """
        removed = {step.target for step in steps if step.target is not None and _removes(step)}
        expected = _Expected(removed, self._pulse)
        found = [(step, self._obstacle_or_error(step, expected)) for step in steps]
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
        try:
            if step.state != "undoing":
                self._check(step)
            self._leftovers.clear(step)
            self._take_back(step)
        except StoreError:
            raise
        except (FamiliarError, OSError) as error:
            self._end_failed(self._journal.step(step.id), error)
            return
        self._journal.clear_leftovers(step)
        self._journal.finish_undo(step, None)

    def _end_failed(self, step: Step, error: FamiliarError | OSError) -> None:
        """Write down what came of an undo that has met an error: it may have come when all was done.

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
        reason = self._obstacle(step, _Expected(set(), self._pulse))
        if reason is not None:
            raise ChangedError(reason)

    def _is_taken_back(self, step: Step) -> bool | None:
        """Say whether what was to leave its target is not there any more; None where that can't be told now."""
        try:
            self._leftovers.clear(step)
            assert step.target is not None
            now = _Expected(set(), self._pulse).at(step.target)
        except (FamiliarError, OSError):
            return None
        return now == (step.hash_before if isinstance(step.operation, WriteSidecar) else None)

    def _take_back(self, step: Step) -> None:
        assert step.target is not None
        assert step.source is not None
        hidden = Hidden.fresh(step.id)
        begun = step.state == "undoing"
        with ExitStack() as stack:
            target = self._target(stack, step.target)
            match step.operation:
                case Move() | MoveSidecar(moves=True):
                    folder = self._disks.make(step.source.parent, real=step.source_real)
                    source = Entry(stack.enter_context(folder), step.source.name)
                    self._begin(step, source.with_name(hidden.new))
                    self._move_back(step, target, source, hidden)
                case _ if target is None and begun:
                    pass  # it is gone, as it was to be
                case _ if target is None:
                    raise GoneError(f"{step.target} is no longer there")
                case WriteSidecar() if step.before is not None:
                    self._begin(step, target.with_name(hidden.new))
                    place_over(step.before, target, hidden, expected=step.hash or "", pulse=self._pulse)
                case Link(symbolic=True):
                    self._begin(step, target.with_name(hidden.new))
                    if target.exists or not begun:
                        remove_link(target, step.source, hidden=hidden.target)
                        target.folder.sync()
                case _:
                    self._begin(step, target.with_name(hidden.new))
                    self._remove(step, target, hidden, begun=begun)

    def _begin(self, step: Step, temporary: Entry) -> None:
        self._journal.begin_undo(step, temporary=temporary.path)

    def _move_back(self, step: Step, target: Entry | None, source: Entry, hidden: Hidden) -> None:
        hash_ = step.photo_hash
        if isinstance(step.operation, MoveSidecar):  # with whatever it says by now: it goes where it came from
            hash_ = self._hash_at(target) or self._hash_at(source) or ""
        place_move(target, source, Hidden(hidden.base, is_undo=True), hash_=hash_, pulse=self._pulse)

    def _remove(self, step: Step, target: Entry, hidden: Hidden, *, begun: bool) -> None:
        """Remove what a step has put at its target, if its content outlives that."""
        if begun and not target.exists:
            return
        with hold(target) as doomed, self._proof(step, doomed) as proof:
            remove(doomed, proof, hidden=hidden.target)
        target.folder.sync()

    @contextmanager
    def _proof(self, step: Step, doomed: HeldFile) -> Iterator[Proof]:
        """Give the proof that what a step has put somewhere may go.

        Raises:
            ChangedError: it was changed, or is the last copy of its photo.
        """
        hash_ = step.hash or ""
        if isinstance(step.operation, Crop | WriteSidecar) or (
            not isinstance(step.operation, MoveSidecar) and self._journal.is_elsewhere(step)
        ):
            yield prove_known(doomed, hash_, pulse=self._pulse)
            return
        doomed.verify(hash_, self._pulse)
        unproven: ChangedError | OSError | None = None
        with ExitStack() as stack:
            for path in self._copies_of(step):
                entry = self._entry(stack, path)
                held = None if entry is None else stack.enter_context(hold_if_regular(entry))
                if entry is None or held is None or entry.is_same(doomed.entry):
                    continue
                if held.is_one_with(doomed):
                    if isinstance(step.operation, Link):
                        yield prove_second_name(doomed, entry)
                        return
                elif held.hash(self._pulse) == hash_:
                    try:
                        proof = prove_copy(doomed, held, hash_, pulse=self._pulse)
                    except (ChangedError, OSError) as error:
                        unproven = error
                        continue
                    yield proof
                    return
            raise unproven or ChangedError(_last_copy(step))

    def _copies_of(self, step: Step) -> list[Path]:
        """Return where another copy of what a step has put somewhere may lie, the most likely first."""
        assert step.source is not None
        others = [] if isinstance(step.operation, MoveSidecar) else [step.path, *self._journal.paths_of(step)]
        return [path for path in dict.fromkeys([step.source, *others]) if path != step.target]

    def _target(self, stack: ExitStack, path: Path) -> Entry | None:
        """Return where a step has put something, or None if its folder is gone; raises OfflineError, OSError."""
        try:
            return Entry(stack.enter_context(self._disks.open(path.parent)), path.name)
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
            return None if held is None else held.hash(self._pulse)

    # What stands in the way

    def _obstacle_or_error(self, step: Step, expected: "_Expected") -> str | None:
        try:
            return self._obstacle(step, expected)
        except OSError as error:
            return _told(error)

    def _obstacle(self, step: Step, expected: "_Expected") -> str | None:
        """Say what stands in the way, and note what lies where once this step is undone too."""
        if isinstance(step.operation, Tag):
            return None
        if step.target is None or step.source is None or step.hash is None:
            return "it was not done"
        unreachable = self._unreachable(step, step.target, step.source)
        if unreachable is not None:
            return unreachable
        match step.operation:
            case Link(symbolic=True):
                return _obstacle_for_link(step.target, step.source, expected)
            case Move() | MoveSidecar(moves=True):
                return _obstacle_for_move(step, step.target, step.source, expected)
            case _:
                return self._obstacle_for_copy(step, step.target, expected)

    def _unreachable(self, step: Step, target: Path, source: Path) -> str | None:
        """Say so if a disk is not there, or may not be written."""
        try:
            self._disks.check(target.parent, was=step.target_disk)
            if isinstance(step.operation, Move | MoveSidecar):
                self._disks.check(source.parent, was=step.source_disk)
        except OfflineError as error:
            return str(error)
        if target.parent.is_dir() and not os.access(target.parent, os.W_OK | os.X_OK):
            return f"{target.parent} may not be written"
        return None

    def _obstacle_for_copy(self, step: Step, target: Path, expected: "_Expected") -> str | None:
        now = expected.at(target)
        if now is None:
            return f"{target} is no longer there"
        if now != step.hash:
            return f"{target} was changed since"
        if isinstance(step.operation, WriteSidecar):
            expected.note(target, step.hash_before)
            return None
        if not isinstance(step.operation, Crop) and not self._has_other_copy(step, target, expected):
            return _last_copy(step)
        expected.note(target, None)
        return None

    def _has_other_copy(self, step: Step, target: Path, expected: "_Expected") -> bool:
        if not isinstance(step.operation, MoveSidecar) and self._journal.is_elsewhere(step):
            return True
        is_link = isinstance(step.operation, Link)
        return any(
            expected.at(path) == step.hash
            and not expected.is_one(path, target, by_name=is_link)
            and not self._may_show(path, target)
            for path in self._copies_of(step)
            if path not in expected.removed
        )

    def _may_show(self, path: Path, target: Path) -> bool:
        return self._disks.disk_of(path.parent).may_show(self._disks.disk_of(target.parent))


class _Expected:
    """What lies at paths once newer steps are undone: SHA-256, `-> PATH` for a link, or None for nothing."""

    def __init__(self, removed: set[Path], pulse: Pulse) -> None:
        """Take the paths where nothing will lie in the end."""
        self.removed = removed
        self._pulse = pulse
        self._noted: dict[Path, str | None] = {}

    def at(self, path: Path) -> str | None:
        if path not in self._noted:
            self._noted[path] = self._look(path)
        return self._noted[path]

    def note(self, path: Path, content: str | None) -> None:
        self._noted[path] = content

    def is_one(self, one: Path, other: Path, *, by_name: bool) -> bool:
        """Say whether two paths lead to one file, or to one name of it; what is still to be moved back does not yet."""
        try:
            if by_name:
                return os.path.realpath(one) == os.path.realpath(other)
            return os.path.samefile(one, other)
        except OSError:
            return False

    def _look(self, path: Path) -> str | None:
        if path.is_symlink():
            return f"-> {path.readlink()}"
        if not os.path.lexists(path):
            return None
        if not path.is_file():
            return _NO_FILE
        with open_regular(path) as file:
            digest = hashlib.sha256()
            while block := file.read(BLOCK):
                digest.update(block)
                self._pulse()
        return digest.hexdigest()


def _removes(step: Step) -> bool:
    """Say whether nothing is left at a step's target once it is undone, with no other step's help."""
    match step.operation:
        case Move() | MoveSidecar(moves=True):
            return False
        case WriteSidecar():
            return step.before is None
        case _:
            return True


def _obstacle_for_link(target: Path, source: Path, expected: _Expected) -> str | None:
    now = expected.at(target)
    if now is None:
        return f"{target} is no longer there"
    if now != f"-> {source}":
        return f"{target} is not the link that was made"
    expected.note(target, None)
    return None


def _obstacle_for_move(step: Step, target: Path, source: Path, expected: _Expected) -> str | None:
    now = expected.at(target)
    if now is None or now.startswith("-> "):
        return f"{target} is no longer there"
    if isinstance(step.operation, Move) and now != step.hash:
        return f"{target} was changed since"
    if expected.at(source) not in {None, now}:  # the same content there needs only its other name to go
        return f"{source} is taken"
    expected.note(target, None)
    expected.note(source, now)
    return None


def _told(error: FamiliarError | OSError) -> str:
    if isinstance(error, OSError):
        where = error.filename2 or error.filename
        return f"{where}: {error.strerror}" if where else str(error.strerror or error)
    return str(error)


def _last_copy(step: Step) -> str:
    what = "sidecar" if isinstance(step.operation, MoveSidecar) else "photo"
    return f"{step.target} is the last copy of its {what} that is known"
