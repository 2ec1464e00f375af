"""What a loss of power would leave, at each instant, by the calls that were made.

A file outlives a loss of power if its content was synced after the last write, and its name too: the folder was synced
after the name was made, which brings the folder's own name to the disk with it (journals keep the order). A renamed
file has the one name or the other, so it is as sure as it was before. A sync that failed makes nothing sure, and a
content whose sync failed is not sure even after another one: Linux drops the error with the pages
(https://wiki.postgresql.org/wiki/Fsync_Errors). What a person put there is sure.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from faults.shim import Call


@dataclass(slots=True, eq=False)
class File:
    """A file under one name or several; its hash is known once nobody is at work."""

    hash: str = ""
    is_synced: bool = True
    is_spoilt: bool = False


@dataclass(frozen=True, slots=True)
class Removal:
    """A name was removed from a file: by which call, and which files were sure to be there from then on."""

    call: Call
    file: File
    sure: tuple[File, ...]


class Durability:
    """The record of one world; several processes one after the other add to it."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._unsure: set[str] = set()

    def observe(self, found: Mapping[Path, str]) -> None:
        """Note what is there while nobody is at work."""
        now = {str(path): hash_ for path, hash_ in found.items() if not hash_.startswith("-> ")}
        for gone in self._files.keys() - now.keys():
            self._forget(gone)
        for path, hash_ in now.items():
            file = self._files.get(path)
            if file is None or file.hash not in {"", hash_}:
                self._forget(path)
                self._files[path] = file = File()
            file.hash = hash_

    def add(
        self, calls: Iterable[Call], found: Mapping[Path, str], required: Collection[str]
    ) -> list[tuple[Call, str]]:
        """Add the calls of a process that has ended, and what is there since.

        Returns:
            The calls that removed what was the only file that is sure to be there, with the hash of its content.
        """
        removals = [removal for call in calls for removal in self._apply(call)]
        self.observe(found)
        # A file that was sure, and gone before its content could be looked at, may have been the one.
        return [
            (removal.call, removal.file.hash)
            for removal in removals
            if removal.file.hash in required and {removal.file.hash, ""}.isdisjoint(file.hash for file in removal.sure)
        ]

    def _apply(self, call: Call) -> Iterable[Removal]:
        if call.label == "fsync" and call.result is not None:
            self._sync(call)
        if call.label == "fsync" or call.result is None or call.result < 0:
            return
        removed = None
        match call.label:
            case "create" | "mkdir" | "write" | "truncate" | "copy" | "link":
                self._make(call)
            case "rename":
                removed = self._rename(call.one, call.two)
            case "exchange":
                self._exchange(call.one, call.two)
            case "unlink" | "rmdir":
                removed = self._forget(call.one)
        if removed is not None:
            yield Removal(call, removed, tuple(self._sure()))

    def _make(self, call: Call) -> None:
        match call.label:
            case "create" if call.one not in self._files:
                self._files[call.one] = File()
                self._unsure.add(call.one)
            case "mkdir":
                self._unsure.add(call.one)
            case "write" | "truncate" | "copy":
                self._files.setdefault(call.two or call.one, File()).is_synced = False
            case "link":
                self._files[call.two] = self._files.setdefault(call.one, File())
                self._unsure.add(call.two)

    def _sure(self) -> Iterable[File]:
        for path, file in self._files.items():
            if file.is_synced and not file.is_spoilt and not self._is_unsure(path):
                yield file

    def _is_unsure(self, path: str) -> bool:
        return bool(self._unsure) and any(str(one) in self._unsure for one in (path, *Path(path).parents))

    def _sync(self, call: Call) -> None:
        file, synced = self._files.get(call.one), call.result == 0 and not call.injected.endswith("-after")
        if file is None and synced:
            inside = {name for name in self._unsure if str(Path(name).parent) == call.one}
            self._unsure -= {call.one, *map(str, Path(call.one).parents), *inside}
        elif file is not None and synced:
            file.is_synced = True
        elif file is not None and not file.is_synced:
            file.is_spoilt = True

    def _rename(self, one: str, two: str) -> File | None:
        file, unsure = self._files.get(one), one in self._unsure
        removed = self._forget(two) if one != two else None
        self._forget(one)
        if file is not None:
            self._files[two] = file
        if unsure:
            self._unsure.add(two)
        return removed

    def _exchange(self, one: str, two: str) -> None:
        if one in self._files and two in self._files:
            self._files[one], self._files[two] = self._files[two], self._files[one]
        if len({one, two} & self._unsure) == 1:
            self._unsure ^= {one, two}

    def _forget(self, path: str) -> File | None:
        self._unsure.discard(path)
        return self._files.pop(path, None)
