"""What persons decide about single faces: which cluster they belong to, and which are not faces at all."""

from collections.abc import Sequence

from familiar.plurals import counted
from familiar.store.clusters.clusters import Clusters
from familiar.store.database import Database
from familiar.store.decisions.consistency import check_faces, check_members, check_photos
from familiar.store.decisions.log import DecisionLog


class FaceDecisions:
    """Decisions about faces; each method writes one event, and returns its id.

    All methods raise UsageError, and change nothing, if what is asked for contradicts what holds.
    """

    def __init__(self, db: Database, *, clusters: Clusters, log: DecisionLog) -> None:
        """Take the open store, its clusters, and the log."""
        self._db = db
        self._clusters = clusters
        self._log = log

    def take_out(self, cluster_id: int, faces: Sequence[int]) -> int:
        """Take faces out of a cluster; they never come back to it or to its person."""
        with self._log.event("take out") as event:
            cluster = self._clusters.find(cluster_id)
            check_members(cluster.id, faces, self._clusters.face_ids(cluster.id))
            person_id = self._clusters.person_id(cluster.id)
            if person_id is not None:
                event.drop_references(faces, of=person_id)
            for face in sorted(set(faces)):
                event.changes.delete("cluster_faces", face)
                event.refuse(face_id=face, other_id=cluster.id)
                if person_id is not None:
                    event.refuse(face_id=face, person_id=person_id)
            event.changes.update("clusters", cluster.id, kept=1)
            event.summary = f"{counted(len(set(faces)), 'face')} taken out of cluster {cluster.id}"
        return event.id

    def place(self, cluster_id: int, faces: Sequence[int], *, allow_same_photo: bool = False) -> int:
        """Put faces into a cluster, wherever they are now.

        Two faces of one photo come into one cluster only with `allow_same_photo`.
        """
        with self._log.event("place") as event:
            cluster = self._clusters.find(cluster_id)
            check_faces(self._db, faces)
            if not allow_same_photo:
                together = {*self._clusters.face_ids(cluster.id), *faces}
                check_photos(self._db, faces, together, "what is put there", f"{cluster.id}")
            person_id = self._clusters.person_id(cluster.id)
            event.keep_homes(faces)
            event.leave_people(faces, to=person_id)
            event.forget_refusals_of_faces(faces, cluster.id, person_id)
            event.move(faces, cluster.id)
            event.changes.update("clusters", cluster.id, kept=1)
            event.summary = f"{counted(len(set(faces)), 'face')} put into cluster {cluster.id}"
        return event.id

    def gather(self, faces: Sequence[int], *, allow_same_photo: bool = False) -> tuple[int, int]:
        """Make a new cluster of faces, wherever they are now; return event and new cluster.

        Two faces of one photo come into one cluster only with `allow_same_photo`.
        """
        with self._log.event("gather") as event:
            check_faces(self._db, faces)
            if not allow_same_photo:
                check_photos(self._db, faces, set(faces), "a new cluster", "it")
            event.keep_homes(faces)
            fresh = event.new_cluster()
            event.leave_people(faces, to=None)
            event.move(faces, fresh)
            event.summary = f"{counted(len(set(faces)), 'face')} became cluster {fresh}"
        return event.id, fresh

    def refuse(self, faces: Sequence[int], name: str) -> int:
        """Say that faces are not this person; those in a cluster of theirs leave it."""
        with self._log.event("refuse faces") as event:
            check_faces(self._db, faces)
            person_id, known_as = event.known_person(name)
            event.drop_references(faces, of=person_id)
            for face in sorted(set(faces)):
                home = self._clusters.face(face)
                if home is not None and self._clusters.person_id(home.cluster) == person_id:
                    event.changes.update("clusters", home.cluster, kept=1)
                    event.changes.delete("cluster_faces", face)
                    event.refuse(face_id=face, other_id=home.cluster)
                event.refuse(face_id=face, person_id=person_id)
            what = "is" if len(set(faces)) == 1 else "are"
            event.summary = f"{counted(len(set(faces)), 'face')} {what} not {known_as}"
        return event.id

    def not_a_face(self, faces: Sequence[int]) -> int:
        """Say that what was found is not a face, now and later."""
        with self._log.event("not a face") as event:
            check_faces(self._db, faces)
            event.drop_references(faces)
            for face in sorted(set(faces)):
                event.changes.delete("cluster_faces", face)
                self._db.conn.execute("DELETE FROM matches WHERE face_id = ?", (face,))
                event.changes.insert("no_faces", face_id=face, at=event.time)
            event.summary = f"{counted(len(set(faces)), 'finding')} not a face"
        return event.id

    def add(self, face: int) -> int:
        """Say that there is a face where none was found, or where one was called none.

        Undone, it is no face again: its number is never given to another one.
        """
        with self._log.event("add face") as event:
            self._db.conn.execute("INSERT OR IGNORE INTO no_faces (face_id, at) VALUES (?, ?)", (face, event.time))
            event.changes.delete("no_faces", face)
            event.summary = "a face that was not found was added to a photo"
        return event.id
