"""The contract of a kind of operation: all that familiar knows of it, in one class.

A new kind is one module with such a class, and one line in `familiar.effects.kinds.catalogue.KINDS`. The module has
the kind's value, too; only values that the rules make lie in `familiar.model`, as the rules know nothing of effects.

What a kind does goes through `Attempt` and `Reversal`, which write each step into the journal before anything is done.
"""

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from familiar.effects.attempt import Attempt
from familiar.effects.journal import Outcome, Step
from familiar.effects.outlook import Outlook
from familiar.effects.reversal import Reversal
from familiar.filesystem.files import Pulse
from familiar.filesystem.folders import Entry
from familiar.model import Crop, Operation, SidecarContent, Tag

Value = TypeVar("Value", bound=Operation)
"""The value of a kind."""

Parameters: TypeAlias = dict[str, Any]
"""What JSON can hold."""

PERMANENT = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EXDEV})
"""Errors that a retry does not mend; a full disk, a missing right or a busy file it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A step that can be carried out now.

    `operation` is its operation, with what is known only now. `rendered` are bytes that are to lie at the target, and
    `before` those that lay there. With `is_undone_after` the step is only completed to be undone.
    """

    operation: Operation
    rendered: bytes | None = None
    before: bytes | None = None
    is_undone_after: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Needless:
    """A step that has nothing to do: what should be at the target is there, or is not to come any more."""

    target: Path


class Renderer(Protocol):
    """What makes the bytes of pictures and sidecars."""

    async def picture(self, step: Step, crop: Crop) -> bytes:
        """Return the picture of a face; raises FamiliarError."""

    async def sidecar(self, step: Step, sidecar: Path, wanted: SidecarContent) -> tuple[bytes | None, bytes | None]:
        """Return a sidecar as it should be, and as it is, None where there is none; raises FamiliarError."""


class Surroundings(Protocol):
    """What a kind may ask for while it prepares a step."""

    @property
    def renderer(self) -> Renderer:
        """What makes the bytes of pictures and sidecars."""

    @property
    def copies_sidecars(self) -> bool:
        """Whether a copy of a photo gets a copy of its sidecars."""

    def check_in_reach(self, step: Step) -> None:
        """Check that a photo lies where the rules saw it, or is gone from there; raises RetryError."""

    def check_photo(self, photo: Path) -> None:
        """Check that a photo lies at a path; raises RetryError, GoneError."""

    def steps_beside(self, step: Step) -> Sequence[Step]:
        """Return all steps of the same plan, by their positions."""

    def append(self, step: Step, operations: Sequence[Operation]) -> None:
        """Write down more that the same plan has to do, after all that it has."""

    def is_written(self, step: Step) -> bool:
        """Say whether a step that was interrupted had written what it was to write."""

    def is_wanted(self, sidecar: Path, content: SidecarContent) -> bool:
        """Say whether a sidecar is to say this still."""

    def sidecars_of(self, photo: Path) -> Sequence[Path]:
        """Return the sidecars that lie beside a photo."""

    def sidecar_beside(self, sidecar: Path, photo: Path, target: Path) -> Path:
        """Return where a sidecar of `photo` belongs when that lies at `target`."""


class Records(Protocol):
    """What the store knows of files, sidecars and tags; a kind keeps it true, in the journal's transaction."""

    def place(self, path: Path, photo_id: int) -> None:
        """Write down that a photo lies at a path."""

    def mark_gone(self, path: Path) -> None:
        """Write down that nothing lies at a path any more."""

    def output(self, hash_: str) -> int:
        """Return the id of a picture that familiar has made, by its SHA-256."""

    def want_tag(self, photo_id: int, tag: Tag) -> None:
        """Write down that a photo is to have a tag."""

    def veto_tag(self, photo_id: int, text: str) -> None:
        """Write down that a person took a tag back."""

    def note_sidecar(self, path: Path, photo_id: int | None) -> None:
        """Write down how a sidecar looks, and for a new one whose it is."""

    def hand_over_sidecar(self, source: Path, target: Path, *, moves: bool) -> None:
        """Let what is known of a sidecar hold for the place to which it was moved or copied."""

    def forget_sidecar(self, path: Path) -> None:
        """Forget what is known of a sidecar."""


class Kind(Protocol[Value]):
    """One kind of operation. What has a body here holds for most kinds; the rest each kind says for itself."""

    name: str
    """What the journal calls it."""

    value: type[Value]
    """The class of its values, whose `kind` is the word by which people are told of it."""

    is_about_sidecar: bool = False
    """Whether it is done to a sidecar, and not to its photo."""

    merges: bool = False
    """Whether what another program changes meanwhile is read anew, and no reason to give up."""

    permanent: frozenset[int] = PERMANENT
    """Numbers of the system's errors that a retry does not mend."""

    # In the journal

    def parameters(self, wish: Value) -> Parameters:  # noqa: ARG002 - most kinds have some
        """Return what the journal has of an operation beside its rule and its destination."""
        return {}

    def read(self, destination: str, rule: str, parameters: Parameters) -> Value:
        """Return the operation that the journal has, also as earlier versions wrote it."""

    def follow(self, wish: Value, step: Step, records: Records) -> None:
        """Keep the store true after a step was done."""

    def follow_back(self, wish: Value, step: Step, records: Records) -> None:
        """Keep the store true after a step was undone."""

    # For people

    def details(self, wish: Value) -> Parameters:  # noqa: ARG002
        """Return what programs are shown of an operation beside its kind, rule and destination."""
        return {}

    def origin(self, wish: Value, step: Step) -> Path:  # noqa: ARG002
        """Return where that lies which the operation is done to."""
        return step.path

    # To do it

    def picture_of(self, wish: Value) -> Crop | None:  # noqa: ARG002
        """Return the picture that may be rendered ahead of the step's turn, if there is one."""
        return None

    async def prepare(
        self,
        wish: Value,
        step: Step,
        around: Surroundings,
        picture: bytes | None,
    ) -> Ready | Needless:
        """Do what precedes a step; `picture` is that of `picture_of`, if it was rendered ahead.

        Raises:
            FamiliarError: the step can't be begun: for now (`RetryError`), or for good.
        """

    def carry_out(self, wish: Value, attempt: Attempt) -> Outcome:
        """Do a step, or complete it after a crash at any instant.

        Raises:
            FamiliarError, OSError: it can't be done, for now or for good.
        """

    def may_be_done(self, step: Step, target: Entry, pulse: Pulse) -> bool:  # noqa: ARG002
        """Say whether a step that met an error may have reached its target all the same."""
        return target.exists

    def is_spent(self, step: Step, aside: Entry, *, is_replaced: bool) -> bool:  # noqa: ARG002
        """Say whether a file may go that a crash left under a hidden name, and not be given its name back.

        `is_replaced` says whether something else has that name.
        """
        return False

    def hint(self, wish: Value, number: int) -> str:  # noqa: ARG002
        """Return what helps against an error of the system, to be put after what the system says."""
        return ""

    # To undo it

    def leaves_nothing(self, wish: Value, step: Step) -> bool:  # noqa: ARG002
        """Say whether nothing is left at a step's target once it is undone, with no other step's help."""
        return True

    def hash_after_undo(self, step: Step) -> str | None:  # noqa: ARG002
        """Return the SHA-256 of what lies at a step's target once it is undone; None for nothing."""
        return None

    def obstacle(self, wish: Value, step: Step, outlook: Outlook) -> str | None:
        """Say what stands in the way of undoing a step, or note what lies where once it is undone; raises OSError."""

    def take_back(self, wish: Value, reversal: Reversal) -> None:
        """Undo a step, or complete its undoing after a crash at any instant.

        Raises:
            FamiliarError, OSError: it can't be undone.
        """
