"""What a loss of power would leave, by the calls that were made: which names and contents the disks are sure to have.

A file outlives a loss of power if its content was synced after the last write, and its name too: the folder was synced
after the name was made. A renamed file has the one name or the other, so it is as sure as it was before. A sync that
failed makes nothing sure, and a content whose sync failed is not sure even after another one: Linux drops the error
with the pages (https://wiki.postgresql.org/wiki/Fsync_Errors). What lay there when the record began is sure.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from faults.shim import Call


class Durability:
    """The record of one world; several processes one after the other may add to it."""

    def __init__(self) -> None:
        self._unsure_names: set[str] = set()
        self._unsure_contents: set[str] = set()
        self._spoilt: set[str] = set()

    def add(self, calls: Iterable[Call]) -> None:
        for call in calls:
            if call.result is None:
                continue
            if call.label == "fsync":
                self._sync(call)
            elif call.result >= 0:
                self._change(call)

    def is_sure(self, path: Path) -> bool:
        """Say whether a file would be there after a loss of power, with its content."""
        text = str(path)
        unsure = text in self._unsure_contents or text in self._spoilt
        return not unsure and not any(str(one) in self._unsure_names for one in (path, *path.parents))

    def endangered(self, found: Mapping[Path, str], required: Iterable[str]) -> set[str]:
        """Return the contents that are there, and of which no file would be sure to be after a loss of power."""
        sure = {hash_ for path, hash_ in found.items() if self.is_sure(path)}
        return (set(required) & set(found.values())) - sure

    def _sync(self, call: Call) -> None:
        if call.result == 0 and not call.injected:
            self._unsure_contents.discard(call.one)
            self._unsure_names = {name for name in self._unsure_names if str(Path(name).parent) != call.one}
        elif call.one in self._unsure_contents:
            self._spoilt.add(call.one)

    def _change(self, call: Call) -> None:
        match call.label:
            case "create" | "mkdir":
                self._unsure_names.add(call.one)
            case "write" | "truncate":
                self._unsure_contents.add(call.one)
            case "copy":
                self._unsure_contents.add(call.two)
            case "link":
                self._inherit(call.one, call.two)
                self._unsure_names.add(call.two)
            case "rename":
                self._inherit(call.one, call.two)
                self._forget(call.one)
            case "exchange":
                self._exchange(call.one, call.two)
            case "unlink" | "rmdir":
                self._forget(call.one)

    def _inherit(self, one: str, two: str) -> None:
        for kept in (self._unsure_names, self._unsure_contents, self._spoilt):
            kept.discard(two)
            if one in kept:
                kept.add(two)

    def _exchange(self, one: str, two: str) -> None:
        for kept in (self._unsure_names, self._unsure_contents, self._spoilt):
            either = {one, two} & kept
            if len(either) == 1:
                kept ^= {one, two}

    def _forget(self, path: str) -> None:
        for kept in (self._unsure_names, self._unsure_contents, self._spoilt):
            kept.discard(path)
