"""Carry out steps: reserve in the journal, act, finish in the journal. The same call recovers after a crash."""

import errno
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from familiar.effects.journal import Journal, Outcome, Step
from familiar.effects.placing import (
    Pulse,
    free_name,
    has_content,
    hash_of,
    make_folder,
    place_bytes,
    place_copy,
    place_link,
    place_move,
    place_over,
)
from familiar.errors import ChangedError, FamiliarError, GoneError, RetryError, SetAsideError
from familiar.model import Copy, Crop, Escort, FileOperation, Inscribe, Link, Move, Tag, aim_of

_FIRST_RETRY = 60.0
_LAST_RETRY = 3600.0
_PERMANENT = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EXDEV})
"""A retry does not mend these; a full disk, a missing right or a busy file it may."""

_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""Where familiar may not write, there are no sidecars; to try again for each photo of a library would not end."""

Place = Callable[[Path, Path], None]
"""Puts the content at a target, by way of a temporary name."""


class Executor:
    """Does what the journal says. It is used by one thread of the one process that holds the state folder."""

    def __init__(self, journal: Journal, *, pulse: Pulse = lambda: None) -> None:
        """Take the journal; `pulse` is called during long copies."""
        self._journal = journal
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
        except ChangedError as error:
            again = isinstance(step.operation, Inscribe)  # it is read and merged anew
            outcome = Outcome(state="failed", error=str(error), retry_in=_wait(step)) if again else _refused(error)
        except (GoneError, SetAsideError) as error:
            outcome = _refused(error)
        except OSError as error:
            outcome = _failure(step, error)
            _discard(step)
        self._journal.finish(step, outcome)
        return outcome

    def give_up(self, step: Step, error: FamiliarError) -> Outcome:
        """Write down that a step could not even be begun: for now (`RetryError`), or for good."""
        passing = isinstance(error, RetryError) and not isinstance(error, ChangedError)
        outcome = (
            Outcome(state="failed", error=str(error), retry_in=_wait(step))
            if passing
            else Outcome(state="refused", error=str(error))
        )
        self._journal.finish(step, outcome)
        return outcome

    def leave(self, step: Step, target: Path) -> Outcome:
        """Write down that nothing is to be done: what should be at the target is there."""
        outcome = Outcome(state="kept", target=target)
        self._journal.finish(step, outcome)
        return outcome

    def is_written(self, step: Step) -> bool:
        """Say whether a step that was interrupted had written its sidecar."""
        target, hash_ = step.target, step.hash
        return step.state == "doing" and target is not None and hash_ is not None and has_content(target, hash_)

    def _act(self, step: Step, rendered: bytes | None, before: bytes | None) -> Outcome:
        if isinstance(step.operation, Tag):
            return Outcome(state="done")  # the journal passes it on to those that wait to be sent
        _discard(step)
        match step.operation:
            case Inscribe():
                return self._inscribe(step, step.operation, rendered, before)
            case Escort():
                return self._escort(step, step.operation)
            case _:
                return self._put(step, step.operation, rendered)

    def _inscribe(self, step: Step, wish: Inscribe, rendered: bytes | None, before: bytes | None) -> Outcome:
        target = wish.target
        if self.is_written(step):
            return Outcome(state="done", target=target)
        if rendered == before:
            return Outcome(state="kept", target=target)
        assert rendered is not None, "a sidecar is never removed"
        hash_ = hashlib.sha256(rendered).hexdigest()
        temporary = _temporary(step, target)
        self._journal.reserve(step, source=step.path, target=target, temporary=temporary, hash_=hash_, before=before)
        expected = None if before is None else hashlib.sha256(before).hexdigest()
        with _removing(temporary):
            place_over(rendered, target, temporary, expected=expected, pulse=self._pulse)
        return Outcome(state="done", target=target)

    def _escort(self, step: Step, along: Escort) -> Outcome:
        """Take a sidecar along; where its name is taken it stays where it is."""
        begun = step.state == "doing" and step.hash is not None
        target = step.target if begun and step.target is not None else along.target
        hash_ = step.hash if begun and step.hash is not None else _hash_of(along.sidecar, self._pulse)
        temporary = _temporary(step, target)
        if not begun:
            self._journal.reserve(step, source=along.sidecar, target=target, temporary=temporary, hash_=hash_)
        place = place_move if along.moves else place_copy
        try:
            with _removing(temporary):
                place(along.sidecar, target, temporary, hash_=hash_, pulse=self._pulse)
        except FileExistsError as error:
            raise SetAsideError(f"{target}: is taken; the sidecar stays at {along.sidecar}") from error
        return Outcome(state="done", target=target)

    def _put(self, step: Step, wish: FileOperation, rendered: bytes | None) -> Outcome:
        source = step.source if step.state == "doing" and step.source is not None else step.path
        hash_ = step.photo_hash if rendered is None else hashlib.sha256(rendered).hexdigest()
        place = self._placing(wish, step, source, rendered)
        ours = step.state == "doing" and not self._journal.is_claimed(step)
        if ours and step.target is not None and step.temporary is not None:
            try:
                place(step.target, step.temporary)
            except FileExistsError:
                pass  # somebody took the name since: another one will do
            else:
                return Outcome(state="done", target=step.target)
        make_folder(wish.target.parent)
        size = len(rendered) if rendered is not None else _size_of(source)
        while True:
            target, is_there = free_name(wish.target, hash_, size, self._pulse)
            if is_there:
                return Outcome(state="kept", target=target)
            temporary = _temporary(step, target)
            self._journal.reserve(step, source=source, target=target, temporary=temporary, hash_=hash_)
            try:
                with _removing(temporary):
                    place(target, temporary)
            except FileExistsError:
                continue
            return Outcome(state="done", target=target)

    def _placing(self, wish: FileOperation, step: Step, source: Path, rendered: bytes | None) -> Place:
        pulse, hash_ = self._pulse, step.photo_hash
        match wish:
            case Move():
                return lambda target, temporary: place_move(source, target, temporary, hash_=hash_, pulse=pulse)
            case Copy():
                return lambda target, temporary: place_copy(source, target, temporary, hash_=hash_, pulse=pulse)
            case Link(symbolic=symbolic):
                return lambda target, _: place_link(source, target, symbolic=symbolic, hash_=hash_, pulse=pulse)
            case Crop():
                assert rendered is not None, "a crop is carried out with its picture"
                return lambda target, temporary: place_bytes(rendered, target, temporary, pulse=pulse)


def _refused(error: FamiliarError) -> Outcome:
    return Outcome(state="refused", error=str(error))


def _temporary(step: Step, target: Path) -> Path:
    return target.with_name(f".familiar-{step.id}-{secrets.token_hex(4)}.tmp")


@contextmanager
def _removing(temporary: Path) -> Iterator[None]:
    """Leave no temporary file behind where something goes wrong."""
    try:
        yield
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _hash_of(sidecar: Path, pulse: Pulse) -> str:
    try:
        return hash_of(sidecar, pulse)
    except FileNotFoundError as error:
        raise GoneError(f"{sidecar}: no longer there") from error


def _size_of(source: Path) -> int:
    try:
        return source.stat().st_size
    except FileNotFoundError as error:
        raise GoneError(f"{source}: no longer there") from error


def _discard(step: Step) -> None:
    """Remove what an interrupted or failed attempt left under its temporary name."""
    if step.temporary is not None and os.path.lexists(step.temporary):
        step.temporary.unlink(missing_ok=True)


def _failure(step: Step, error: OSError) -> Outcome:
    where = next((name for name in (error.filename2, error.filename) if name), aim_of(step.operation))
    text = f"{os.fsdecode(where)}: {error.strerror or error}"
    if error.errno == errno.EXDEV and isinstance(step.operation, Link):
        text += "; a hard link can't reach another file system: use kind: symbolic, or copy"
    if error.errno in _PERMANENT or (isinstance(step.operation, Inscribe) and error.errno in _FORBIDDEN):
        return Outcome(state="refused", error=text)
    return Outcome(state="failed", error=text, retry_in=_wait(step))


def _wait(step: Step) -> float:
    return min(_FIRST_RETRY * 2.0**step.attempts, _LAST_RETRY)
