"""A store with photos and faces of people, some of them in clusters: what the tests of clusters share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from familiar.identity.clustering.plan import Grouping, Member, SimilarGroups
from familiar.model import Box, Embedding, Face, Match, Photo, PhotoKind
from familiar.store.clusters.rounds import GroupingResult
from familiar.store.references import FaceToRegister, Registered
from familiar.store.store import Store
from support.stores import put_store

MODEL = "test"

ANN, BOB, EVE = 1, 2, 3
"""People, as `embedding` numbers them."""

_DECIDED = ("clusters", "cluster_faces", "refusals", "no_faces", "people", "face_references", "removed_references")
"""The tables that decisions change."""

Rows = dict[str, list[tuple[Any, ...]]]


def ticking() -> Callable[[], datetime]:
    """Return a clock that goes on by a second whenever it is looked at."""
    seconds = iter(range(10**9))
    return lambda: datetime(2026, 5, 1, 12, tzinfo=UTC) + timedelta(seconds=next(seconds))


def embedding(person: int, look: int = 0) -> Embedding:
    """A face of a person: those of one person are about 0.2 apart."""
    centre = np.random.default_rng(person).normal(size=128)
    noise = np.random.default_rng([person, look]).normal(size=128)
    found: Embedding = (1.4 * centre / np.linalg.norm(centre) + 0.0125 * noise).astype(np.float32)
    return found


@dataclass(slots=True)
class Album:
    """The store, and ways to fill it."""

    store: Store
    photos: int = field(default=0, init=False)

    @classmethod
    @contextmanager
    def at(cls, folder: Path) -> Iterator["Album"]:
        with Store(put_store(folder), now=ticking()) as store:
            yield cls(store)

    def photo(
        self,
        *embeddings: Embedding,
        model: str = MODEL,
        kind: PhotoKind = "photo",
        times: Sequence[Sequence[float]] = (),
        name: bytes | None = None,
        size: int = 90,
    ) -> list[int]:
        """Record a photo of these faces, and where it is if it has a name; return the ids of the faces."""
        self.photos += 1
        faces = tuple(
            Face(
                box=Box(left=9 * number, top=1, right=9 * number + 8, bottom=9),
                landmarks=(),
                embedding=one,
                size=size,
                sharpness=20.0,
                engine=model,
                times=tuple(times[number]) if times else (),
            )
            for number, one in enumerate(embeddings)
        )
        photo = Photo(
            hash=f"{self.photos:064}",
            format="JPEG",
            width=99,
            height=99,
            taken=None,
            engine=model,
            faces=faces,
            kind=kind,
        )
        photo_id = self.store.photos.record(photo)
        if name is not None:
            folder = self.store._db.conn.execute(
                "INSERT INTO folders (path) VALUES (?) ON CONFLICT DO UPDATE SET path = path RETURNING id",
                (b"/photos",),
            ).fetchone()[0]
            self.store._db.conn.execute(
                "INSERT INTO files (folder_id, name, size, mtime_ns, state, photo_id, found_at) "
                "VALUES (?, ?, 1, 1, 'done', ?, '')",
                (folder, name, photo_id),
            )
        return [face.id or 0 for face in self.store.photos.load(photo_id).faces]

    def faces(self, person: int, count: int) -> list[int]:
        """Record photos of one person, and return the ids of the faces."""
        first = self.photos
        return [self.photo(embedding(person, first + look))[0] for look in range(count)]

    def apply(
        self,
        *,
        joined: dict[int, Sequence[int]] | None = None,
        fresh: Sequence[Sequence[int]] = (),
        absorbed: dict[int, int] | None = None,
        alike: Sequence[tuple[int, int, float]] = (),
        same_photo: bool = False,
    ) -> GroupingResult:
        """Let the program group faces like this."""
        grouping = Grouping(
            joined={cluster: _members(faces) for cluster, faces in (joined or {}).items()},
            fresh=tuple(map(_members, fresh)),
            absorbed=absorbed or {},
            alike=tuple(SimilarGroups(face=face, other=other, distance=distance) for face, other, distance in alike),
        )
        return self.store.rounds.apply(grouping, MODEL, basis="as the test wants it", same_photo=same_photo)

    def cluster(self, faces: Sequence[int]) -> int:
        """Let the program make a cluster of faces; return its id."""
        self.apply(fresh=[faces])
        return self.home(faces[0]) or 0

    def clusters(self, *sizes: int) -> list[int]:
        """Let the program make clusters of so many faces, each of another person; return their ids."""
        return [self.cluster(self.faces(100 + number, size)) for number, size in enumerate(sizes)]

    def match(self, face: int, person: str, *, distance: float = 0.3, accepted: bool = True) -> None:
        """Let matching find somebody in a face."""
        self.store.photos.save_matches([face], [Match(person=person, distance=distance, accepted=accepted)])

    def rate(self, qualities: Mapping[int, float | None]) -> None:
        """Give faces, by their ids, these qualities."""
        self.store._db.conn.executemany(
            "UPDATE faces SET quality = ? WHERE id = ?", [(quality, face) for face, quality in qualities.items()]
        )

    def register(self, face: int, person: str) -> None:
        """Register a face as a reference, as `familiar people add` does."""
        wanted = FaceToRegister(person=person, face_id=face, origin=Path("/photos/a.jpg"))
        assert self.store.references.register([wanted]) == [Registered(added=True, owner=person)]

    def add_reference(self, face: int, person: str) -> Registered:
        """Register a face as a reference, unless it is registered; return what came of it."""
        (result,) = self.store.references.register(
            [FaceToRegister(person=person, face_id=face, origin=Path("/photos/a.jpg"))]
        )
        return result

    def import_references(self, person: str, count: int) -> None:
        """Register embeddings without faces as references of a person; all calls import the first of the same ones."""
        embeddings = np.stack([embedding(1000 + sum(map(ord, person)), look) for look in range(count)])
        self.store.references.take_in(person, embeddings, origins=[None] * count, engine=MODEL)

    def home(self, face: int) -> int | None:
        """Return the cluster that a face is in."""
        found = self.store.clusters.face(face)
        return None if found is None else found.cluster

    def free_faces(self) -> list[int]:
        """Return the faces that are in no cluster."""
        rows = self.store._db.conn.execute("SELECT id FROM faces WHERE id NOT IN (SELECT face_id FROM cluster_faces)")
        return [int(row[0]) for row in rows]

    def members(self, cluster: int) -> list[int]:
        """Return the faces of a cluster."""
        return sorted(face.id for face in self.store.clusters.faces(cluster))

    def owner(self, face: int) -> str | None:
        """Return the name of the person whom a face is registered for."""
        row = self.store._db.conn.execute(
            "SELECT name FROM face_references JOIN people ON people.id = person_id WHERE face_id = ?", (face,)
        ).fetchone()
        return None if row is None else str(row[0])

    def refused(self, face: int) -> frozenset[str]:
        """Return the people who a face is not."""
        return self.store.clusters.verdicts([face]).refused.get(0, frozenset())

    def rows(self) -> Rows:
        """Return all that was decided, and what the program has grouped."""
        return {
            table: self.store._db.conn.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608
            for table in _DECIDED
        }


def _members(faces: Sequence[int]) -> tuple[Member, ...]:
    return tuple(Member(face=face, distance=0.2) for face in faces)
