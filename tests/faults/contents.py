"""What is in folders, by hash, and what of it must not go."""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

Tree: TypeAlias = dict[Path, str]
"""Each file by its path: the SHA-256 of its content; of a symbolic link `-> ` and where it leads."""


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tree(folders: Iterable[Path]) -> Tree:
    """Return what is in and below folders; links are not followed."""
    return dict(sorted(entry for folder in folders for entry in _below(folder)))


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            yield path, f"-> {path.readlink()}" if path.is_symlink() else hash_of(path.read_bytes())
        # A link to a folder is listed among the folders, and is not walked into.
        links = (entry for entry in os.scandir(where) if entry.is_symlink() and entry.is_dir())
        for entry in links:
            yield Path(entry.path), f"-> {os.readlink(entry.path)}"  # noqa: PTH115 - of an entry


def is_hidden(path: Path) -> bool:
    """Return whether it is a temporary file of familiar by its name."""
    return path.name.startswith(".familiar-")


class Ledger:
    """Which contents have to be somewhere, and which may be: all that a person put there and did not take away."""

    def __init__(self) -> None:
        self.required: set[str] = set()
        self.known: set[str] = set()
        self.names: dict[str, str] = {}

    def arrive(self, data: bytes, name: str = "") -> str:
        """Note a content that a person put somewhere, once it is there; return its hash."""
        hash_ = hash_of(data)
        self.required.add(hash_)
        self.known.add(hash_)
        self.names.setdefault(hash_, name)
        return hash_

    def release(self, hash_: str) -> None:
        """Note that a person took a content away, or wrote over it."""
        self.required.discard(hash_)

    def settle(self, before: Mapping[Path, str], after: Mapping[Path, str]) -> None:
        """Note what a person did while nobody else did anything: they took away what they can't see any more.

        A temporary file is no copy to them; but one that was the only one before is not what they took away.
        """
        seen, left = ({hash_ for path, hash_ in found.items() if not is_hidden(path)} for found in (before, after))
        self.required -= seen - left

    def lost(self, found: Mapping[Path, str], excused: Collection[str] = ()) -> set[str]:
        """Return the contents that are gone, except for those that are excused."""
        return self.required - set(found.values()) - set(excused)

    def called(self, contents: Iterable[str]) -> str:
        """Return the names that contents came with, for people."""
        return ", ".join(sorted(self.names[hash_] for hash_ in contents))

    def partial(self, found: Mapping[Path, str], made: Collection[str]) -> list[Path]:
        """Return files with a name of their own and a content that nobody put anywhere; `made` are pictures' hashes."""
        return [
            path
            for path, hash_ in found.items()
            if not is_hidden(path) and not hash_.startswith("-> ") and hash_ not in self.known and hash_ not in made
        ]
