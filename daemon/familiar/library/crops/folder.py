"""One folder of crops: existing crops, crops to add, and its manifest."""

import math
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from familiar.embedding_models import name_of
from familiar.errors import FamiliarError, UsageError
from familiar.file_names import clean_name
from familiar.library.crops.manifest import (
    MANIFEST_NAME,
    CropManifest,
    CroppedFace,
    ImageReference,
    PersonReference,
    Reference,
    Unmatched,
    read_manifest,
    shown_path,
)
from familiar.library.crops.options import RecordedOptions, differences
from familiar.library.crops.reference import CropReference
from familiar.library.crops.selection import SelectedFace
from familiar.model import Crop, Face
from familiar.names import name_key
from familiar.store.tables import file_uri
from familiar.store.views.candidates import PhotoGlance

RULE = "familiar crop"
"""What the journal has for the name of a rule."""

_HASH = 8
"""Digits of a photo's hash in the names of its crops."""

_LONGEST = 200
"""Bytes of a photo's own name in those of its crops, which leaves room for all that follows."""

_Key: TypeAlias = tuple[str, int, int, int, int, float | None]
"""The identity of a face: its photo, its box, and in a video its time."""


class CropFolder:
    """A folder of crops with its faces.json."""

    def __init__(self, folder: Path, sought: CropReference, settings: RecordedOptions) -> None:
        """Read the folder.

        Raises:
            UsageError: it has a faces.json of another program, or crops of another person or with other settings.
        """
        self.path = folder
        self.sought = sought
        self.settings = settings
        self._written = read_manifest(folder)
        if self._written is not None:
            _check(folder, self._written, sought, settings)
        self._faces: dict[_Key, CroppedFace] = {}
        self._cropped: defaultdict[str, set[_Key]] = defaultdict(set)
        self._unmatched: dict[tuple[str, str], Unmatched] = {}
        self._wishes: dict[Path, CroppedFace] = {}
        if self._written is not None:
            self._unmatched = {_place_of(one): one for one in self._written.unmatched}
            for face in self._written.faces:
                self._add(face)

    @property
    def manifest(self) -> CropManifest:
        """What is known of the folder now."""
        return CropManifest(
            engine=self.sought.model,
            reference=self.sought.reference,
            settings=self.settings,
            faces=tuple(self._faces.values()),
            unmatched=tuple(one for one in self._unmatched.values() if not self._cropped.get(one.hash or "")),
        )

    @property
    def missing(self) -> list[Path]:
        """The crops that are recorded, but no longer exist."""
        paths = (self.path / face.file for face in self._faces.values())
        return [path for path in paths if not os.path.lexists(path)]

    def forget(self, crops: Iterable[Path]) -> None:
        """Leave out crops that were undone: another run makes them again."""
        gone = {path.name for path in crops if path.parent == self.path}
        for face in [face for face in self._faces.values() if face.file in gone]:
            del self._faces[_key(face)]
            self._cropped[face.hash].discard(_key(face))

    def plan(
        self, photo: PhotoGlance, source: Path, found: Sequence[SelectedFace], copies: Sequence[str] = ()
    ) -> list[Crop]:
        """Return the missing crops of a photo; add the paths of its content to the others."""
        for path in (shown_path(source), *copies):
            self._unmatched.pop(("", path), None)  # it can be read by now
        self._found_at(photo.hash, source, copies)
        if self._cropped.get(photo.hash) and not self.settings.all_faces:
            return []
        entries = [self._entry(photo, source, one, copies) for one in found]
        crops = []
        for entry, one in zip(entries, found, strict=True):
            if _key(entry) not in self._faces:
                crops.append(self._crop(entry.file, one.face, photo.turn))
                self._wishes[crops[-1].target] = entry
        return crops

    def _entry(self, photo: PhotoGlance, source: Path, found: SelectedFace, copies: Sequence[str]) -> CroppedFace:
        name = self._name(photo, source, found)
        return _entry_of(photo, source, found, name=name, copies=copies, engine=self.sought.model)

    def leave_out(self, unmatched: Unmatched) -> None:
        """Record why a photo has no crop, unless it has one."""
        if unmatched.hash is not None:
            self._unmatched.pop(("", unmatched.path), None)  # it can be read by now
        if unmatched.hash is None or not self._cropped.get(unmatched.hash):
            self._unmatched[_place_of(unmatched)] = unmatched

    def note(self, wish: Path, target: Path) -> CroppedFace | None:
        """Record a crop that was planned for one path, and is at another; None if it does not belong to this folder."""
        entry = self._wishes.pop(wish, None)
        if entry is None:
            return None
        entry = replace(entry, file=target.name)
        self._add(entry)
        return entry

    @property
    def has_changed(self) -> bool:
        """Whether faces.json is out of date."""
        return self.manifest != self._written

    def check_unchanged(self) -> None:
        """Check that faces.json is unchanged since this run read or wrote it, or is gone.

        Raises:
            FamiliarError: another program has written it.
        """
        found = read_manifest(self.path)
        if found is not None and found != self._written:
            raise FamiliarError(
                f"{self.path / MANIFEST_NAME}: was changed by another program in the meantime, and was left unchanged."
            )

    def mark_written(self) -> None:
        """Note that faces.json is up to date."""
        self._written = self.manifest

    def _add(self, face: CroppedFace) -> None:
        self._faces[_key(face)] = face
        self._cropped[face.hash].add(_key(face))

    def _found_at(self, hash_: str, source: Path, copies: Sequence[str]) -> None:
        """Add the paths of content to its crops, and fields that earlier versions did not record."""
        shown = shown_path(source)
        for key in self._cropped.get(hash_, ()):
            face = self._faces[key]
            self._faces[key] = replace(
                face,
                uri=_uri(source) if shown == face.source else face.uri,
                copies=tuple(sorted({*face.copies, *copies, shown} - {face.source})),
            )

    def _name(self, photo: PhotoGlance, source: Path, one: SelectedFace) -> str:
        """Return the name of a crop: the same in every run, and another one for each face of each photo."""
        number = f"-{one.number}" if self.settings.all_faces else ""
        return f"{_safe_stem(source)}-{photo.hash[:_HASH]}{number}.{self.settings.format}"

    def _crop(self, name: str, face: Face, turn: int | None) -> Crop:
        wish = self.settings
        return Crop(
            target=self.path / name,
            rule=RULE,
            box=face.box,
            margin=wish.margin,
            size=wish.size,
            time=face.time,
            square=wish.shape == "square",
            landmarks=face.landmarks if wish.aligned else (),
            quality=wish.quality,
            turn=turn,
            top=self.path,
        )


def _entry_of(
    photo: PhotoGlance, source: Path, found: SelectedFace, *, name: str, copies: Sequence[str], engine: str
) -> CroppedFace:
    face, distance = found.face, found.distance if math.isfinite(found.distance) else None
    return CroppedFace(
        file=name,
        source=shown_path(source),
        hash=photo.hash,
        x=face.box.left,
        y=face.box.top,
        width=face.box.width,
        height=face.box.height,
        distance=distance,
        score=None if distance is None else 1 / (1 + distance),
        size=face.size,
        sharpness=face.sharpness,
        quality=face.quality,
        scale=round(found.scale, 4),
        engine=engine,
        time=face.time,
        uri=_uri(source),
        copies=tuple(copies),
    )


def _uri(source: Path) -> str:
    return file_uri(os.fsencode(source))


def _key(face: CroppedFace) -> _Key:
    return (face.hash, face.x, face.y, face.width, face.height, face.time)


def _place_of(unmatched: Unmatched) -> tuple[str, str]:
    """Return the identity of a photo without a crop: its content, or else its path."""
    return (unmatched.hash, "") if unmatched.hash is not None else ("", unmatched.path)


def _safe_stem(source: Path) -> str:
    """Return the name of a photo as one that any file system takes, not too long, and not hidden."""
    return clean_name(source.stem, portable=True, longest=_LONGEST)


def _check(folder: Path, found: CropManifest, sought: CropReference, settings: RecordedOptions) -> None:
    """Check that the crops to add to a folder are of the same kind as the existing ones.

    Raises:
        UsageError: it is not.
    """
    if not _same(found.reference, sought.reference):
        raise UsageError(
            f"{folder}: has crops of {_named(found.reference)}, not of {_named(sought.reference)}; choose another "
            "folder with --to."
        )
    differing = differences(settings, found.settings)
    if found.engine != sought.model:
        differing.append(f"the model was {name_of(found.engine)}, not {name_of(sought.model)}")
    if differing:
        raise UsageError(
            f"{folder}: its crops have other settings: {'; '.join(differing)}. Use the same settings, or choose "
            "another folder with --to."
        )


def _same(one: Reference, other: Reference) -> bool:
    """Return whether two are the same face, or person: by the name, or after a rename by a reference in common."""
    match one, other:
        case PersonReference(), PersonReference():
            return name_key(one.person) == name_key(other.person) or bool(_embeddings(one) & _embeddings(other))
        case ImageReference(), ImageReference():
            return (one.hash, one.x, one.y) == (other.hash, other.x, other.y)
        case _:
            return False


def _embeddings(reference: PersonReference) -> set[str]:
    return {photo.embedding for photo in reference.photos if photo.embedding is not None}


def _named(reference: Reference) -> str:
    return repr(reference.person) if isinstance(reference, PersonReference) else f"the face in {reference.image}"
