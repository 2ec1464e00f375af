"""Statistics of the store, each from one query in SQLite, for any number of photos.

"Photos" are those that were seen, videos among them. A clip, the moving part of a live photo, counts with its still.
Faces that somebody called none do not count.

A row of the table of faces is long, for its embedding: what can be counted by an index of it never touches the rows.
"""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from familiar.effects.kinds.catalogue import Kinds
from familiar.model import JUNK
from familiar.store.clusters.clusters import UNNAMED
from familiar.store.database import Database

BINS = 100
"""Classes of scores from 0 to 1."""

_PHOTOS = "photos.verdict = 'seen' AND photos.kind != 'clip'"

_IN_SOURCE = """
EXISTS (SELECT 1 FROM files JOIN folders ON folders.id = folder_id
    WHERE photo_id = photos.id AND state = 'done' AND root_id IS NOT NULL)
"""
_ELSEWHERE = """
(EXISTS (SELECT 1 FROM files WHERE photo_id = photos.id AND state = 'done')
    OR EXISTS (SELECT 1 FROM sightings WHERE photo_id = photos.id))
"""

_PEOPLE = """
WITH shown AS (
    SELECT person_id, faces.photo_id, count(*) AS faces
    FROM faces INDEXED BY faces_photo CROSS JOIN real_matches AS matches ON matches.face_id = faces.id
    WHERE accepted
    GROUP BY person_id, faces.photo_id
), counted AS (
    SELECT person_id, sum(faces) AS faces, count(*) AS photos, min(date) AS first, max(date) AS last
    FROM shown JOIN photo_dates ON photo = photo_id GROUP BY person_id
)
SELECT people.id, name, threshold, (SELECT count(*) FROM face_references WHERE person_id = people.id),
    COALESCE(faces, 0), COALESCE(photos, 0), first, last
FROM people LEFT JOIN counted ON counted.person_id = people.id ORDER BY photos DESC, faces DESC, key LIMIT ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoCount:
    """The number of photos of this kind, format and year; `year` is None if the camera wrote no time."""

    kind: str
    format: str
    year: int | None
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoLocations:
    """The number of photos in each root, only elsewhere, and gone."""

    roots: tuple[tuple[Path, int], ...]
    elsewhere: int
    gone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """The number of files with this reason, and the path of one of them."""

    reason: str
    files: int
    example: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCount:
    """A person: their references, and the faces and photos that match them, from the first to the last (ISO 8601)."""

    id: int
    name: str
    threshold: float | None
    references: int
    faces: int
    photos: int
    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCount:
    """The number of faces with this nearest person and a score from `bin` to `bin + 1` hundredths."""

    person: int
    accepted: bool
    bin: int
    faces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterCount:
    """A cluster without a name, and its number of faces."""

    id: int
    faces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnnamedClusters:
    """The numbers of clusters without a name, of their faces, and of those with nothing but junk.

    `largest` are the largest of the others.
    """

    clusters: int
    faces: int
    junk: int
    largest: tuple[ClusterCount, ...]


class StoreStatistics:
    """Counts over all tables; within `Store.reading` they are consistent."""

    def __init__(self, db: Database, *, kinds: Kinds) -> None:
        """Take the open store, and the kinds of operations."""
        self._db = db
        self._kinds = kinds

    def photos(self) -> list[PhotoCount]:
        """Count photos by kind, format and year; clips are among them."""
        rows = self._rows(
            "SELECT kind, COALESCE(format, ''), CAST(substr(date, 1, 4) AS INTEGER), count(*) FROM photos "
            "JOIN photo_dates ON photo = photos.id WHERE verdict = 'seen' GROUP BY 1, 2, 3"
        )
        return [PhotoCount(kind=kind, format=name, year=year, photos=count) for kind, name, year, count in rows]

    def whereabouts(self) -> PhotoLocations:
        """Count photos by where they are; one that is in several roots counts in each."""
        roots = self._rows(
            "SELECT roots.path, count(DISTINCT photo_id) FROM files JOIN folders ON folders.id = folder_id "
            "JOIN roots ON roots.id = root_id JOIN photos ON photos.id = photo_id "
            f"WHERE files.state = 'done' AND {_PHOTOS} GROUP BY roots.id ORDER BY 2 DESC, roots.path"
        )
        homeless = self._rows(
            f"SELECT {_ELSEWHERE}, count(*) FROM photos WHERE {_PHOTOS} AND NOT {_IN_SOURCE} GROUP BY 1"
        )
        counts = {bool(elsewhere): int(count) for elsewhere, count in homeless}
        return PhotoLocations(
            roots=tuple((_path(path), count) for path, count in roots),
            elsewhere=counts.get(True, 0),
            gone=counts.get(False, 0),
        )

    def photos_with_faces(self) -> dict[int, int]:
        """Count photos by their number of faces, without photos that have none."""
        rows = self._rows(
            "SELECT faces, count(*) FROM (SELECT count(*) AS faces FROM real_faces CROSS JOIN photos "
            f"ON photos.id = photo_id WHERE {_PHOTOS} GROUP BY photo_id) GROUP BY faces"
        )
        return {int(faces): int(photos) for faces, photos in rows}

    def set_aside(self) -> list[ReasonCount]:
        """Count the photos that were set aside by reason, most frequent first."""
        rows = self._rows(
            "SELECT reason, count(*), min(id) FROM photos WHERE verdict = 'set aside' GROUP BY reason "
            "ORDER BY 2 DESC, 1"
        )
        return [
            ReasonCount(reason=reason or "", files=count, example=self._path_of(id_)) for reason, count, id_ in rows
        ]

    def waiting(self) -> list[ReasonCount]:
        """Count the files that wait for a retry by reason, most frequent first."""
        rows = self._rows(
            "SELECT reason, count(*), folders.path, name, min(files.id) FROM files "
            "JOIN folders ON folders.id = folder_id WHERE state = 'failed' GROUP BY reason ORDER BY 2 DESC, 1"
        )
        return [
            ReasonCount(reason=reason or "", files=count, example=_path(folder, name))
            for reason, count, folder, name, _ in rows
        ]

    def people(self, *, most: int) -> list[PersonCount]:
        """Return up to `most` people, those with most photos first."""
        return [
            PersonCount(
                id=id_,
                name=name,
                threshold=threshold,
                references=references,
                faces=faces,
                photos=photos,
                first=first,
                last=last,
            )
            for id_, name, threshold, references, faces, photos, first, last in self._rows(_PEOPLE, most)
        ]

    def count_people(self) -> int:
        """Count the people who are registered."""
        return int(self._rows("SELECT count(*) FROM people")[0][0])

    def scores(self) -> list[ScoreCount]:
        """Count the faces that have a nearest person, by person, verdict and score."""
        rows = self._rows(
            f"SELECT person_id, accepted, min(CAST({BINS} / (1.0 + distance) AS INTEGER), {BINS} - 1), count(*) "
            "FROM real_matches GROUP BY 1, 2, 3"
        )
        return [
            ScoreCount(person=person, accepted=bool(accepted), bin=number, faces=faces)
            for person, accepted, number, faces in rows
        ]

    def unnamed_clusters(self, *, most: int) -> UnnamedClusters:
        """Count the clusters without a name, and return the largest of those that are not junk."""
        sizes = (
            "WITH sizes AS (SELECT cluster_id, count(*) AS faces, "
            "count(*) = sum(face_id IN (SELECT id FROM faces WHERE quality < ?)) AS is_junk "
            "FROM real_cluster_faces JOIN clusters "
            f"ON clusters.id = cluster_id WHERE {UNNAMED} GROUP BY cluster_id)"
        )
        count, faces, junk = self._rows(
            f"{sizes} SELECT count(*), COALESCE(sum(faces), 0), COALESCE(sum(is_junk), 0) FROM sizes", JUNK
        )[0]
        largest = self._rows(
            f"{sizes} SELECT cluster_id, faces FROM sizes WHERE NOT is_junk ORDER BY 2 DESC, 1 LIMIT ?", JUNK, most
        )
        return UnnamedClusters(
            clusters=count,
            faces=faces,
            junk=junk,
            largest=tuple(ClusterCount(id=id_, faces=size) for id_, size in largest),
        )

    def operations(self) -> list[tuple[str, str, int]]:
        """Count operations by kind, as shown to people, and state."""
        counts: Counter[tuple[str, str]] = Counter()
        for name, state, count in self._rows("SELECT kind, state, count(*) FROM operations GROUP BY kind, state"):
            counts[self._kinds.named(name).value.kind, str(state)] += int(count)
        return [(kind, state, count) for (kind, state), count in sorted(counts.items())]

    def _path_of(self, photo_id: int) -> Path | None:
        """Return the present or last path of a photo."""
        rows = self._rows(
            "SELECT folders.path, name FROM (SELECT folder_id, name, state != 'done' AS rank FROM files "
            "WHERE photo_id = ?1 UNION ALL SELECT folder_id, name, 2 FROM sightings WHERE photo_id = ?1) "
            "JOIN folders ON folders.id = folder_id ORDER BY rank LIMIT 1",
            photo_id,
        )
        return _path(*rows[0]) if rows else None

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._db.conn.execute(query, values).fetchall()
        return found


def _path(folder: bytes, name: bytes = b"") -> Path:
    return Path(os.fsdecode(folder), os.fsdecode(name))
