"""All faces of a person as one file: a ZIP of crops, with a table that says where each comes from.

It is made while it is sent, and takes no room on the disk.
"""

import asyncio
import io
import os
import zipfile
from collections.abc import AsyncIterator, Mapping

from familiar.api.library import Library
from familiar.file_names import clean_name, shorten_name
from familiar.library.export.comma_separated import CommaSeparated
from familiar.library.pictures import PictureCutter, PlacedFace
from familiar.review.library_thread import LibraryThread
from familiar.store.tables import Column, Kind, Row
from familiar.store.views.faces_of_people import FaceOfPerson

_PART = 100
"""Faces that are asked for at once."""

_AT_ONCE = 8
"""Faces that are cut at the same time."""

_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("file", "photo", "hash"), "text"),
    **dict.fromkeys(("left", "top", "right", "bottom"), "integer"),
    **dict.fromkeys(("time", "distance"), "number"),
    "taken": "text",
}
_COLUMNS = [Column(name=name, kind=kind) for name, kind in _KINDS.items()]


def file_name(name: str) -> str:
    """Return the name of the file for a person, without its suffix."""
    return shorten_name(clean_name(name))


async def data_set(library: LibraryThread, cutter: PictureCutter, person: int, name: str) -> AsyncIterator[bytes]:
    """Give the parts of a ZIP file with all faces of a person by their id; those that can't be read are left out.

    `name` is that of the folder in it.
    """
    sent, table = _Sent(), io.BytesIO()
    rows = CommaSeparated(_COLUMNS, table)
    folder = file_name(name)
    with zipfile.ZipFile(sent, "w", zipfile.ZIP_STORED) as archive:
        start = 0
        while part := await library.ask(lambda library: _part(library, person, start)):  # noqa: B023 - it is awaited here
            start += len(part)
            for chunk in (part[first : first + _AT_ONCE] for first in range(0, len(part), _AT_ONCE)):
                crops = await asyncio.gather(*(cutter.crop(placed) for _, placed in chunk))
                for (face, placed), crop in zip(chunk, crops, strict=True):
                    if crop is not None:
                        file = f"{folder}/{face.hash[:12]}-{face.id}.jpg"
                        archive.writestr(_entry(file), crop)
                        rows.write([_row(file, face, placed)])
                yield sent.take()
        archive.writestr(_entry(f"{folder}/faces.csv"), table.getvalue())
    yield sent.take()


def _part(library: Library, person: int, start: int) -> list[tuple[FaceOfPerson, PlacedFace]]:
    name = library.people.state(person).name  # it may be given another one meanwhile
    faces = library.people.faces(name, start=start, most=_PART)
    placed = {one.id: one for one in library.faces.place([face.id for face in faces])}
    return [(face, placed[face.id]) for face in faces]


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name)  # with a fixed date: the same faces give the same file


def _row(file: str, face: FaceOfPerson, placed: PlacedFace) -> Row:
    box, photo = face.box, next(map(os.fsencode, placed.photo.paths), b"").decode("utf-8", "backslashreplace")
    return (file, photo, face.hash, box.left, box.top, box.right, box.bottom, face.time, face.distance, face.taken)


class _Sent(io.RawIOBase):
    """A file that is written from its beginning to its end, and taken in parts."""

    def __init__(self) -> None:
        super().__init__()
        self._parts = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        self._parts += data
        return len(data)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = bytes(self._parts)
        self._parts.clear()
        return taken
