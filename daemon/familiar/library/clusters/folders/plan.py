"""What changed folders mean: the values that pass from reading to planning to applying."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from familiar.library.clusters.folders.face_markers import FaceMarker
from familiar.store.clusters.clusters import ClusterRow


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFile:
    """One entry of an exported folder.

    `path` is relative to that folder; `folder` is the folder below it that holds the entry, in Unicode NFC, "" for
    none. `mark` is the mark in the file, `named` the face in its name. `trouble` says why it is refused, and `hides`
    whether it may contain crops that are missing elsewhere.
    """

    path: str
    folder: str
    mark: FaceMarker | None = None
    named: int | None = None
    trouble: str | None = None
    hides: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderContents:
    """The content of an exported folder: the names of the folders, and the files."""

    folders: frozenset[str]
    files: tuple[FolderFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSnapshot:
    """What holds in the store now.

    `clusters` are those with faces, `live` has the cluster that each cluster of the export is a part of now,
    `cluster_of` the cluster of each face that is in one, `photos` the SHA-256 of the photo of each known face, and
    `people` the names of all people.
    """

    clusters: Mapping[int, ClusterRow]
    live: Mapping[int, int]
    cluster_of: Mapping[int, int]
    photos: Mapping[int, str]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFaces:
    """These are not faces."""

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
    """The cluster is the same person as another one."""

    cluster: int
    into: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignFaces:
    """These belong to the cluster."""

    cluster: int
    faces: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCluster:
    """These are a new cluster, split off from one that had them all, or gathered; with a name, or ignored."""

    faces: tuple[int, ...]
    split_from: int | None = None
    name: str | None = None
    ignored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreCluster:
    """The cluster is ignored."""

    cluster: int


ClusterDecision: TypeAlias = (
    NotFaces | TakeFacesOut | NameCluster | MergeClusters | AssignFaces | NewCluster | IgnoreCluster
)

What: TypeAlias = Literal["not a face", "take out", "name", "merge", "new cluster", "place", "ignore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportChange:
    """One change: the faces of its crops, the folders that they come from, and the folder that holds them now.

    `folder` is "" for crops that are gone. `target` and `note` tell people what the change means.
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
    """A file or folder that is refused, and left alone."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """Faces that are missing or unclear, about which nothing is decided."""

    folder: str
    faces: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """All that changed folders mean.

    `homes` has the folder that each former folder became; `faulty` are the folders for which nothing is done.
    `missing` are the faces whose crops are gone with all others of their folder.
    """

    changes: tuple[ImportChange, ...]
    refused: tuple[ImportRefusal, ...]
    left: tuple[Undecided, ...]
    homes: Mapping[str, str]
    faulty: frozenset[str]
    missing: frozenset[int]
