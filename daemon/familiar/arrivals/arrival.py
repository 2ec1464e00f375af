"""One file in progress: the results of the stages so far."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from familiar.model import Photo, Plan, RecognisedFace
from familiar.store.files import FileRow
from familiar.store.photos import PhotoRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A pending file, and what each stage has added to it."""

    file: FileRow
    turn: asyncio.Event = field(repr=False)
    """Set when the files that were found before this one are done."""
    beside_still: bool = False
    """Whether it is a video beside a still that was handled, which makes a short one its clip."""
    hash: str = ""
    """SHA-256 of its content, 64 hexadecimal digits."""
    known: PhotoRow | None = None
    """The photo of this content, if it was known before this file came."""
    photo_id: int | None = None
    photo: Photo | None = None
    faces: Sequence[RecognisedFace] = ()
    plan: Plan = field(default_factory=Plan)
    rendered: Mapping[int, bytes] = field(default_factory=dict)
    """Crops of the plan that were rendered ahead, by the operation's position."""
    follows: int | None = None
    """The plan of the still, which the plan of its clip follows."""
    plan_id: int | None = None
    """The plan in the journal, if there is something to do."""

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.file.path

    @property
    def indexed(self) -> int:
        """The id of its photo, after it was indexed."""
        assert self.photo_id is not None, f"{self.path} was not indexed"
        return self.photo_id

    @property
    def recognised(self) -> Photo:
        """Its photo, after its faces were recognised."""
        assert self.photo is not None, f"{self.path} was not recognised"
        return self.photo


class Stage(Protocol):
    """One stage of handling a file."""

    async def __call__(self, arrival: Arrival) -> Arrival | None:
        """Return the arrival with the results of this stage, or None to end here.

        Raises:
            GoneError, RetryError, ChangedError: the file can't be handled for now.
            StoreError: the store can't be used.
        """
