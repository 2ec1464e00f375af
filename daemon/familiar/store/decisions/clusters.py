"""What persons decide about clusters: who they are, and which of them are one."""

from collections.abc import Sequence

from familiar.errors import SamePhotoError, UsageError
from familiar.names import check_name
from familiar.plurals import counted
from familiar.store.clusters.clusters import ClusterRow, Clusters
from familiar.store.database import Database
from familiar.store.decisions.consistency import (
    check_members,
    check_not_refused,
    check_photos,
)
from familiar.store.decisions.log import DecisionLog

_FACES_OF_PERSON = "SELECT face_id FROM cluster_faces JOIN clusters ON clusters.id = cluster_id WHERE person_id = ?"


class ClusterDecisions:
    """Decisions about clusters; each method writes one event, and returns its id.

    All methods raise UsageError, and change nothing, if what is asked for contradicts what holds.
    """

    def __init__(self, db: Database, *, clusters: Clusters, log: DecisionLog) -> None:
        """Take the open store, its clusters, and the log."""
        self._db = db
        self._clusters = clusters
        self._log = log

    def name(self, cluster_id: int, name: str, *, references: Sequence[int], allow_same_photo: bool = False) -> int:
        """Give a cluster a name: all of its faces are this person's.

        Args:
            cluster_id: the cluster.
            name: the name of a known person, or of a new one.
            references: those of its faces that are registered as references.
            allow_same_photo: name it even if another cluster of that person has a face in one photo with these.
        """
        name = check_name(name)
        with self._log.event("name") as event:
            cluster = self._clusters.find(cluster_id)
            person_id, known_as = event.person(name)
            if cluster.name == known_as:
                raise UsageError(f"Cluster {cluster.id} is {known_as!r} already.")
            check_not_refused(self._db, cluster.id, person_id, known_as)
            faces = self._clusters.face_ids(cluster.id)
            if not allow_same_photo:
                theirs = {int(row[0]) for row in self._db.conn.execute(_FACES_OF_PERSON, (person_id,))}
                check_photos(self._db, faces, theirs, f"cluster {cluster.id}", known_as)
            event.drop_references(faces, but=person_id)
            event.changes.update("clusters", cluster.id, person_id=person_id, kept=1, ignored=0)
            event.confirm(faces)
            members = set(faces)
            event.register(person_id, [face for face in references if face in members])
            former = "" if cluster.name is None else f", not {cluster.name}"
            event.summary = f"cluster {cluster.id} ({counted(len(faces), 'face')}) is {known_as}{former}"
        return event.id

    def merge(self, cluster_id: int, into: int, *, allow_same_photo: bool = False) -> int:
        """Make two clusters one: a named cluster absorbs the other one, otherwise `into` does.

        Two faces of one photo come into one cluster only with `allow_same_photo`.
        """
        with self._log.event("merge") as event:
            small, large = self._clusters.find(cluster_id), self._clusters.find(into)
            if small.id == large.id:
                raise UsageError(f"{cluster_id} and {into} are the same cluster already ({large.id}).")
            if small.name is not None and large.name is None:
                small, large = large, small
            self._check_one_person(small, large, allow_same_photo=allow_same_photo)
            event.forget_refusals_between(small.id, large.id)
            if large.name is not None and small.name is None:
                check_not_refused(self._db, small.id, self._clusters.person_id(large.id) or 0, large.name)
            event.hand_over_refusals(small.id, large.id)
            event.changes.update("clusters", small.id, absorbed_by=large.id)
            event.changes.update("clusters", large.id, kept=1)
            event.move(self._clusters.face_ids(small.id), large.id)
            event.summary = f"cluster {small.id} ({counted(small.faces, 'face')}) became a part of cluster {large.id}"
        return event.id

    def split(self, cluster_id: int, faces: Sequence[int]) -> tuple[int, int]:
        """Move faces from a cluster to a new one, never to be one again; return event and new cluster."""
        with self._log.event("split") as event:
            cluster = self._clusters.find(cluster_id)
            members = self._clusters.face_ids(cluster.id)
            check_members(cluster.id, faces, members)
            if len(set(faces)) == len(members):
                raise UsageError(f"These are all faces of cluster {cluster.id}; nothing would be left of it.")
            fresh = event.new_cluster()
            event.move(faces, fresh)
            event.changes.update("clusters", cluster.id, kept=1)
            event.refuse(cluster_id=fresh, other_id=cluster.id)
            person_id = self._clusters.person_id(cluster.id)
            if person_id is not None:
                event.drop_references(faces, of=person_id)
                event.refuse(cluster_id=fresh, person_id=person_id)
            event.summary = f"{counted(len(set(faces)), 'face')} of cluster {cluster.id} became cluster {fresh}"
        return event.id, fresh

    def refuse(self, cluster_id: int, name: str) -> int:
        """Say that a cluster is not this person: all of its faces, and those that join it later."""
        with self._log.event("refuse") as event:
            cluster = self._clusters.find(cluster_id)
            person_id, known_as = event.known_person(name)
            said = "SELECT 1 FROM refusals WHERE cluster_id = ? AND person_id = ?"
            if self._db.conn.execute(said, (cluster.id, person_id)).fetchone():
                raise UsageError(f"Cluster {cluster.id} is refused for {known_as!r} already.")
            event.drop_references(self._clusters.face_ids(cluster.id), of=person_id)
            if cluster.name == known_as:
                event.changes.update("clusters", cluster.id, person_id=None)
            event.changes.update("clusters", cluster.id, kept=1)
            event.refuse(cluster_id=cluster.id, person_id=person_id)
            unnamed = "; it has no name now" if cluster.name == known_as else ""
            event.summary = f"cluster {cluster.id} is not {known_as}{unnamed}"
        return event.id

    def tell_apart(self, cluster_id: int, other: int) -> int:
        """Say that two clusters are two people."""
        with self._log.event("refuse") as event:
            one, two = self._clusters.find(cluster_id), self._clusters.find(other)
            if one.id == two.id:
                raise UsageError(
                    f"{cluster_id} and {other} are the same cluster ({one.id}); `familiar clusters split` makes two "
                    "of it."
                )
            if one.name is not None and one.name == two.name:
                raise UsageError(f"Clusters {one.id} and {two.id} are both {one.name!r}; refuse that for one of them.")
            told = "SELECT 1 FROM refusals WHERE cluster_id IN (?1, ?2) AND other_id IN (?1, ?2)"
            if self._db.conn.execute(told, (one.id, two.id)).fetchone() is not None:
                raise UsageError(f"Clusters {one.id} and {two.id} are two people already.")
            event.tell_apart(one.id, two.id)
        return event.id

    def ignore(self, cluster_id: int) -> int:
        """Ignore a cluster, and the faces that join it later."""
        with self._log.event("ignore") as event:
            cluster = self._clusters.find(cluster_id)
            if cluster.kind != "unnamed":
                said = "ignored already" if cluster.kind == "ignored" else f"{cluster.name!r}; refuse that first"
                raise UsageError(f"Cluster {cluster.id} is {said}.")
            event.changes.update("clusters", cluster.id, ignored=1, kept=1)
            event.summary = f"cluster {cluster.id} ({counted(cluster.faces, 'face')}) is ignored"
        return event.id

    def _check_one_person(self, small: ClusterRow, large: ClusterRow, *, allow_same_photo: bool) -> None:
        """Check that two clusters can be one person."""
        if small.name is not None and large.name is not None and small.name != large.name:
            raise UsageError(
                f"Cluster {small.id} is {small.name!r}, and {large.id} is {large.name!r}; if they are one person: "
                f"familiar people merge {small.name!r} {large.name!r}"
            )
        shared = self._clusters.photo_with_both(small.id, large.id)
        if shared is not None and not allow_same_photo:
            raise SamePhotoError(
                f"Clusters {small.id} and {large.id} have faces in one photo ({shared}), so they are two people; "
                "--anyway makes them one, for mirrors and collages.",
                photo=shared,
            )
        if (small.kind == "ignored") != (large.kind == "ignored"):
            ignored = small.id if small.kind == "ignored" else large.id
            raise UsageError(f"Cluster {ignored} is ignored; `familiar clusters log` shows the event to undo first.")
