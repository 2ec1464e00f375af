"""Carry out steps: reserve in the journal, act, finish in the journal. The same call recovers after a crash."""

import errno
import hashlib
import stat
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from familiar.backoff import HOURLY
from familiar.effects.disks import Disks
from familiar.effects.hidden import Hidden
from familiar.effects.journal import Journal, Outcome, Step
from familiar.effects.leftovers import Leftovers
from familiar.effects.placing import (
    free_name,
    hold_photo,
    is_copy,
    place_bytes,
    place_copy,
    place_link,
    place_move,
    place_over,
)
from familiar.errors import ChangedError, FamiliarError, GoneError, OfflineError, RetryError, SetAsideError
from familiar.filesystem.files import Pulse, has_content, no_pulse
from familiar.filesystem.folders import Entry
from familiar.model import Copy, Crop, FileOperation, Link, Move, MoveSidecar, Tag, WriteSidecar, destination_of

_PERMANENT = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EXDEV})
"""A retry does not mend these; a full disk, a missing right or a busy file it may."""

_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""Where familiar may not write, there are no sidecars; to try again for each photo of a library would not end."""

Placing = Callable[[Entry, Hidden], None]
"""Puts the content at a target, by way of hidden names."""

IsThere = Callable[[Entry], bool]
"""Says whether a name has what is wished already."""


class Executor:
    """Does what the journal says. It is used by one thread of the one process that holds the state folder."""

    def __init__(self, journal: Journal, disks: Disks, *, pulse: Pulse = no_pulse) -> None:
        """Take the journal, and what opens folders; `pulse` is called during long copies."""
        self._journal = journal
        self._disks = disks
        self._leftovers = Leftovers(journal, disks)
        self._pulse = pulse

    def carry_out(self, step: Step, *, rendered: bytes | None = None, before: bytes | None = None) -> Outcome:
        """Carry out a step, or complete it if a crash interrupted it.

        Args:
            step: planned, failed, or `doing` where the last process died.
            rendered: the picture of a crop, or a sidecar as it should be.
            before: the sidecar as it was read.
        """
        try:
            outcome = self._act(step, rendered, before)
        except (FamiliarError, OSError) as error:
            outcome = self._failure(self._journal.step(step.id), step, error)
        self._journal.finish(step, outcome)
        return outcome

    def give_up(self, step: Step, error: FamiliarError) -> Outcome:
        """Write down that a step could not even be begun: for now (`RetryError`), or for good."""
        outcome = self._failure(step, step, error)
        self._journal.finish(step, outcome)
        return outcome

    def leave(self, step: Step, target: Path) -> Outcome:
        """Write down that nothing is to be done: what should be at the target is there."""
        outcome = Outcome(state="kept", target=target)
        with suppress(OSError, OfflineError):  # else what is left of an earlier try stays written down
            self._leftovers.clear(step)
        self._journal.finish(step, outcome)
        return outcome

    def is_written(self, step: Step) -> bool:
        """Say whether a step that was interrupted had written its sidecar."""
        if not _is_begun(step) or step.target is None or step.hash is None:
            return False
        try:
            self._leftovers.clear(step)
            with self._disks.open(step.target.parent, real=step.target_real) as folder:
                return has_content(Entry(folder, step.target.name), step.hash, self._pulse)
        except (OSError, OfflineError):
            return False

    def _act(self, step: Step, rendered: bytes | None, before: bytes | None) -> Outcome:
        if isinstance(step.operation, Tag):
            return Outcome(state="done")  # the journal passes it on to those that wait to be sent
        self._leftovers.clear(step)
        match step.operation:
            case WriteSidecar():
                return self._inscribe(step, step.operation, rendered, before)
            case MoveSidecar():
                return self._escort(step, step.operation)
            case _:
                return self._put(step, step.operation, rendered)

    def _inscribe(self, step: Step, wish: WriteSidecar, rendered: bytes | None, before: bytes | None) -> Outcome:
        if self.is_written(step):
            return Outcome(state="done", target=wish.target)
        if rendered == before:
            return Outcome(state="kept", target=wish.target)
        assert rendered is not None, "a sidecar is never removed"
        hash_ = hashlib.sha256(rendered).hexdigest()
        expected = None if before is None else hashlib.sha256(before).hexdigest()
        with self._disks.open(wish.target.parent) as folder:
            target, hidden = Entry(folder, wish.target.name), Hidden.fresh(step.id)
            self._reserve(step, None, step.path, target, hidden=hidden, hash_=hash_, before=before)
            place_over(rendered, target, hidden, expected=expected, pulse=self._pulse)
        return Outcome(state="done", target=wish.target)

    def _escort(self, step: Step, along: MoveSidecar) -> Outcome:
        """Take a sidecar along; where its name is taken it stays where it is."""
        begun = _is_begun(step)
        wish = step.target if begun and step.target is not None else along.target
        place = place_move if along.moves else place_copy
        with ExitStack() as stack:
            source = self._source(stack, along.sidecar)
            real = step.target_real if begun else None
            target = Entry(stack.enter_context(self._disks.make(wish.parent, real=real)), wish.name)
            hash_ = step.hash if begun and step.hash is not None else self._hash_of(source, along.sidecar)
            hidden = Hidden.fresh(step.id)
            self._reserve(step, source, along.sidecar, target, hidden=hidden, hash_=hash_)
            try:
                place(source, target, hidden, hash_=hash_, pulse=self._pulse)
            except FileExistsError as error:
                raise SetAsideError(f"{wish}: is taken; the sidecar stays at {along.sidecar}") from error
        return Outcome(state="done", target=wish)

    def _put(self, step: Step, wish: FileOperation, rendered: bytes | None) -> Outcome:
        begun = _is_begun(step)
        path = step.source if begun and step.source is not None else step.path
        hash_ = step.photo_hash if rendered is None else hashlib.sha256(rendered).hexdigest()
        with ExitStack() as stack:
            source = None if isinstance(wish, Crop) else self._source(stack, path)
            is_over = begun and source is not None and not source.exists
            size = len(rendered) if rendered is not None else 0 if is_over else _size_of(source, path)
            real = step.target_real if begun else None
            folder = stack.enter_context(self._disks.make(wish.target.parent, top=wish.top, real=real))
            place = self._placing(wish, step, source, path, rendered)

            def attempt(target: Entry) -> None:
                hidden = Hidden.fresh(step.id)
                self._reserve(step, source, path, target, hidden=hidden, hash_=hash_)
                place(target, hidden)

            if begun and step.target is not None and not self._journal.is_claimed(step):
                try:
                    target = Entry(folder, step.target.name)
                    attempt(target)
                except FileExistsError:
                    pass  # somebody took the name since: another one will do
                else:
                    return Outcome(state="done", target=target.path)
            is_there = self._checking(wish, source, hash_, size)
            while True:
                target, found = free_name(Entry(folder, wish.target.name), is_there)
                if found:
                    return Outcome(state="kept", target=target.path)
                try:
                    attempt(target)
                except FileExistsError:
                    continue
                return Outcome(state="done", target=target.path)

    def _reserve(
        self,
        step: Step,
        source: Entry | None,
        path: Path,
        target: Entry,
        *,
        hidden: Hidden,
        hash_: str,
        before: bytes | None = None,
    ) -> None:
        self._journal.reserve(
            step,
            source=path,
            target=target.path,
            temporary=target.with_name(hidden.new).path,
            hash_=hash_,
            before=before,
            source_real=step.source_real if source is None else source.folder.real,
            target_real=target.folder.real,
            source_disk=step.source_disk if source is None else source.folder.disk,
            target_disk=target.folder.disk,
        )

    def _source(self, stack: ExitStack, path: Path) -> Entry | None:
        """Return the name of what is acted on, in its folder; None if that is gone."""
        try:
            folder = stack.enter_context(self._disks.open(path.parent))
        except FileNotFoundError:
            return None
        return Entry(folder, path.name)

    def _hash_of(self, source: Entry | None, path: Path) -> str:
        if source is None:
            raise GoneError(f"{path}: no longer there")
        with hold_photo(source) as held:
            return held.hash(self._pulse)

    def _placing(
        self, wish: FileOperation, step: Step, source: Entry | None, path: Path, rendered: bytes | None
    ) -> Placing:
        pulse, hash_ = self._pulse, step.photo_hash
        match wish:
            case Move():
                return lambda target, hidden: place_move(source, target, hidden, hash_=hash_, pulse=pulse)
            case Copy():
                return lambda target, hidden: place_copy(source, target, hidden, hash_=hash_, pulse=pulse)
            case Link(symbolic=symbolic):
                return lambda target, _: place_link(source, path, target, symbolic=symbolic, hash_=hash_, pulse=pulse)
            case Crop():
                assert rendered is not None, "a crop is carried out with its picture"
                return lambda target, hidden: place_bytes(rendered, target, hidden, pulse=pulse)

    def _checking(self, wish: FileOperation, source: Entry | None, hash_: str, size: int) -> IsThere:
        """Return what says whether a name has what is wished: the content, or for a symbolic link that link."""

        def is_there(entry: Entry) -> bool:
            if isinstance(wish, Link) and wish.symbolic and source is not None and entry.link_end() == source.path:
                return True
            return is_copy(entry, hash_, size, self._pulse)

        return is_there

    def _failure(self, present: Step, step: Step, error: FamiliarError | OSError) -> Outcome:
        """Return what came of a step that has met an error, and clear what is left of the try.

        A target that may have been reached stays written down: the next try finds out.
        """
        with suppress(OSError, OfflineError):  # else it stays written down
            self._leftovers.clear(present)
        outcome = _outcome_of(step, error)
        if not _is_begun(present) or not self._may_be_reached(present):
            return outcome
        if outcome.state == "refused" and isinstance(error, OSError):  # it came when all was done
            outcome = Outcome(state="failed", error=outcome.error, retry_in=_wait(step))
        return replace(outcome, target=present.target) if outcome.state == "failed" else outcome

    def _may_be_reached(self, step: Step) -> bool:
        assert step.target is not None
        try:
            with self._disks.open(step.target.parent, real=step.target_real) as folder:
                target = Entry(folder, step.target.name)
                if isinstance(step.operation, WriteSidecar):  # something had the name before
                    return has_content(target, step.hash or "", self._pulse)
                return target.exists
        except FileNotFoundError:
            return False
        except (OSError, OfflineError):
            return True


def _is_begun(step: Step) -> bool:
    """Say whether an earlier try may have reached its target."""
    return step.state in {"doing", "failed"} and step.target is not None


def _outcome_of(step: Step, error: FamiliarError | OSError) -> Outcome:
    match error:
        case OSError():
            return _outcome_of_system(step, error)
        case OfflineError(place=place):
            return Outcome(state="failed", error=str(error), retry_in=_wait(step), waits_for=place)
        case ChangedError() if not isinstance(step.operation, WriteSidecar):  # a sidecar is read and merged anew
            return Outcome(state="refused", error=str(error))
        case RetryError():
            return Outcome(state="failed", error=str(error), retry_in=_wait(step))
        case _:
            return Outcome(state="refused", error=str(error))


def _outcome_of_system(step: Step, error: OSError) -> Outcome:
    where = next((name for name in (error.filename2, error.filename) if name), destination_of(step.operation))
    text = f"{where}: {error.strerror or error}"
    if error.errno == errno.EXDEV and isinstance(step.operation, Link):
        text += "; a hard link can't reach another file system: use kind: symbolic, or copy"
    if error.errno in _PERMANENT or (isinstance(step.operation, WriteSidecar) and error.errno in _FORBIDDEN):
        return Outcome(state="refused", error=text)
    return Outcome(state="failed", error=text, retry_in=_wait(step))


def _size_of(source: Entry | None, path: Path) -> int:
    found = None if source is None else source.look()
    if source is None or found is None:
        raise GoneError(f"{path}: no longer there")
    if stat.S_ISREG(found.st_mode):
        return found.st_size
    with hold_photo(source) as held:
        return held.identity.size


def _wait(step: Step) -> float:
    return HOURLY.after(step.attempts)
