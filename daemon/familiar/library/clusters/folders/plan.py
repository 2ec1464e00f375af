"""What changed folders mean: the values that reading, planning and carrying out pass on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from familiar.library.clusters.folders.face_markers import FaceMarker
from familiar.store.clusters.clusters import ClusterRow


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFile:
    """One thing that lies in an exported folder.

    `path` is relative to that; `folder` is the one below it in which the file lies, in Unicode NFC, "" for none.
    `mark` is what it says of itself, `named` the face that its name says. `trouble` says why it can't be taken, and
    `hides` whether crops may be in it that are missing elsewhere.
    """

    path: str
    folder: str
    mark: FaceMarker | None = None
    named: int | None = None
    trouble: str | None = None
    hides: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderContents:
    """What lies in an exported folder: the names of the folders, and the files."""

    folders: frozenset[str]
    files: tuple[FolderFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSnapshot:
    """What holds in the store now.

    `clusters` are those with faces, `live` says what each cluster of the export is a part of now, `cluster_of` has the
    cluster of each face that is in one, `photos` the SHA-256 of the photo of each face that is known, and `people` the
    names of all people.
    """

    clusters: Mapping[int, ClusterRow]
    live: Mapping[int, int]
    cluster_of: Mapping[int, int]
    photos: Mapping[int, str]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFaces:
    """These are no faces."""

    faces: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFacesOut:
    """These do not belong to the cluster."""

    cluster: int
    faces: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameCluster:
    """The cluster is this person."""

    cluster: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeClusters:
    """The cluster is the same as another one."""

    cluster: int
    into: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignFaces:
    """These belong to the cluster."""

    cluster: int
    faces: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCluster:
    """These are a new cluster: split off from one where they all were, or gathered; with a name, or to be ignored."""

    faces: tuple[int, ...]
    split_from: int | None = None
    name: str | None = None
    ignored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreCluster:
    """Nobody wants to know who the cluster is."""

    cluster: int


ClusterDecision: TypeAlias = (
    NotFaces | TakeFacesOut | NameCluster | MergeClusters | AssignFaces | NewCluster | IgnoreCluster
)

What: TypeAlias = Literal["not a face", "take out", "name", "merge", "new cluster", "place", "ignore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportChange:
    """One thing to do: the faces of the crops by which it was seen, from which folders, and where they lie now.

    `folder` is "" for crops that are gone. `target` and `note` say for people what becomes of them.
    """

    what: What
    faces: tuple[int, ...]
    origin: tuple[str, ...]
    folder: str
    target: str
    note: str
    step: ClusterDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRefusal:
    """What is left alone because it can't be taken, or not in this way."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """What is missing, or has become unclear, and about which nothing is decided."""

    folder: str
    faces: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """All that changed folders mean.

    `homes` has the folder into which each former one was renamed or emptied; `faulty` are the folders about which
    nothing is done. `missing` are the faces whose crops have gone with all others of their folder.
    """

    changes: tuple[ImportChange, ...]
    refused: tuple[ImportRefusal, ...]
    left: tuple[Undecided, ...]
    homes: Mapping[str, str]
    faulty: frozenset[str]
    missing: frozenset[int]
