"""Read the content of an exported folder: names, and the first bytes of files; nothing is decoded or changed."""

import os
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from familiar.errors import UsageError
from familiar.library.clusters.folders.face_markers import HEAD, face_named, is_jpeg, mark_in
from familiar.library.clusters.folders.manifest import SPECIAL
from familiar.library.clusters.folders.plan import FolderContents, FolderFile

_LITTER = frozenset({"thumbs.db", "desktop.ini", "$recycle.bin", "@eadir", "__macosx", "lost+found"})
"""What file managers and network drives leave in folders, beside hidden files."""

_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif")
"""Suffixes of files that an editor may have made of a crop."""


def read_folder(top: Path, progress: Callable[[int, int], None] = lambda _done, _total: None) -> FolderContents:
    """Return the content of an exported folder.

    Raises:
        UsageError: the folder can't be read.
    """
    try:
        entries = visible(top)
    except OSError as error:
        raise UsageError(f"{top}: can't be read: {error.strerror}.") from error
    files = []
    for file in _walk(entries):
        files.append(file)
        progress(len(files), 0)
    folders = (entry.name for entry in entries if _is_folder(entry) and _trouble_with_name(entry.name) is None)
    return FolderContents(folders=frozenset(map(_composed, folders)), files=tuple(files))


def visible(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, by name, except hidden files and what file managers leave behind.

    Raises:
        OSError: it can't be read.
    """
    with os.scandir(folder) as found:
        kept = [entry for entry in found if not entry.name.startswith(".") and entry.name.lower() not in _LITTER]
    return sorted(kept, key=lambda entry: entry.name)


def _walk(entries: list[os.DirEntry[str]]) -> Iterator[FolderFile]:
    for entry in entries:
        if _is_folder(entry):
            yield from _in_folder(entry, entry.name, _composed(entry.name))
        else:
            yield _file(entry, entry.name, "")


def _in_folder(folder: os.DirEntry[str], path: str, name: str) -> Iterator[FolderFile]:
    """Give the files of a folder; only the special folders may contain folders."""
    within = "" if path == folder.name else name
    trouble = _trouble_with_name(folder.name)
    try:
        entries = visible(folder) if trouble is None else []
    except OSError as error:
        trouble, entries = f"can't be read: {error.strerror}", []
    if trouble is not None:
        yield FolderFile(path=path, folder=within, trouble=trouble, hides=True)
    for entry in entries:
        below = f"{path}/{entry.name}"
        if not _is_folder(entry):
            yield _file(entry, below, name)
        elif path in SPECIAL:
            yield from _in_folder(entry, below, name)
        else:
            reason = "a folder within a folder; move its content one level up"
            yield FolderFile(path=below, folder=name, trouble=reason, hides=True)


def _file(entry: os.DirEntry[str], path: str, folder: str) -> FolderFile:
    named = face_named(entry.name)
    picture = entry.name.lower().endswith(_PICTURES)
    trouble = _trouble_with_name(entry.name) or _trouble_with_kind(entry)
    if trouble is not None:
        return FolderFile(path=path, folder=folder, named=named, trouble=trouble, hides=picture)
    try:
        head = _head(Path(entry.path))
    except OSError as error:
        reason = f"can't be read: {error.strerror}"
        return FolderFile(path=path, folder=folder, named=named, trouble=reason, hides=True)
    return FolderFile(path=path, folder=folder, mark=mark_in(head), named=named, hides=picture or is_jpeg(head))


def _head(path: Path) -> bytes:
    # A pipe that replaced the file since would keep a reader waiting, and a link would lead elsewhere.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(HEAD)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _trouble_with_kind(entry: os.DirEntry[str]) -> str | None:
    if entry.is_symlink():
        return "a symbolic link, which is not followed"
    return None if entry.is_file(follow_symlinks=False) else "not a regular file"


def _trouble_with_name(name: str) -> str | None:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    return None


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
