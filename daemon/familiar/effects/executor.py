"""Carry out steps: reserve in the journal, act, finish in the journal. The same call completes a step after a crash."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from familiar.backoff import HOURLY
from familiar.effects.attempt import Attempt
from familiar.effects.disks import Disks
from familiar.effects.journal import Journal, Outcome, Step
from familiar.effects.kinds.catalogue import EVERY_KIND, Kinds
from familiar.effects.leftovers import Leftovers
from familiar.errors import ChangedError, FamiliarError, GoneError, OfflineError, RetryError, SettlingError
from familiar.filesystem.files import Pulse, no_pulse
from familiar.filesystem.folders import Entry


class Executor:
    """Carries out steps of the journal. Used by one thread of the process that holds the state folder."""

    def __init__(self, journal: Journal, disks: Disks, *, pulse: Pulse = no_pulse, kinds: Kinds = EVERY_KIND) -> None:
        """Take the journal, and what opens folders; `pulse` is called during long copies."""
        self._journal = journal
        self._disks = disks
        self._kinds = kinds
        self._leftovers = Leftovers(journal, disks, kinds=kinds)
        self._pulse = pulse

    def carry_out(self, step: Step, *, rendered: bytes | None = None, before: bytes | None = None) -> Outcome:
        """Carry out a step, or complete it if a crash interrupted it.

        Args:
            step: planned, failed, or `doing` where the last process died.
            rendered: the picture of a crop, or the new content of a sidecar.
            before: the content of the sidecar when it was read.
        """
        try:
            self._leftovers.clear(step)
            with self._attempt(step, rendered=rendered, before=before) as attempt:
                outcome = self._kinds.of(step.operation).carry_out(step.operation, attempt)
        except (FamiliarError, OSError) as error:
            outcome = self._failure(self._journal.step(step.id), step, error)
        self._journal.finish(step, outcome)
        return outcome

    def give_up(self, step: Step, error: FamiliarError) -> Outcome:
        """Record that a step could not be started: for now (`RetryError`), or permanently."""
        outcome = self._failure(step, step, error)
        self._journal.finish(step, outcome)
        return outcome

    def leave(self, step: Step, target: Path) -> Outcome:
        """Record that nothing is to be done, because the target already has the content."""
        outcome = Outcome(state="kept", target=target)
        with suppress(OSError, OfflineError):  # otherwise leftovers of an earlier try stay recorded
            self._leftovers.clear(step)
        self._journal.finish(step, outcome)
        return outcome

    def is_written(self, step: Step) -> bool:
        """Return whether an interrupted step has put its file at the target."""
        if not step.is_begun or step.hash is None:
            return False
        try:
            self._leftovers.clear(step)
        except (OSError, OfflineError):
            return False
        with self._attempt(step) as attempt:
            return attempt.is_written()

    def _attempt(self, step: Step, *, rendered: bytes | None = None, before: bytes | None = None) -> Attempt:
        return Attempt(
            step, journal=self._journal, disks=self._disks, pulse=self._pulse, rendered=rendered, before=before
        )

    def _failure(self, present: Step, step: Step, error: FamiliarError | OSError) -> Outcome:
        """Return the result of a failed step, and clear leftovers of the try.

        A target that may have been reached stays recorded: the next try finds out.
        """
        with suppress(OSError, OfflineError):  # else it stays recorded
            self._leftovers.clear(present)
        outcome = self._outcome_of(step, error)
        if not present.is_begun or not self._may_be_done(present):
            return outcome
        is_late = outcome.state == "refused" and isinstance(error, OSError)  # it occurred after everything was done
        if is_late or outcome.state == "waiting":
            outcome = Outcome(state="failed", error=outcome.error, retry_in=_wait(step))
        return replace(outcome, target=present.target) if outcome.state == "failed" else outcome

    def _may_be_done(self, step: Step) -> bool:
        assert step.target is not None
        try:
            with self._disks.open(step.target.parent, real=step.target_real) as folder:
                target = Entry(folder, step.target.name)
                return self._kinds.of(step.operation).may_be_done(step, target, self._pulse)
        except FileNotFoundError:
            return False
        except (OSError, OfflineError):
            return True

    def _outcome_of(self, step: Step, error: FamiliarError | OSError) -> Outcome:
        match error:
            case OSError():
                return self._outcome_of_system(step, error)
            case OfflineError(place=place):
                return Outcome(state="failed", error=str(error), retry_in=_wait(step), waits_for=place)
            case ChangedError() if not self._kinds.of(step.operation).merges:
                return Outcome(state="refused", error=str(error), changed=step.source or step.path, is_outdated=True)
            case SettlingError(retry_in=seconds):
                return Outcome(state="waiting", error=str(error), retry_in=seconds)
            case RetryError():
                return Outcome(state="failed", error=str(error), retry_in=_wait(step))
            case _:
                return Outcome(state="refused", error=str(error), is_outdated=isinstance(error, GoneError))

    def _outcome_of_system(self, step: Step, error: OSError) -> Outcome:
        kind, number = self._kinds.of(step.operation), error.errno or 0
        where = next((name for name in (error.filename2, error.filename) if name), step.operation.destination)
        text = f"{where}: {error.strerror or error}{kind.hint(step.operation, number)}"
        if number in kind.permanent:
            return Outcome(state="refused", error=text)
        return Outcome(state="failed", error=text, retry_in=_wait(step))


def _wait(step: Step) -> float:
    return HOURLY.after(step.attempts)
