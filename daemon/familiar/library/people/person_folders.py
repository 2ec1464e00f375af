"""A data set with one folder per person: who can be registered, and what can't."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from familiar.errors import UsageError
from familiar.library.people.registration import Candidate
from familiar.names import check_name, name_key
from familiar.settings import FolderSettings
from familiar.sources.patterns import Patterns
from familiar.sources.walker import walk


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """The people of a data set, and the folders and photos that belong to nobody, each with the reason."""

    candidates: tuple[Candidate, ...]
    refused: tuple[tuple[Path, str], ...]


def read_data_set(
    folder: Path, settings: Callable[[FolderSettings], FolderSettings], *, name_of: Callable[[str], str]
) -> DataSet:
    """Return the content of a folder with one folder per person, in the order of names.

    All photos in a person's folder and below are theirs. Folders whose names mean the same person are one person's.

    Args:
        folder: the data set.
        settings: gives the settings that say which files in a folder are photos.
        name_of: returns the name of the person for the name of a folder.

    Raises:
        UsageError: there is no such folder, it can't be read, or it has no folder in it.
    """
    names = _names_in(folder)
    patterns = Patterns(settings(FolderSettings(path=folder)))
    folders = [name for name in names if os.path.isdir(folder / name) and patterns.takes_folder(name, name)]
    if not folders:
        raise UsageError(
            f"{folder}: has no folders, of which each would be a person; for photos of one person: "
            "familiar people add NAME FOLDER"
        )
    people: dict[str, Candidate] = {}
    refused: list[tuple[Path, str]] = []
    for each in folders:
        try:
            name = check_name(_named(each, name_of))
            photos, unread = _photos(folder / each, folder, settings)
        except UsageError as error:
            refused.append((folder / each, str(error)))
            continue
        refused += unread
        known = people.get(name_key(name), Candidate(name=name, photos=()))
        if photos:
            people[name_key(name)] = Candidate(name=known.name, photos=known.photos + photos)
        elif not unread:
            refused.append((folder / each, "it has no photos"))
    loose = [name for name in names if not os.path.isdir(folder / name) and patterns.takes_file(name, name)]
    refused += [(folder / name, "it is not in the folder of a person") for name in loose]
    return DataSet(candidates=tuple(people.values()), refused=tuple(refused))


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted((path.name for path in folder.iterdir()), key=os.fsencode)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"{folder}: the folder does not exist.") from error
    except OSError as error:
        raise UsageError(f"{folder}: can't be read: {error.strerror}.") from error


def _photos(
    path: Path, within: Path, settings: Callable[[FolderSettings], FolderSettings]
) -> tuple[tuple[Path, ...], list[tuple[Path, str]]]:
    """Return the photos in a person's folder, and the folders in it that can't be read, each with the reason.

    Raises:
        UsageError: it is a link to a folder above it.
    """
    if within.resolve().is_relative_to(path.resolve()):
        raise UsageError("it is a link to a folder above it")
    errors: list[tuple[Path, str]] = []
    photos = tuple(
        Path(listing.folder, os.fsdecode(name))
        for listing in walk(path, path, Patterns(settings(FolderSettings(path=path))), errors)
        for name, *_ in listing.entries
    )
    return photos, [(unread, f"can't be read: {reason}") for unread, reason in errors]


def _named(folder: str, name_of: Callable[[str], str]) -> str:
    """Return the name of the person for a folder.

    Raises:
        UsageError: the function of the caller returns something else.
    """
    name: object = name_of(folder)
    if not isinstance(name, str):
        raise UsageError(f"The function name_of returns {name!r} for {folder!r}; it must return text.")
    return name
