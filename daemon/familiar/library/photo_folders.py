"""Files and folders that a caller names, or the configured folders, and the photos in them."""

import os
from collections.abc import Iterable
from pathlib import Path

from familiar.errors import UsageError
from familiar.filesystem.presence import Unread
from familiar.path_patterns import escaped
from familiar.settings import FolderSettings, Settings
from familiar.sources.patterns import Patterns
from familiar.sources.walker import walk


def folder_at(path: Path, *, files: bool) -> FolderSettings:
    """Return a folder with its subfolders; with `files`, a file as a folder that includes only that file.

    Raises:
        UsageError: the path does not exist.
    """
    whole = Path(os.path.abspath(path))
    if path.is_dir():
        return FolderSettings(path=whole)
    if files and path.is_file():
        return FolderSettings(
            path=whole.parent, include=(f"/{escaped(path.name)}",), exclude=(), recursive=False, outside_links=True
        )
    if path.exists():
        raise UsageError(f"{path} is not a folder{' or regular file' if files else ''}.")
    raise UsageError(f"{path}: no such folder{' or file' if files else ''}.")


def named_folders(paths: Iterable[Path], *, recursive: bool = True) -> list[FolderSettings]:
    """Return the given files and folders; with subfolders if `recursive`.

    Raises:
        UsageError: one of the paths does not exist.
    """
    named = (folder_at(path, files=True) for path in paths)
    return [one.model_copy(update={"recursive": recursive and one.recursive}) for one in named]


def folders_of(paths: tuple[Path, ...], settings: Settings, *, files: bool) -> tuple[FolderSettings, ...]:
    """Return the folders to watch: those on the command line, or else the configured ones.

    With `files`, a path can also be a file: a folder that includes only that file.

    Raises:
        UsageError: there are none, or one is not a folder.
    """
    if not paths:
        if not settings.folders and any(account.enabled for account in settings.accounts):
            return ()
        if not settings.folders:
            raise UsageError(
                "No folder to watch; give one (familiar run ~/Pictures), or set `folders` in the configuration."
            )
        return tuple(map(settings.watched, settings.folders))
    chosen: list[FolderSettings] = []
    for path in paths:
        configured = next((folder for folder in settings.folders if folder.path == path), None)
        chosen.append(settings.watched(configured or folder_at(path, files=files)))
    for folder in chosen:
        for other in chosen:
            if folder is not other and folder.path.is_relative_to(other.path):
                raise UsageError(
                    f"{folder.path} is inside {other.path}, which is watched with its subfolders; give one."
                )
    return tuple(chosen)


def photos_in(folders: Iterable[FolderSettings], unread: Unread) -> list[Path]:
    """Return the photos in folders and their subfolders, sorted by name; `unread` gets subfolders that can't be read.

    Raises:
        UsageError: a folder has none, or can't be read.
    """
    photos: dict[Path, None] = {}
    for folder in folders:
        errors: list[tuple[Path, str]] = []
        found = [
            Path(listing.folder, os.fsdecode(name))
            for listing in walk(folder.path, folder.path, Patterns(folder), errors)
            for name, *_ in listing.entries
        ]
        note_errors(errors, folder.path, unread)
        if not found:
            raise UsageError(f"{folder.path}: no photos in this folder.")
        photos.update(dict.fromkeys(found))
    return list(photos)


def note_errors(errors: Iterable[tuple[Path, str]], top: Path, unread: Unread) -> None:
    """Note the folders that a walk of `top` could not read.

    Raises:
        UsageError: `top` is one of them.
    """
    for folder, reason in errors:
        if folder == top:
            raise UsageError(f"{folder}: can't be read: {reason}.")
        unread.note(folder, reason)
