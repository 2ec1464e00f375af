"""The contract of a kind of operation: everything about it in one class.

A new kind is one module with such a class, and one line in `familiar.effects.kinds.catalogue.KINDS`. The module has
the kind's value, too; only values that the rules make are in `familiar.model`, as the rules know nothing of effects.

What a kind does goes through `Attempt` and `Reversal`, which write each step into the journal before anything is done.
"""

import errno
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from familiar.effects.attempt import Attempt
from familiar.effects.journal import Outcome, Step
from familiar.effects.kinds.surroundings import Records, Surroundings
from familiar.effects.outlook import Outlook
from familiar.effects.reversal import Reversal
from familiar.filesystem.files import Pulse
from familiar.filesystem.folders import Entry
from familiar.model import Crop, Operation

Value = TypeVar("Value", bound=Operation)
"""The value of a kind."""

Parameters: TypeAlias = dict[str, Any]
"""What JSON can hold."""

_REMEDIES = {
    errno.ENAMETOOLONG: "use a shorter name",
    errno.EROFS: "mount the file system writable (for a service, name the folder in ReadWritePaths=), then run "
    "`familiar rules apply`",
    errno.EFBIG: "use a file system that takes larger files",
    errno.EINVAL: "use a name that the file system takes",
    errno.EILSEQ: "use a name that the file system takes",
    errno.ELOOP: "",
    errno.EXDEV: "",
}
PERMANENT = frozenset(_REMEDIES)
"""Errors that a retry does not fix; a full disk, a missing right or a busy file it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A step that can be carried out now.

    `operation` is its operation, with what is known only now. `rendered` are the bytes for the target, and
    `before` the previous bytes there. With `is_undone_after` the step is only completed to be undone.
    """

    operation: Operation
    rendered: bytes | None = None
    before: bytes | None = None
    is_undone_after: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Needless:
    """A step with nothing to do: the target has the content, or no longer needs it."""

    target: Path


class Kind(Protocol[Value]):
    """One kind of operation. Methods with a body suit most kinds; each kind defines the others."""

    name: str
    """What the journal calls it."""

    value: type[Value]
    """The class of its values, whose `kind` is the word shown to people."""

    is_about_companion: bool = False
    """Whether it is done to a companion, as to a sidecar, and not to its photo."""

    merges: bool = False
    """Whether what another program changes in the meantime is read again, and no reason to give up."""

    permanent: frozenset[int] = PERMANENT
    """Numbers of the system's errors that a retry does not fix."""

    # In the journal

    def parameters(self, wish: Value) -> Parameters:  # noqa: ARG002 - most kinds have some
        """Return the parameters of an operation in the journal, besides its rule and destination."""
        return {}

    @abstractmethod
    def read(self, destination: str, rule: str, parameters: Parameters) -> Value:
        """Return the operation of a row in the journal, also of earlier versions."""

    @abstractmethod
    def follow(self, wish: Value, step: Step, records: Records) -> None:
        """Update the store after a step was done."""

    @abstractmethod
    def follow_back(self, wish: Value, step: Step, records: Records) -> None:
        """Update the store after a step was undone."""

    # For people

    def details(self, wish: Value) -> Parameters:  # noqa: ARG002
        """Return the JSON of an operation, besides its kind, rule and destination."""
        return {}

    def origin(self, wish: Value, step: Step) -> Path:  # noqa: ARG002
        """Return the path of the file that the operation acts on."""
        return step.path

    # To do it

    def picture_of(self, wish: Value) -> Crop | None:  # noqa: ARG002
        """Return the picture that can be rendered in advance, if there is one."""
        return None

    @abstractmethod
    async def prepare(self, wish: Value, step: Step, around: Surroundings, picture: bytes | None) -> Ready | Needless:
        """Prepare a step; `picture` is that of `picture_of`, if it was rendered in advance.

        Raises:
            FamiliarError: the step can't be started: for now (`RetryError`), or permanently.
        """

    @abstractmethod
    def carry_out(self, wish: Value, attempt: Attempt) -> Outcome:
        """Do a step, or complete it after a crash at any instant.

        Raises:
            FamiliarError, OSError: it can't be done, for now or permanently.
        """

    def may_be_done(self, step: Step, target: Entry, pulse: Pulse) -> bool:  # noqa: ARG002
        """Return whether a failed step may have reached its target."""
        return target.exists

    def is_spent(self, step: Step, aside: Entry, *, is_replaced: bool) -> bool:  # noqa: ARG002
        """Return whether a file that a crash left under a hidden name can be removed, instead of getting its name back.

        `is_replaced` says whether something else has that name.
        """
        return False

    def hint(self, wish: Value, number: int) -> str:  # noqa: ARG002
        """Return a remedy for a system error, to append to its message."""
        remedy = _REMEDIES.get(number)
        return f"; {remedy}" if remedy else ""

    # To undo it

    def leaves_nothing(self, wish: Value, step: Step) -> bool:  # noqa: ARG002
        """Return whether nothing is left at the target after the undo of this step alone."""
        return True

    def hash_after_undo(self, step: Step) -> str | None:  # noqa: ARG002
        """Return the SHA-256 of the content at the target after the undo; None for nothing."""
        return None

    @abstractmethod
    def obstacle(self, wish: Value, step: Step, outlook: Outlook) -> str | None:
        """Return the obstacle to undoing a step, or note the files after the undo; raises OSError."""

    def is_taken_back(self, wish: Value, step: Step, outlook: Outlook) -> bool:  # noqa: ARG002
        """Return whether the undo of a step, which has met an error, has come to its end; raises OSError."""
        assert step.target is not None
        return outlook.at(step.target) == self.hash_after_undo(step)

    @abstractmethod
    def take_back(self, wish: Value, reversal: Reversal) -> None:
        """Undo a step, or complete its undoing after a crash at any instant.

        Raises:
            FamiliarError, OSError: it can't be undone.
        """
