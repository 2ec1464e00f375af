"""The environment of a kind of operation: rendered bytes, the rest of the plan, and dependent tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from familiar.effects.journal import Step
from familiar.model import Crop, Operation, PhotoOperation, SidecarContent, Tag


class Renderer(Protocol):
    """Renders the bytes of pictures and sidecars."""

    async def picture(self, step: Step, crop: Crop) -> bytes:
        """Return the picture of a face; raises FamiliarError."""

    async def sidecar(self, step: Step, sidecar: Path, wanted: SidecarContent) -> tuple[bytes | None, bytes | None]:
        """Return the new and the present content of a sidecar, None if there is none; raises FamiliarError."""


class Surroundings(Protocol):
    """The environment of a kind while it prepares a step."""

    @property
    def renderer(self) -> Renderer:
        """Renders the bytes of pictures and sidecars."""

    def append_following(self, wish: PhotoOperation, step: Step) -> None:
        """Record, before a photo is moved or copied, that its companions follow it, as far as the settings say so."""

    def check_in_reach(self, step: Step) -> None:
        """Check that a photo is where the rules saw it, or is gone from there; raises RetryError."""

    def check_photo(self, photo: Path) -> None:
        """Check that a photo is at a path; raises RetryError, GoneError."""

    def steps_beside(self, step: Step) -> Sequence[Step]:
        """Return all steps of the same plan, by their positions."""

    def append(self, step: Step, operations: Sequence[Operation]) -> None:
        """Record more that the same plan has to do, after all that it has."""

    def is_written(self, step: Step) -> bool:
        """Return whether a step that was interrupted had written what it was to write."""

    def is_wanted(self, sidecar: Path, content: SidecarContent) -> bool:
        """Return whether a sidecar is to say this still."""


class Records(Protocol):
    """What the store knows of files, sidecars and tags; a kind keeps it true, in the journal's transaction."""

    def place(self, path: Path, photo_id: int) -> None:
        """Record that a photo is at a path."""

    def mark_gone(self, path: Path) -> None:
        """Record that nothing is at a path any more."""

    def relinked(self, path: Path) -> None:
        """Record that a file has got or lost a name, which changes its time of change, but not its content."""

    def changed(self, path: Path) -> None:
        """Record that a file has another content than is known, so that it is read again."""

    def output(self, hash_: str) -> int:
        """Return the id of a picture that familiar has made, by its SHA-256."""

    def want_tag(self, photo_id: int, tag: Tag, path: Path) -> None:
        """Record that a photo, whose file is at a path, is to have a tag."""

    def veto_tag(self, photo_id: int, text: str, path: Path) -> None:
        """Record that a person took a tag back."""

    def note_sidecar(self, path: Path, photo_id: int | None) -> None:
        """Record how a sidecar looks, and for a new one whose it is."""

    def hand_over_sidecar(self, source: Path, target: Path, *, moves: bool) -> None:
        """Let what is known of a sidecar hold for the place to which it was moved or copied."""

    def forget_sidecar(self, path: Path) -> None:
        """Forget what is known of a sidecar."""

    def hand_over_photo(self, source: Path, target: Path) -> None:
        """Record a photo, if one is known, at the place to which it was moved or copied as a companion."""
