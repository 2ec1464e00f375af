"""Photos, their faces, and the matches of each face."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from familiar.model import Box, Embedding, Embeddings, Face, Match, Photo, Shot
from familiar.store.database import Database, writing

_PACE_OF, _PACE_OF_LEAST = 5000, 20
"""Photos that the pace is taken from: at most so many of the last ones, and at least so many."""
_PACE_SECONDS = 300.0
"""Time that the pace is taken from, if there are photos enough: that of some seconds differs from that of hours."""
_RECENT = timedelta(minutes=5)
"""Time without a photo after which there is no pace."""
_LARGEST = 2**63 - 1
"""SQLite's largest id."""

QUALITY = "COALESCE(quality, 1)"
"""The quality of a face in a query: one that is unknown counts as good enough."""

FACE_COLUMNS = (
    "id, box_left, box_top, box_right, box_bottom, landmarks, embedding, size, sharpness, score, quality, engine, "
    "time, times"
)
"""What `face_of` makes a face of."""

REAL_GLANCES = (
    "faces INDEXED BY faces_glance WHERE id NOT IN (SELECT face_id FROM no_faces) "
    "AND id NOT IN (SELECT face_id FROM clip_faces)"
)
"""The faces of the view `real_faces`, without looking at their embeddings."""

_ADD_FACE = f"INSERT INTO faces ({FACE_COLUMNS}, photo_id) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRow:
    """A photo without its faces.

    `verdict` is "seen", "set aside" (with `reason`), or "output" (made by an operation: never handled). A video that
    was a clip when it was seen is not `analysed`: nobody has looked for faces in it.
    """

    id: int
    hash: str
    verdict: str
    reason: str | None
    handled: bool
    analysed: bool = True


class Photos:
    """The tables of photos, faces and matches."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        """Take the open store and a clock that gives UTC."""
        self._db = db
        self._now = now

    def find(self, hash_: str) -> PhotoRow | None:
        """Return the photo with this content, if it is known."""
        return self._row("WHERE hash = ?", hash_)

    def at(self, photo_id: int) -> PhotoRow:
        """Return the photo of this id."""
        row = self._row("WHERE id = ?", photo_id)
        assert row is not None, f"no photo has the id {photo_id}"
        return row

    def verdicts(self, photo_ids: Sequence[int], engine: str) -> dict[int, str | None]:
        """Return the photos that need no analysis: None for an analysed photo, or why it was set aside.

        Photos with faces of another engine need one.
        """
        rows = self._db.conn.execute(
            "SELECT id, reason FROM photos WHERE id IN (SELECT value FROM json_each(?)) AND verdict != 'output' "
            "AND NOT (verdict = 'seen' AND kind = 'video' AND engine IS NULL) "
            "AND NOT EXISTS (SELECT 1 FROM faces WHERE photo_id = photos.id AND faces.engine != ?)",
            (json.dumps(list(photo_ids)), engine),
        )
        return {int(photo_id): reason for photo_id, reason in rows}

    def unknown(self, photo_ids: Iterable[int]) -> list[int]:
        """Return those of some ids that no photo has."""
        rows = self._db.conn.execute(
            "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM photos)", (json.dumps(list(photo_ids)),)
        )
        return [int(photo_id) for (photo_id,) in rows]

    def record(self, photo: Photo) -> int:
        """Record a photo and its faces; return its id. A photo that was analysed before stays as it is.

        Content made by an operation always counts as handled, even if its faces are analysed.
        """
        with writing(self._db, awaited=False):
            known = self.find(photo.hash)
            if known is not None and known.verdict == "seen" and known.analysed:
                return known.id
            photo_id = self._insert(photo.hash, "seen", None)
            if known is not None and known.verdict == "output":
                self.mark_handled(photo_id)
            self._db.conn.execute(
                "UPDATE photos SET format = ?, width = ?, height = ?, taken = ?, taken_source = ?, engine = ?, "
                "kind = ?, duration = ?, content_id = ?, turn = ?, missing = ? WHERE id = ?",
                (
                    photo.format,
                    photo.width,
                    photo.height,
                    _iso(photo.taken),
                    photo.taken_source,
                    None if photo.kind == "clip" else photo.engine,
                    photo.kind,
                    photo.duration,
                    photo.content_id,
                    photo.turn,
                    photo.missing,
                    photo_id,
                ),
            )
            self.add_faces(photo_id, photo.faces)
            return photo_id

    def add_faces(self, photo_id: int, faces: Iterable[Face]) -> None:
        """Add faces to a photo."""
        self._db.conn.executemany(_ADD_FACE, ((*_face_values(face), photo_id) for face in faces))

    def add_face(self, photo_id: int, face: Face) -> int:
        """Add a face to a photo; return its id."""
        cursor = self._db.conn.execute(_ADD_FACE, (*_face_values(face), photo_id))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def place_faces(self, faces: Mapping[int, Face]) -> None:
        """Record where known faces, by their ids, were found again, and how well."""
        self._db.conn.executemany(
            "UPDATE faces SET box_left = ?, box_top = ?, box_right = ?, box_bottom = ?, landmarks = ?, size = ?, "
            "sharpness = ?, score = ? WHERE id = ?",
            (
                (
                    *astuple(face.box),
                    json.dumps(face.landmarks),
                    face.size,
                    face.sharpness,
                    face.score,
                    face_id,
                )
                for face_id, face in faces.items()
            ),
        )

    def faces_of(self, photo_id: int) -> list[Face]:
        """Return all that was ever found in a photo, with what somebody called no face, in the order of their ids."""
        rows = self._db.conn.execute(f"SELECT {FACE_COLUMNS} FROM faces WHERE photo_id = ? ORDER BY id", (photo_id,))
        return [face_of(row) for row in rows]

    def set_aside(self, hash_: str, reason: str) -> int:
        """Record that this content can't be handled, and why; return the photo's id."""
        return self._insert(hash_, "set aside", reason)

    def record_output(self, hash_: str) -> int:
        """Record content that an operation created, so that it is never a new photo; return its id."""
        known = self.find(hash_)
        return known.id if known is not None else self._insert(hash_, "output", None)

    def note_date(self, photo_id: int, taken: datetime) -> None:
        """Record when a photo was taken, as its sidecar says, unless the photo itself says it."""
        self._db.conn.execute(
            "UPDATE photos SET taken = ?, taken_source = 'sidecar' "
            "WHERE id = ? AND (taken_source IS NULL OR taken_source IN ('modified', 'sidecar'))",
            (_iso(taken), photo_id),
        )

    def mark_handled(self, photo_id: int) -> None:
        """Record that the rules have decided on a photo."""
        self._db.conn.execute("UPDATE photos SET handled_at = ? WHERE id = ?", (self._now().isoformat(), photo_id))

    def mark_unhandled(self, photo_id: int) -> None:
        """Record that the rules have to decide on a photo again."""
        self._db.conn.execute("UPDATE photos SET handled_at = NULL WHERE id = ?", (photo_id,))

    def forget_verdicts(self, photo_ids: Sequence[int] | None = None) -> int:
        """Retry photos that were set aside, all or these; return the number of pending files.

        Those of Flickr are fetched again. A photo that was seen before it was set aside is what it was: its faces, and
        what was done with it, are known.
        """
        chosen = (None if photo_ids is None else json.dumps(list(photo_ids)),)
        which = "verdict = 'set aside' AND (?1 IS NULL OR id IN (SELECT value FROM json_each(?1)))"
        theirs = f"photo_id IN (SELECT id FROM photos WHERE {which})"
        with writing(self._db):
            execute = self._db.conn.execute
            execute(f"UPDATE photos SET verdict = 'seen', reason = NULL WHERE {which} AND width IS NOT NULL", chosen)
            cursor = execute(
                f"UPDATE files SET state = 'pending', photo_id = NULL WHERE state = 'done' AND {theirs}", chosen
            )
            execute(f"UPDATE files SET photo_id = NULL WHERE {theirs}", chosen)
            execute(
                "UPDATE flickr_photos SET photo_id = NULL, attempts = 0, retry_at = NULL, reason = NULL, "
                f"state = CASE state WHEN 'refused' THEN 'listed' ELSE state END WHERE {theirs}",
                chosen,
            )
            execute(f"DELETE FROM photos WHERE {which}", chosen)
            return cursor.rowcount

    def load(self, photo_id: int) -> Photo:
        """Return a photo that was seen, with its faces in the order of their ids."""
        row = self._db.conn.execute(
            "SELECT hash, format, width, height, taken, taken_source, engine, kind, duration, content_id, turn, "
            "missing FROM photos WHERE id = ?",
            (photo_id,),
        ).fetchone()
        hash_, format_, width, height, taken, taken_source, engine, kind, duration, content_id, turn, missing = row
        faces = self._db.conn.execute(
            f"SELECT {FACE_COLUMNS} FROM real_faces WHERE photo_id = ? ORDER BY id",
            (photo_id,),
        )
        return Photo(
            hash=hash_,
            format=format_,
            width=width,
            height=height,
            taken=None if taken is None else datetime.fromisoformat(taken),
            taken_source=taken_source,
            engine=engine or "",
            faces=tuple(face_of(face) for face in faces),
            kind=kind,
            duration=duration,
            content_id=content_id,
            turn=turn,
            missing=missing,
        )

    def kind_of(self, photo_id: int) -> str | None:
        """Return whether an analysed photo is a photo, a video or a clip; None if it was not analysed."""
        row = self._db.conn.execute("SELECT kind FROM photos WHERE id = ? AND verdict = 'seen'", (photo_id,)).fetchone()
        return None if row is None else str(row[0])

    def turn_of(self, photo_id: int) -> int | None:
        """Return how a sidecar turns a photo, as in `Photo`."""
        row = self._db.conn.execute("SELECT turn FROM photos WHERE id = ?", (photo_id,)).fetchone()
        return None if row is None else row[0]

    def shot(self, photo_id: int) -> Shot | None:
        """Return what tells whether a photo is of one moment with another one; None if it was not seen."""
        row = self._db.conn.execute(
            "SELECT kind, CASE taken_source WHEN 'camera' THEN taken END, content_id, duration FROM photos "
            "WHERE id = ? AND verdict = 'seen'",
            (photo_id,),
        ).fetchone()
        if row is None:
            return None
        kind, taken, content_id, duration = row
        moment = None if taken is None else datetime.fromisoformat(taken)
        return Shot(kind=kind, taken=moment, content_id=content_id, duration=duration)

    def make_clip(self, photo_id: int) -> None:
        """Make a video the clip of a live photo, whose faces don't count; all that is decided about them is kept."""
        with writing(self._db):
            self._db.conn.execute("UPDATE photos SET kind = 'clip' WHERE id = ?", (photo_id,))
            self._db.conn.execute(
                "INSERT OR IGNORE INTO clip_faces (face_id) SELECT id FROM faces WHERE photo_id = ?", (photo_id,)
            )
            self._db.conn.execute(
                "DELETE FROM matches WHERE face_id IN (SELECT id FROM faces WHERE photo_id = ?)", (photo_id,)
            )

    def make_video(self, photo_id: int) -> None:
        """Make a clip a video of its own, with the faces that it had as one."""
        with writing(self._db):
            self._db.conn.execute("UPDATE photos SET kind = 'video' WHERE id = ?", (photo_id,))
            self._db.conn.execute(
                "DELETE FROM clip_faces WHERE face_id IN (SELECT id FROM faces WHERE photo_id = ?)", (photo_id,)
            )

    def seen(self) -> Iterator[int]:
        """Yield the ids of all analysed photos, in the order in which they were added."""
        for (photo_id,) in self._db.conn.execute("SELECT id FROM photos WHERE verdict = 'seen' ORDER BY id").fetchall():
            yield int(photo_id)

    def seen_after(self, photo_id: int, *, limit: int) -> list[int]:
        """Return the ids of up to `limit` analysed photos that were added after one."""
        rows = self._db.conn.execute(
            "SELECT id FROM photos WHERE verdict = 'seen' AND id > ? ORDER BY id LIMIT ?", (photo_id, limit)
        )
        return [int(row[0]) for row in rows]

    def with_several_faces(self, limit: int) -> list[int]:
        """Return up to `limit` photos, the newest first, with several faces, of which none was called no face."""
        rows = self._db.conn.execute(
            "SELECT photo_id FROM real_faces JOIN photos ON photos.id = photo_id AND kind = 'photo' "
            "GROUP BY photo_id HAVING count(*) > 1 ORDER BY photo_id DESC LIMIT ?",
            (limit,),
        )
        return [int(row[0]) for row in rows]

    def embeddings_of(self, face_ids: Sequence[int], engine: str) -> tuple[list[int], Embeddings]:
        """Return those of the faces that are of this engine, and no mistakes: ids, and embeddings (n, numbers)."""
        rows = self._db.conn.execute(
            "SELECT id, embedding FROM real_faces WHERE id IN (SELECT value FROM json_each(?)) AND +engine = ? "
            "ORDER BY id",
            (json.dumps(list(face_ids)), engine),
        ).fetchall()
        return [int(row[0]) for row in rows], stack(row[1] for row in rows)

    def outdated(self, engine: str, *, below: int | None, limit: int) -> list[int]:
        """Return up to `limit` photos, the newest first, with faces of another engine; their ids are below `below`."""
        found: set[int] = set()
        for other in self._other_engines(engine):
            rows = self._db.conn.execute(
                "SELECT DISTINCT photo_id FROM faces WHERE engine = ? AND photo_id < ? ORDER BY photo_id DESC LIMIT ?",
                (other, _LARGEST if below is None else below, limit),
            )
            found.update(int(row[0]) for row in rows)
        return sorted(found, reverse=True)[:limit]

    def count_outdated(self, engine: str) -> int:
        """Count the faces of another engine."""
        return sum(self._count("faces WHERE engine = ?", other) for other in self._other_engines(engine))

    def _other_engines(self, engine: str) -> list[str]:
        """Return the engines of all faces but this one; each is one step in the index, however many faces it has."""
        found, last = [], ""
        while (row := self._db.conn.execute("SELECT min(engine) FROM faces WHERE engine > ?", (last,)).fetchone())[0]:
            last = str(row[0])
            found.append(last)
        return [other for other in found if other != engine]

    def matches(self, photo_id: int) -> dict[int, Match]:
        """Return the best match of each face of a photo that has one, by the face's id."""
        rows = self._db.conn.execute(
            "SELECT face_id, name, distance, ambiguous, accepted FROM matches JOIN people ON people.id = person_id "
            "JOIN faces ON faces.id = face_id WHERE photo_id = ?",
            (photo_id,),
        )
        return {
            int(face_id): Match(person=name, distance=distance, ambiguous=bool(ambiguous), accepted=bool(accepted))
            for face_id, name, distance, ambiguous, accepted in rows
        }

    def people_in(self, photo_id: int) -> tuple[str, ...]:
        """Return the names of the recognised people in a photo, each once."""
        return tuple(sorted({found.person for found in self.matches(photo_id).values() if found.accepted}))

    def with_people(self, people: Sequence[int], *, every: bool = False, only: bool = False) -> list[int]:
        """Return the photos in which people are recognised, in the order of their ids.

        Args:
            people: ids of people.
            every: all of them must be in the photo, not just one.
            only: the photo must not have other people or unknown faces.
        """
        rows = self._db.conn.execute(
            "SELECT photo_id FROM real_matches AS matches CROSS JOIN faces ON faces.id = face_id "
            "WHERE person_id IN (SELECT value FROM json_each(?1)) AND accepted = 1 GROUP BY photo_id "
            "HAVING count(DISTINCT person_id) >= ?2 AND (NOT ?3 OR count(*) = ("
            "SELECT count(*) FROM real_faces AS own WHERE own.photo_id = faces.photo_id)) ORDER BY photo_id",
            (json.dumps(list(people)), len(set(people)) if every else 1, only),
        )
        return [int(row[0]) for row in rows]

    def save_matches(self, face_ids: Sequence[int], matches: Sequence[Match | None]) -> None:
        """Replace the matches of these faces; None if no person is near a face."""
        with writing(self._db):
            self._db.conn.executemany("DELETE FROM matches WHERE face_id = ?", ((id_,) for id_ in face_ids))
            self._db.conn.executemany(
                "INSERT INTO matches (face_id, person_id, distance, ambiguous, accepted) "
                "SELECT ?, id, ?, ?, ? FROM people WHERE name = ?",
                (
                    (face_id, match.distance, match.ambiguous, match.accepted, match.person)
                    for face_id, match in zip(face_ids, matches, strict=True)
                    if match is not None
                ),
            )

    def counts(self) -> dict[str, int]:
        """Count photos by verdict, faces, and faces with an accepted match."""
        counts = {"seen": 0, "set aside": 0, "output": 0}
        rows = self._db.conn.execute("SELECT verdict, count(*) FROM photos GROUP BY verdict")
        counts.update({str(verdict): int(count) for verdict, count in rows})
        counts["faces"] = self._count(REAL_GLANCES)
        counts["recognised"] = self._count("matches WHERE accepted")
        return counts

    def set_aside_among(self, photo_ids: Sequence[int]) -> list[int]:
        """Return those of the photos that were set aside."""
        rows = self._db.conn.execute(
            "SELECT id FROM photos WHERE verdict = 'set aside' AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(photo_ids)),),
        )
        return [int(row[0]) for row in rows]

    def set_aside_files(self) -> list[tuple[Path, str]]:
        """Return path and reason of each file whose photo was set aside."""
        rows = self._db.conn.execute(
            "SELECT folders.path, files.name, photos.reason FROM photos INDEXED BY photos_set_aside "
            "CROSS JOIN files ON photo_id = photos.id JOIN folders ON folders.id = folder_id "
            "WHERE state = 'done' AND verdict = 'set aside' ORDER BY files.id"
        )
        return [(Path(os.fsdecode(folder), os.fsdecode(name)), str(reason)) for folder, name, reason in rows]

    def damaged_files(self) -> list[tuple[Path, float]]:
        """Return the path of each file of which a part is missing, and the share, 0 to 1."""
        rows = self._db.conn.execute(
            "SELECT folders.path, files.name, photos.missing FROM photos INDEXED BY photos_damaged "
            "CROSS JOIN files ON photo_id = photos.id JOIN folders ON folders.id = folder_id "
            "WHERE state = 'done' AND missing IS NOT NULL ORDER BY files.id"
        )
        return [(Path(os.fsdecode(folder), os.fsdecode(name)), float(missing)) for folder, name, missing in rows]

    def _row(self, where: str, *values: Any) -> PhotoRow | None:
        row = self._db.conn.execute(
            "SELECT id, hash, verdict, reason, handled_at IS NOT NULL, engine IS NOT NULL OR kind != 'video' "
            f"FROM photos {where}",
            values,
        ).fetchone()
        if row is None:
            return None
        id_, hash_, verdict, reason, handled, analysed = row
        return PhotoRow(
            id=id_, hash=hash_, verdict=verdict, reason=reason, handled=bool(handled), analysed=bool(analysed)
        )

    def seconds_for(self, count: int) -> float | None:
        """Return about how long so many photos take, at the pace of the last ones; pauses of minutes do not count.

        None if there are none to come, too few to tell the pace by, or if none was seen for some minutes.
        """
        if not count:
            return None
        rows = self._db.conn.execute("SELECT seen_at FROM photos ORDER BY id DESC LIMIT ?", (_PACE_OF,))
        later, busy, gaps = self._now(), 0.0, 0
        for (seen_at,) in rows:
            seen = datetime.fromisoformat(seen_at)
            gap, later = later - seen, seen
            if gap <= _RECENT:  # in longer ones, there was nothing to do
                busy, gaps = busy + gap.total_seconds(), gaps + 1
            elif not gaps:
                return None
            if busy >= _PACE_SECONDS and gaps >= _PACE_OF_LEAST:
                break
        return count * busy / (gaps - 1) if gaps >= _PACE_OF_LEAST else None

    def _count(self, what: str, *values: Any) -> int:
        return int(self._db.conn.execute(f"SELECT count(*) FROM {what}", values).fetchone()[0])

    def _insert(self, hash_: str, verdict: str, reason: str | None) -> int:
        cursor = self._db.conn.execute(
            "INSERT INTO photos (hash, verdict, reason, seen_at) VALUES (?, ?, ?, ?) ON CONFLICT (hash) "
            "DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason RETURNING id",
            (hash_, verdict, reason, self._now().isoformat()),
        )
        return int(cursor.fetchone()[0])


def embedding_bytes(embedding: Embedding) -> bytes:
    """Return the bytes of an embedding in the store: little-endian float32."""
    import numpy as np  # noqa: PLC0415 - many commands look at no face

    return np.ascontiguousarray(embedding, dtype="<f4").tobytes()


def stack(blobs: Iterable[bytes]) -> Embeddings:
    """Return embeddings of one model, as the store keeps them, as one array, shape (n, d), float32; none as (0, 0)."""
    import numpy as np  # noqa: PLC0415 - as above

    found = list(blobs)
    whole = np.frombuffer(b"".join(found), dtype="<f4")
    return whole.astype(np.float32, copy=False).reshape(len(found), -1 if found else 0)


def _face_values(face: Face) -> tuple[Any, ...]:
    return (
        face.box.left,
        face.box.top,
        face.box.right,
        face.box.bottom,
        json.dumps(face.landmarks),
        embedding_bytes(face.embedding),
        face.size,
        face.sharpness,
        face.score,
        face.quality,
        face.engine,
        face.time,
        json.dumps(face.times),
    )


def face_of(row: tuple[Any, ...]) -> Face:
    """Return the face of a row with `FACE_COLUMNS`."""
    id_, left, top, right, bottom, landmarks, embedding, size, sharpness, score, quality, engine, time, times = row
    return Face(
        box=Box(left=left, top=top, right=right, bottom=bottom),
        landmarks=tuple((x, y) for x, y in json.loads(landmarks)),
        embedding=stack([embedding])[0],
        size=size,
        sharpness=sharpness,
        score=score,
        quality=quality,
        engine=engine,
        id=id_,
        time=time,
        times=tuple(json.loads(times)),
    )


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
