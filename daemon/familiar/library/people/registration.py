"""Register faces from photos as references of people."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from familiar.errors import FamiliarError, SetAsideError, StoreError, WorkersError
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.model import JUNK, Face, Photo
from familiar.names import name_key
from familiar.store.references import FaceToRegister, Registered
from familiar.store.store import Store

FaceChoice: TypeAlias = Literal["only", "largest", "central"]
"""Which face of a photo is registered: the only one, or of several the largest, or the one nearest to the centre."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the number of photos that are done, and of all."""


class PhotoIndexer(Protocol):
    """Adds photos to the store."""

    async def index(self, path: Path) -> int:
        """Return the id of the photo at `path`; raise FamiliarError if there is none that can be decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A person to register, with their photos in order."""

    name: str
    photos: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The result for one photo: `reason` says why it was refused."""

    path: Path
    result: Literal["registered", "known", "refused"]
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """The result for one person: for each photo that was examined, and how many were left out as there were enough."""

    person: str
    photos: tuple[Registration, ...]
    left_out: int

    def count(self, result: Literal["registered", "known", "refused"]) -> int:
        """Count the photos with this result."""
        return sum(photo.result == result for photo in self.photos)


class Registrar:
    """Examines photos, or takes what the store knows of them, and registers one face of each.

    Nothing is registered until all photos are examined. What was examined is remembered: a registration that is stopped
    at any instant and begun again continues there, and ends as if it had not been stopped.
    """

    def __init__(
        self,
        *,
        store: Store,
        indexer: PhotoIndexer,
        reencoder: Reencoder,
        recogniser: Recogniser,
        at_once: int,
        choice: FaceChoice = "only",
        most: int | None = None,
        min_quality: float = JUNK,
    ) -> None:
        """Take the store, what examines photos, and how faces are chosen.

        Args:
            store: where everything is written.
            indexer: examines photos.
            reencoder: encodes faces again that were encoded by another model.
            recogniser: matches faces.
            at_once: number of photos that are examined at the same time.
            choice: which face of a photo is registered.
            most: largest number of photos of a person, the first usable ones; None: all.
            min_quality: faces of a lower quality are left out of account.
        """
        self._store = store
        self._indexer = indexer
        self._reencoder = reencoder
        self._recogniser = recogniser
        self._at_once = at_once
        self._choice = choice
        self._most = most
        self._min_quality = min_quality

    async def register(self, candidates: Sequence[Candidate], progress: Progress) -> list[Enrolment]:
        """Register faces of these people; return the result for each, in order.

        A person is added with their first reference, and not without.

        Raises:
            StoreError: something could not be written; nothing is registered.
        """
        people = [_Person(candidate, self._most) for candidate in candidates]
        await self._look(people, progress)
        registered = self._store.references.register([face for person in people for face in person.faces()])
        self._match_new(look.photo for person in people for look in person.looks.values())
        of_each = iter(registered)
        return [person.enrolment(of_each) for person in people]

    def _match_new(self, photos: Iterable[int | None]) -> None:
        """Match the faces of photos that are new; if people have changed, they are matched with those that concerns."""
        new = [photo for photo in photos if photo is not None and not self._store.photos.matches(photo)]
        with self._store.writing():
            is_stale = self._recogniser.is_stale
            if is_stale:  # whoever matches with the new people can't have ended in between
                faces = [face.id or 0 for photo in new for face in self._store.photos.load(photo).faces]
                self._store.matched_people.leave(faces)
        if not is_stale:
            for photo in new:
                self._recogniser.recognise(photo)

    async def _look(self, people: Sequence["_Person"], progress: Progress) -> None:
        """Examine the photos of all people at the same time, so that no worker waits for the last photo of a person."""
        waiting = deque(people)
        total, done = sum(person.wanted for person in people), 0
        progress(done, total)

        async def take_part() -> None:
            nonlocal done
            while waiting:
                person = waiting[0]
                place = person.next_place()
                if place is None:
                    waiting.popleft()
                    continue
                if not person.take(place, await self._see(person.candidate.photos[place])):
                    waiting.appendleft(person)  # another photo may have to replace it
                done += 1
                progress(done, max(done, total))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._at_once):
                    group.create_task(take_part())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    async def _see(self, path: Path) -> "_Look":
        photo_id = None
        try:
            photo_id = await self._indexer.index(path)
            await self._reencoder.reencode_photo(photo_id, path)
            return _Look(photo=photo_id, face=self._choose(self._store.photos.load(photo_id)).id)
        except (StoreError, WorkersError):
            raise
        except FamiliarError as error:
            return _Look(photo=photo_id, reason=str(error))

    def _choose(self, photo: Photo) -> Face:
        if not photo.faces:
            raise SetAsideError("no face found")
        faces = [face for face in photo.faces if face.has_quality(self._min_quality)]
        if not faces:
            raise SetAsideError(_poor(photo.faces, self._min_quality))
        if len(faces) > 1 and self._choice == "only":
            raise SetAsideError(f"{len(faces)} faces found; --largest or --central takes one of them")
        if self._choice == "central":
            return min(faces, key=lambda face: _from_centre(photo, face))
        return max(faces, key=lambda face: face.size)


def _poor(faces: Sequence[Face], minimum: float) -> str:
    """Return why none of some faces is registered."""
    best = max(face.quality or 0.0 for face in faces)
    which = "its face has a quality of only" if len(faces) == 1 else f"none of its {len(faces)} faces is better than"
    return f"{which} {best:.2f}, and {minimum:g} is needed; use a clearer photo, or a lower --min-quality"


def _from_centre(photo: Photo, face: Face) -> float:
    """Return the distance between the centres of a face and of its photo, in pixels."""
    x, y = (face.box.left + face.box.right) / 2, (face.box.top + face.box.bottom) / 2
    return math.hypot(x - photo.width / 2, y - photo.height / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What was found in a photo: the ids of the photo and the chosen face, or the reason why there is none."""

    photo: int | None = None
    face: int | None = None
    reason: str | None = None


class _Person:
    """The state of a candidate: which photos were examined, and what was found, by the position of the photo."""

    def __init__(self, candidate: Candidate, most: int | None) -> None:
        self.candidate = candidate
        self.looks: dict[int, _Look] = {}
        self.wanted = len(candidate.photos) if most is None else min(most, len(candidate.photos))
        self._found: set[int] = set()
        self._next = 0

    def next_place(self) -> int | None:
        """Return the position of the next photo to examine; None while those under way may be enough."""
        under_way = self._next - len(self.looks)
        if self._next == len(self.candidate.photos) or len(self._found) + under_way >= self.wanted:
            return None
        self._next += 1
        return self._next - 1

    def take(self, place: int, look: _Look) -> bool:
        """Note what was found in a photo; return whether it is a face that no earlier photo had."""
        self.looks[place] = look
        if look.face is None or look.face in self._found:
            return False
        self._found.add(look.face)
        return True

    def faces(self) -> list[FaceToRegister]:
        """Return the faces that were chosen, in the order of the photos."""
        photos = self.candidate.photos
        return [
            FaceToRegister(person=self.candidate.name, face_id=look.face, origin=photos[place])
            for place, look in sorted(self.looks.items())
            if look.face is not None
        ]

    def enrolment(self, registered: Iterator[Registered]) -> Enrolment:
        """Return the result for this person; `registered` gives that of each of their faces, in order."""
        results = []
        for place, look in sorted(self.looks.items()):
            path = self.candidate.photos[place]
            if look.face is None:
                results.append(Registration(path=path, result="refused", reason=look.reason))
            else:
                results.append(self._result(path, next(registered)))
        left_out = len(self.candidate.photos) - len(results)
        return Enrolment(person=self.candidate.name, photos=tuple(results), left_out=left_out)

    def _result(self, path: Path, registered: Registered) -> Registration:
        if registered.added:
            return Registration(path=path, result="registered")
        if registered.owner is None:
            return Registration(path=path, result="refused", reason="its face was removed in the meantime")
        if name_key(registered.owner) == name_key(self.candidate.name):
            return Registration(path=path, result="known")
        reason = f"the face is registered for {registered.owner!r} already"
        return Registration(path=path, result="refused", reason=reason)
