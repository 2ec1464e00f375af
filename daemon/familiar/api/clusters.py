"""Clusters: groups of faces, and what a person decides about them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from familiar.api.session import Loop, Session
from familiar.errors import StaleError, UsageError
from familiar.library.argument_types import checked_arguments
from familiar.library.arguments import check_distance, check_number
from familiar.library.clusters.grouping import regroup
from familiar.library.clusters.naming import name_cluster
from familiar.library.clusters.similarity import SimilarPerson, similar_people
from familiar.library.named_paths import expanded
from familiar.library.thumbnails import FaceThumbnails
from familiar.store.clusters.clusters import ClusterFace, ClusterRow
from familiar.store.clusters.rounds import GroupingResult
from familiar.store.clusters.suggestions import Suggestion
from familiar.store.decisions.log import EventRow

if TYPE_CHECKING:
    from familiar.library.clusters.folders.export import Exported
    from familiar.library.clusters.folders.folder_import import FolderImport
    from familiar.library.clusters.folders.imports import ChangeResult
    from familiar.library.clusters.montage import ClusterMontage


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClusterEvent:
    """A decision that made a new cluster, and the id of the cluster."""

    event: EventRow
    cluster: int


@checked_arguments
class FaceClusters:
    """Groups of faces, each of one person as far as the program can tell.

    The id of a cluster never changes and is never used again; the id of a cluster that became a part of another one
    stands for the other one. A decision is an event of a log, and holds until it is undone. After a decision all known
    faces are matched again, by the daemon if it runs.

    All methods raise NoStoreError if there is no store yet, and UsageError if there is no such cluster, face or person,
    or if the call contradicts an earlier decision; then nothing is changed.
    """

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def all(self) -> list[ClusterRow]:
        """Return all clusters, the largest first, including those with a name and the ignored ones.

        Clusters with nothing but junk, faces too blurred, small or cut off to be recognised, come last.
        """
        return self._session.store().clusters.all()

    def unnamed(self) -> list[ClusterRow]:
        """Return the clusters without a name that are not ignored, in the order of `all`."""
        return self._session.store().clusters.unnamed()

    def waiting(self, *, least: int = 1, among: Sequence[int] | None = None) -> list[ClusterRow]:
        """Return the clusters that wait for a name, in the order of `all`.

        These have no name, are not ignored, and have a face that does not match a person.

        Args:
            least: smallest number of faces.
            among: only these, as far as they are not a part of another one.
        """
        check_number("least", least, 1)
        clusters = self._session.store().clusters
        rows = clusters.unnamed() if among is None else clusters.those(among)
        return [row for row in rows if row.kind == "unnamed" and row.recognised < row.faces and row.faces >= least]

    def ungrouped(self) -> int:
        """Count the faces that are in no cluster and match nobody."""
        return self._session.store().clusters.ungrouped()

    def find(self, cluster: int) -> ClusterRow:
        """Return one cluster."""
        return self._session.store().clusters.find(cluster)

    def faces(self, cluster: int, *, start: int = 0, most: int | None = None) -> list[ClusterFace]:
        """Return the faces of a cluster, the most typical first: those nearest to its centre; junk comes last.

        Args:
            cluster: its id.
            start: how many faces are skipped.
            most: how many are returned at most; by default all.
        """
        check_number("start", start, 0)
        check_number("most", most, 0)
        store = self._session.store()
        return store.clusters.faces(store.clusters.live(cluster), start=start, most=most)

    def years(self, cluster: int) -> tuple[str, str] | None:
        """Return the first and the last time (ISO 8601) at which photos of a cluster were taken, if it is known."""
        store = self._session.store()
        return store.clusters.years(store.clusters.live(cluster))

    def similar_people(self, cluster: int, *, most: int = 10) -> list[SimilarPerson]:
        """Return who a cluster may be, the most similar person first; not those who were refused for it.

        Args:
            cluster: its id.
            most: number of people.
        """
        check_number("most", most, 0)
        session = self._session
        return similar_people(session.store(), session.recogniser, cluster, most=most)

    def check_seen(self, versions: Mapping[int, str]) -> None:
        """Check, in a block of `Library.deciding`, that clusters still are as they were seen.

        Args:
            versions: of clusters by their ids, as `ClusterRow` has them.

        Raises:
            StaleError: one of them is not: it has other faces or another name, or is a part of another one.
        """
        now = {cluster: self._version(cluster) for cluster in versions}
        stale = [cluster for cluster, seen in versions.items() if now[cluster] != seen]
        if stale:
            raise StaleError("cluster", stale)

    def paths_of(self, faces: Iterable[ClusterFace]) -> dict[int, Path | None]:
        """Return the paths of the photos of faces, by the photo's id; None: the photo is gone."""
        files = self._session.store().files
        return {
            photo: next(iter(files.paths_of(photo)), None) for photo in dict.fromkeys(one.photo_id for one in faces)
        }

    def name(self, cluster: int, name: str, *, allow_same_photo: bool = False) -> EventRow:
        """Give a cluster a name: all of its faces are this person's; up to twelve become references.

        Args:
            cluster: its id.
            name: the name of a known person, or of a new one.
            allow_same_photo: allow one photo to show two faces of the person, as with a mirror or a collage. The
                setting `clustering.same_photo` always allows it.
        """
        store, allow = self._session.store(), self._allows_same_photo(allow_same_photo)
        return self._decided(name_cluster(store, cluster, name, model=self._session.model, allow_same_photo=allow))

    def merge(self, cluster: int, into: int, *, allow_same_photo: bool = False) -> EventRow:
        """Make two clusters one: a cluster with a name absorbs one without, otherwise `into` absorbs the other.

        Args:
            cluster: its id.
            into: the id of the other one.
            allow_same_photo: as for `name`.
        """
        store, allow = self._session.store(), self._allows_same_photo(allow_same_photo)
        return self._decided(store.decisions.clusters.merge(cluster, into, allow_same_photo=allow))

    def split(self, cluster: int, faces: Sequence[int]) -> NewClusterEvent:
        """Move faces, by their ids, from a cluster to a new one; the program never joins the two again."""
        event, fresh = self._session.store().decisions.clusters.split(cluster, faces)
        return NewClusterEvent(event=self._decided(event), cluster=fresh)

    def take_out(self, cluster: int, faces: Sequence[int]) -> EventRow:
        """Take faces out of a cluster; they never come back to it or to its person."""
        return self._decided(self._session.store().decisions.faces.take_out(cluster, faces))

    def place(self, cluster: int, faces: Sequence[int], *, allow_same_photo: bool = False) -> EventRow:
        """Put faces into a cluster, wherever they are now; `allow_same_photo` as for `name`."""
        store, allow = self._session.store(), self._allows_same_photo(allow_same_photo)
        return self._decided(store.decisions.faces.place(cluster, faces, allow_same_photo=allow))

    def gather(self, faces: Sequence[int], *, allow_same_photo: bool = False) -> NewClusterEvent:
        """Make a new cluster of faces, wherever they are now; `allow_same_photo` as for `name`."""
        store, allow = self._session.store(), self._allows_same_photo(allow_same_photo)
        event, fresh = store.decisions.faces.gather(faces, allow_same_photo=allow)
        return NewClusterEvent(event=self._decided(event), cluster=fresh)

    def refuse(self, cluster: int, name: str) -> EventRow:
        """Say that a cluster is not this person: all of its faces, and those that join it later."""
        return self._decided(self._session.store().decisions.clusters.refuse(cluster, name))

    def tell_apart(self, cluster: int, other: int) -> EventRow:
        """Say that two clusters are two people."""
        return self._decided(self._session.store().decisions.clusters.tell_apart(cluster, other))

    def ignore(self, cluster: int) -> EventRow:
        """Ignore a cluster, and the faces that join it later."""
        return self._decided(self._session.store().decisions.clusters.ignore(cluster))

    def not_a_face(self, faces: Sequence[int]) -> EventRow:
        """Mark faces as not faces: they no longer count anywhere."""
        return self._decided(self._session.store().decisions.faces.not_a_face(faces))

    def suggestions(self, *, margin: float = 0.08) -> list[Suggestion]:
        """Suggest who clusters may be, and which clusters may be one person, the best suggestion first.

        Args:
            margin: how much the mean distance of a cluster's faces to a person may exceed the threshold of matching,
                from 0 to 2.
        """
        check_number("margin", margin, 0, 2)
        store = self._session.store()
        return store.suggestions.all(threshold=self._session.settings.matching.threshold + margin)

    def log(self, *, limit: int | None = None) -> list[EventRow]:
        """Return the decisions about clusters, of persons and of the program, the newest first, at most `limit`."""
        check_number("limit", limit, 0)
        return self._session.store().decisions.log.events(subject="clusters", limit=limit)

    def undo(self, event: int | None = None) -> EventRow:
        """Undo a decision, by default the last one of a person about clusters; return it. All is as it was before.

        Args:
            event: its number in the log.

        Raises:
            UsageError: there is no such event, it was undone already, or a later one builds on it; nothing is
                changed.
        """
        undone = self._session.store().decisions.undo(event, subject="clusters")
        self._session.rematch_after_decision()
        return undone

    def run(self, *, threshold: float | None = None) -> GroupingResult:
        """Group the faces of unknown people; existing clusters keep their ids and faces.

        Args:
            threshold: distance up to which a face joins a group, in 0 to 2; by default the configured one.
        """
        check_distance("threshold", threshold)
        clustering = self._session.settings.clustering
        if threshold is not None:
            clustering = clustering.model_copy(update={"threshold": threshold})
        store = self._session.store()
        with self._session.progress("grouping faces"):
            result = regroup(store, clustering, self._session.model)
        self._session.rematch_after_decision()
        return result

    @contextmanager
    def pictures(self) -> Iterator["ClusterPictures"]:
        """Keep the worker processes that cut faces out of photos for a block, for several pictures of clusters."""
        with self._session.loop() as loop:
            workers = self._session.workers(networks=False)
            try:
                yield ClusterPictures(self, FaceThumbnails(store=self._session.store(), workers=workers), loop)
            finally:
                workers.close()

    def montage(self, cluster: int, *, columns: int = 8, rows: int = 3) -> "ClusterMontage":
        """Return one picture of a cluster, as `ClusterPictures.montage` does."""
        with self.pictures() as pictures:
            return pictures.montage(cluster, columns=columns, rows=rows)

    def export(
        self,
        folder: str | Path,
        *,
        clusters: Sequence[int] = (),
        unnamed: bool = False,
        most: int | None = None,
        min_quality: float = 0.0,
        again: bool = False,
    ) -> "Exported":
        """Write a crop of each face into a folder, sorted by clusters; photos are not touched.

        Args:
            folder: a new or empty folder, outside of the watched folders.
            clusters: only these; by default all except the ignored ones.
            unnamed: only clusters without a name.
            most: largest number of faces of a cluster, the most typical first.
            min_quality: skip faces of a lower quality, from 0 to 1; an unknown quality is good enough.
            again: replace an earlier export in the folder.

        Raises:
            UsageError: the folder can't be used, or has changes that were not imported.
            FamiliarError: there is nothing to export, or none of the photos can be read.
            RetryError: the folder can't be written for now.
        """
        from familiar.api.cluster_folders import export_clusters  # noqa: PLC0415 - most callers need no folders

        return export_clusters(
            self._session,
            expanded(folder),
            clusters=clusters,
            unnamed=unnamed,
            most=most,
            min_quality=min_quality,
            again=again,
        )

    def plan_import(self, folder: str | Path) -> "FolderImport":
        """Return what was changed in a folder since its export, and what that means; nothing is decided yet.

        Raises:
            UsageError: the folder has no export, or one from another store.
        """
        from familiar.api.cluster_folders import plan_import  # noqa: PLC0415

        return plan_import(self._session, expanded(folder))

    def apply_import(self, wanted: "FolderImport") -> "list[ChangeResult]":
        """Apply a plan, and return the result of each change; the others are applied if one can't be made.

        Raises:
            UsageError: clusters or the folder were changed since the plan was made; nothing is changed.
            RetryError: all changes are applied, but the manifest of the folder can't be written.
        """
        from familiar.api.cluster_folders import apply_import  # noqa: PLC0415

        return apply_import(self._session, wanted)

    def _version(self, cluster: int) -> str | None:
        clusters = self._session.store().clusters
        try:
            return clusters.find(cluster).version if clusters.live(cluster) == cluster else None
        except UsageError:
            return None

    def _allows_same_photo(self, asked: bool) -> bool:  # noqa: FBT001 - it is what it returns, or the setting
        return asked or self._session.settings.clustering.same_photo

    def _decided(self, event: int) -> EventRow:
        """Match all faces again by what was decided, and return that."""
        self._session.rematch_after_decision()
        return self._session.store().decisions.log.event_of(event)


@checked_arguments
class ClusterPictures:
    """Makes pictures of clusters."""

    def __init__(self, clusters: FaceClusters, thumbnails: FaceThumbnails, loop: Loop) -> None:
        """Take the clusters, what cuts faces out, and the event loop in which it does."""
        self._clusters = clusters
        self._thumbnails = thumbnails
        self._loop = loop

    def montage(self, cluster: int, *, columns: int = 8, rows: int = 3) -> "ClusterMontage":
        """Return one picture of the most and the least typical faces of a cluster, with their numbers.

        Faces whose photos can't be read are shown as gone.

        Args:
            cluster: its id.
            columns: faces in a row.
            rows: of faces; a cluster with fewer faces needs fewer.
        """
        from familiar.library.clusters.montage import montage_of  # noqa: PLC0415 - it needs Pillow

        check_number("columns", columns, 1)
        check_number("rows", rows, 1)
        faces = self._clusters.faces(cluster)
        return self._loop.run(montage_of(faces, self._thumbnails, columns=columns, rows=rows))
