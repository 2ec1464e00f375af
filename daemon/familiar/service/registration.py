"""Register faces from photos as references of a person."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from familiar.errors import FamiliarError, SetAsideError
from familiar.model import Face, Photo
from familiar.service.seeing import Seer
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What came of one photo: `reason` says why it was refused."""

    path: Path
    result: Literal["registered", "known", "refused"]
    reason: str | None = None


class Registrar:
    """Looks at photos, or takes what the store knows of them, and registers the face in each."""

    def __init__(self, *, store: Store, seer: Seer, largest: bool) -> None:
        """Take the rooms; with `largest` the largest of several faces is taken, else such a photo is refused."""
        self._store = store
        self._seer = seer
        self._largest = largest

    async def register(
        self, name: str, paths: Sequence[Path], progress: Callable[[int, int], None]
    ) -> list[Registration]:
        """Register the face in each photo for the person of this name; return what came of each, in order.

        A person who is new is written down with their first reference, not before.
        """
        looks = [asyncio.create_task(self._seer.see(path)) for path in paths]
        results = []
        for number, (path, look) in enumerate(zip(paths, looks, strict=True), start=1):
            try:
                results.append(self._add(name, path, self._store.photos.load(await look)))
            except FamiliarError as error:
                results.append(Registration(path=path, result="refused", reason=str(error)))
            progress(number, len(paths))
        return results

    def _add(self, name: str, path: Path, photo: Photo) -> Registration:
        face = self._choose(photo)
        with self._store.writing():
            owner = self._store.people.owner_of(face.id or 0)
            person = self._store.people.add(name)
            if owner is not None and owner != person.name:
                raise SetAsideError(f"the face is registered for {owner!r} already")
            added = self._store.people.add_reference(person.id, face, origin=path, taken=photo.taken)
        return Registration(path=path, result="registered" if added else "known")

    def _choose(self, photo: Photo) -> Face:
        if not photo.faces:
            raise SetAsideError("no face was found in it")
        if len(photo.faces) > 1 and not self._largest:
            raise SetAsideError(f"{len(photo.faces)} faces were found in it; --largest takes the largest")
        return max(photo.faces, key=lambda face: face.size)
