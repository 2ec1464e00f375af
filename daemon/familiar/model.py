"""Frozen values that travel between the rooms.

A photo passes `sources -> vision -> identity -> rules -> effects`; each room takes and gives the values of this
module and nothing else. Nothing here touches a file, a clock or a database.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeAlias

from familiar.photo_details import Album, Caption

if TYPE_CHECKING:  # numpy takes longer to import than many a command runs
    import numpy as np
    import numpy.typing as npt

Embedding: TypeAlias = "npt.NDArray[np.float32]"
"""One face as numbers, shape (numbers,), float32; comparable only with embeddings of the same model."""

Embeddings: TypeAlias = "npt.NDArray[np.float32]"
"""A stack of embeddings, shape (n, numbers), float32."""

PhotoKind: TypeAlias = Literal["photo", "video", "clip"]

FLICKR = "flickr"
"""Name of the account on Flickr, and of its photos as a source, unless it has a name of its own."""

Media: TypeAlias = Literal["photo", "video"]
"""What something is on Flickr."""

Visibility: TypeAlias = Literal["public", "friends", "family", "private"]
"""Who can see a photo on Flickr: everybody, friends or family of its owner, or nobody else."""

DateSource: TypeAlias = Literal["camera", "iptc", "xmp", "sidecar", "modified", "flickr"]
"""Where the date of a photo was found: written by the camera (EXIF), or by programs; `modified` is that of an edit,
`flickr` what its owner says there."""


JUNK = 0.35
"""Faces of a lower quality are junk: too blurred, too small, or too little of a face to tell who it is
(docs/detection.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in pixels of the upright original; `right` and `bottom` are just outside of it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """One detection in a photo.

    `landmarks` are (x, y) points in pixels of the upright original; `size` is the shorter side of the box in pixels;
    `sharpness` is the variance of the Laplacian of the face's grey values on a fixed scale (see
    `vision.sharpness`); `engine` names the networks that gave the embedding. `score` is how sure the detector was, 0 to
    1; None where it does not say, or the face was found before scores were kept. `quality` is how good the picture of
    the face is, 0 to 1 (see `identity.quality`); None until it is known. `id` is None until the store knows it.

    In a video, `time` is that of the frame in which the face is best, and `times` are those of all frames in which it
    was found, in seconds from the beginning; in a photo they are None and empty.
    """

    box: Box
    landmarks: tuple[tuple[int, int], ...]
    embedding: Embedding
    size: int
    sharpness: float
    engine: str
    score: float | None = None
    quality: float | None = None
    id: int | None = None
    time: float | None = None
    times: tuple[float, ...] = ()

    def has_quality(self, minimum: float) -> bool:
        """Return whether the quality is at least a minimum; an unknown quality counts as good enough."""
        return self.quality is None or self.quality >= minimum


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """What tells whether a still and a video are of one moment; `taken` is what the camera wrote, as in `Photo`."""

    kind: PhotoKind
    taken: datetime | None = None
    content_id: str | None = None
    duration: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photo:
    """One content, known by the SHA-256 of its bytes (`hash`, 64 hexadecimal digits), with the faces found in it.

    `width` and `height` are those of the upright original; `taken` is the local time at which it was taken, without
    a zone, or None, and `taken_source` says where that was found; `format` is the decoder's name of the format, as in
    "JPEG".

    A video is a photo with several frames; `duration` is its length in seconds, where that is known. A clip is the
    moving part of a live photo: it belongs to the still beside it, and has no faces of its own. `content_id` is what
    Apple writes into both, and into nothing else.

    `turn` is how a sidecar turns the picture that the file shows, as an EXIF orientation; the boxes and landmarks of
    faces are places in the picture before that.

    Of a damaged photo `missing` is the share of the picture that its file lacks, 0 to 1, of a video that of its time;
    0 if only finer details are missing. It is None for all others.
    """

    hash: str
    format: str
    width: int
    height: int
    taken: datetime | None
    engine: str
    faces: tuple[Face, ...] = ()
    kind: PhotoKind = "photo"
    duration: float | None = None
    taken_source: DateSource | None = None
    content_id: str | None = None
    turn: int | None = None
    missing: float | None = None

    @property
    def shot(self) -> Shot:
        """What tells whether it is of one moment with another one."""
        taken = self.taken if self.taken_source == "camera" else None
        return Shot(kind=self.kind, taken=taken, content_id=self.content_id, duration=self.duration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A face's best person: `distance` is Euclidean, in the space of the embeddings.

    `accepted` is False when the person is beyond their threshold, or when a second person is so near that the two
    can't be told apart (`ambiguous`): then the face counts as unknown, and `person` says who came nearest.
    """

    person: str
    distance: float
    ambiguous: bool = False
    accepted: bool = True

    @property
    def score(self) -> float:
        """`1 / (1 + distance)`: 1 is a perfect match."""
        return 1.0 / (1.0 + self.distance)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecognisedFace:
    """A face with its best match; None where no person is registered at all.

    `percentiles` are the lowest and the highest (where several scores are equal) of the match's score among those of
    all photos for that person; None where no rule asks for them.
    """

    face: Face
    match: Match | None
    percentiles: tuple[float, float] | None = None

    @property
    def person(self) -> str | None:
        """Name of the person of the face, or None for an unknown face."""
        return self.match.person if self.match is not None and self.match.accepted else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlickrFacts:
    """What Flickr says of a photo: what it is there, who can see it, and its tags in their cleaned form.

    `taken` is when its owner says that it was taken, local, without a zone, or None if nobody knows; `uploaded` is the
    local time of the upload, or None if Flickr has not told it. `title` may be empty.

    `visibility` is empty where Flickr has not told it, and has two values for friends and family. Tags that familiar
    added are left out: a rule that asks for tags would otherwise depend on what rules did before.
    """

    id: str
    media: Media
    title: str = ""
    taken: datetime | None = None
    uploaded: datetime | None = None
    visibility: frozenset[Visibility] = frozenset()
    tags: frozenset[str] = frozenset()
    albums: tuple[Album, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """What the rules look at: a photo at one of its paths, with its faces recognised.

    `source` names the source that it came from (a folder's name in the configuration); `file_time` is the local time
    that stands for a date that the photo does not have: of the file's modification, or of the upload to Flickr. A photo
    is remote that came from Flickr: the file is only a copy of it, and `flickr` is what Flickr says of it.
    """

    photo: Photo
    path: Path
    source: str
    file_time: datetime
    faces: tuple[RecognisedFace, ...]
    is_remote: bool = False
    flickr: FlickrFacts | None = None

    @property
    def taken(self) -> datetime:
        """When the photo was taken, or if it does not say so, the time of its file."""
        return self.photo.taken or self.file_time

    @property
    def taken_source(self) -> str | None:
        """Where that time was found; `file` is the file's own, `upload` that of the upload to Flickr."""
        if self.photo.taken is not None:
            return self.photo.taken_source
        return "file" if self.flickr is None or self.flickr.uploaded is None else "upload"


class Operation(Protocol):
    """One step of a plan, of whatever kind; `familiar.effects.kinds` knows the kinds, and what is done for each."""

    @property
    def kind(self) -> str:
        """The word shown to people."""

    @property
    def rule(self) -> str:
        """The rule or command that requested it."""

    @property
    def destination(self) -> Path | str:
        """What it leads to: the wished path, or a tag. A taken name gets a number when the step is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOperation:
    """Put a file at `target`. `top` is the folder that a person has named, below which that is, whatever is moved."""

    kind: ClassVar[str]
    target: Path
    rule: str
    top: Path | None = field(default=None, compare=False)

    @property
    def destination(self) -> Path:
        """The wished path."""
        return self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoOperation(FileOperation):
    """Put the photo itself, another copy of it or a link to it at `target`; the clip of a live photo follows."""

    moves_photo: ClassVar[bool] = False
    """Whether the photo is at its target then, and nowhere else."""

    takes_companions: ClassVar[bool] = False
    """Whether the companions of the photo may go along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(PhotoOperation):
    """Move the photo to `target`."""

    kind: ClassVar[str] = "move"
    moves_photo: ClassVar[bool] = True
    takes_companions: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy(PhotoOperation):
    """Copy the photo to `target`."""

    kind: ClassVar[str] = "copy"
    takes_companions: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(PhotoOperation):
    """Link `target` to the photo: a symbolic link, or a hard one (same file system only)."""

    symbolic: bool
    kind: ClassVar[str] = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop(FileOperation):
    """Write a picture of one face to `target`.

    `margin` is the share of the box's longer side that is added on each side; `size` is the longer side of the output
    in pixels, or None for the pixels as they are. `time` is that of the frame, in a video, in seconds.

    `square` says whether the box is made a square; None, as in rules, wherever there is a size. With `landmarks` the
    face is turned and scaled by them, so that its eyes are level. `quality` is that of a lossy format, 1 to 100. `turn`
    is that of the photo. A picture that `is_quick` to be made has more bytes.
    """

    box: Box
    margin: float
    size: int | None
    time: float | None = None
    square: bool | None = None
    landmarks: tuple[tuple[int, int], ...] = ()
    quality: int | None = None
    turn: int | None = None
    is_quick: bool = False
    kind: ClassVar[str] = "crop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """Give the photo a tag where it came from; `text` is the tag as it is sent."""

    text: str
    rule: str
    kind: ClassVar[str] = "tag"

    @property
    def destination(self) -> str:
        """The tag."""
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A rectangle as shares of a picture's width and height: its centre, and its size; 0.5 is the middle."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where a named face is in a picture."""

    name: str
    area: Area


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarContent:
    """What a sidecar should say of a photo: who is on it, and where, and what its owner says of it on Flickr.

    Areas, `width` and `height` (pixels) are those of the upright original. A video has names alone.
    """

    names: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()
    width: int = 0
    height: int = 0
    caption: Caption | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A step that a rule asked for and that is not done, with the reason; `text` is that of a tag that can't be one."""

    rule: str
    kind: str
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the rules decide for one photo: operations in the order in which they are done."""

    operations: tuple[Operation, ...] = ()
    refusals: tuple[Refusal, ...] = ()
