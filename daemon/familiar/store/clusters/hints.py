"""Names that photos have on Flickr, as hints at who the faces without a name are.

A tag says that somebody is in a photo, and not which face is theirs. With one face and one name there is hardly a
doubt; with several of them, each face may be each of the people.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from familiar.model import JUNK
from familiar.store.database import Database
from familiar.tags import clean_tag

_LIKELY = 0.5
"""Hints that make a person less likely than this are not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unnamed:
    """Somebody without a name: a cluster, or a `face` that is in none."""

    cluster: int | None = None
    face: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Photos of somebody without a name have the name of a person on Flickr.

    `likelihood` is that of them being the person, as far as tags say: 1 where a photo has one face and one name.
    """

    who: Unnamed
    person: int
    photos: int
    likelihood: float


@dataclass(slots=True)
class _Photo:
    """Who may be in a photo: who has a face in it and no name, how many such faces there are, and who is known."""

    who: set[Unnamed] = field(default_factory=set)
    unnamed: int = 0
    known: set[int] = field(default_factory=set)


class Hints:
    """Reads hints; they change nothing."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def all(self) -> list[Hint]:
        """Return who faces without a name may be, as the tags of their photos on Flickr say.

        Tags are the name of a person, or `people:name=` with it, compared as on Flickr; tags of familiar do not count.
        Who is marked on a photo counts like the latter.
        """
        named = self._named_photos()
        doubts: dict[tuple[Unnamed, int], list[float]] = defaultdict(list)
        for photo_id, photo in self._photos(named).items():
            missing = named[photo_id] - photo.known
            most = max(photo.unnamed, len(missing))
            for who in photo.who:
                for person in missing:
                    doubts[who, person].append(1 - 1 / most)
        hints = [
            Hint(who=who, person=person, photos=len(each), likelihood=1 - math.prod(each))
            for (who, person), each in doubts.items()
        ]
        return [hint for hint in hints if hint.likelihood >= _LIKELY]

    def _named_photos(self) -> dict[int, set[int]]:
        """Return the people who are named by the tags of photos, by the photo's id."""
        words = self._words()
        found: dict[int, set[int]] = defaultdict(set)
        rows = self._db.conn.execute(
            "SELECT id, photo_id, tags, marked FROM flickr_photos "
            "WHERE photo_id IS NOT NULL AND state = 'done' AND (tags != '' OR marked != '')"
        ).fetchall()
        ours = self._ours()
        for id_, photo_id, tags, marked in rows:
            own = {word for word in words.keys() & set(tags.split()) if (id_, word) not in ours}
            for word in own | (words.keys() & set(marked.split())):
                found[photo_id].add(words[word])
        return found

    def _words(self) -> Mapping[str, int]:
        """Return the tags that name a person, by whom they name; a tag that names two people names nobody."""
        meant: dict[str, set[int]] = defaultdict(set)
        for person, name in self._db.conn.execute("SELECT id, name FROM people"):
            for tag in (name, f"people:name={name}"):
                meant[clean_tag(tag)].add(person)
        return {word: next(iter(people)) for word, people in meant.items() if word and len(people) == 1}

    def _ours(self) -> set[tuple[str, str]]:
        rows = self._db.conn.execute("SELECT flickr_id, clean FROM flickr_tags WHERE ours OR sending")
        return {(str(id_), str(clean)) for id_, clean in rows}

    def _photos(self, ids: Iterable[int]) -> dict[int, _Photo]:
        """Return these photos, without faces that are ignored, or too poor to tell."""
        rows = self._db.conn.execute(
            """
            SELECT photo_id, COALESCE(CASE WHEN accepted THEN matches.person_id END, clusters.person_id), cluster_id,
                real_faces.id
            FROM real_faces LEFT JOIN matches ON matches.face_id = real_faces.id
            LEFT JOIN cluster_faces ON cluster_faces.face_id = real_faces.id
            LEFT JOIN clusters ON clusters.id = cluster_id
            WHERE photo_id IN (SELECT value FROM json_each(?)) AND (quality IS NULL OR quality >= ?)
            AND NOT COALESCE(ignored, 0)
            """,
            (json.dumps(list(ids)), JUNK),
        )
        photos: dict[int, _Photo] = defaultdict(_Photo)
        for photo_id, person, cluster, face in rows:
            photo = photos[photo_id]
            if person is not None:
                photo.known.add(person)
                continue
            photo.unnamed += 1
            photo.who.add(Unnamed(face=face) if cluster is None else Unnamed(cluster=cluster))
        return photos
