"""Which files are photos to include, and which names are always skipped."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from familiar.path_patterns import compile_patterns, composed
from familiar.settings import FolderSettings


class Patterns:
    """The include and exclude patterns of one root, compiled; upper and lower case are alike.

    A pattern without a slash fits a file's or a folder's name; one with a slash fits the whole path from the root.
    """

    def __init__(self, settings: FolderSettings, *, sidecars: bool = False, companions: tuple[str, ...] = ()) -> None:
        """Compile the patterns of a root; with `sidecars`, they match, too; `companions` are how their names end."""
        self._sidecars = sidecars
        self._beside_photos = (".xmp", *companions)
        self._root = settings.path
        self._include = _compile(settings.include)
        self._exclude = _compile(settings.exclude)
        self._recursive = settings.recursive
        self._is_of_one_file = not settings.recursive and not settings.exclude
        self._outside_links = settings.outside_links

    def takes(self, path: Path) -> bool:
        """Return whether the file at `path`, which is below the root, is a photo to include."""
        return self.takes_file(path.name, str(path.relative_to(self._root))) and self.enters(path.parent)

    def reaches(self, path: Path) -> bool:
        """Return whether the file at `path` is in the root: not a link, or one that does not lead out of it.

        Links out of the root are followed where its settings say so.
        """
        if self._outside_links or not os.path.islink(path):
            return True
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self._root))

    def takes_sidecar(self, name: str, relative: str) -> bool:
        """Return whether a file in a listed folder is a sidecar to report."""
        return self._sidecars and name.lower().endswith(".xmp") and not _fits(self._exclude, name, relative)

    def tells(self, path: Path) -> bool:
        """Return whether the file at `path`, which is below the root, is a photo to include or a sidecar to report."""
        is_sidecar = self.takes_sidecar(path.name, str(path.relative_to(self._root)))
        return self.takes(path) or (is_sidecar and self.enters(path.parent))

    def enters(self, path: Path) -> bool:
        """Return whether the folder at `path`, which is the root or below it, is listed."""
        relative = path.relative_to(self._root)
        return all(
            self.takes_folder(folder.name, str(folder)) for folder in (relative, *relative.parents) if folder.name
        )

    def takes_file(self, name: str, relative: str) -> bool:
        """Return whether a file in a listed folder is a photo to include."""
        return _fits(self._include, name, relative) and not _fits(self._exclude, name, relative)

    def passes_by(self, name: str, relative: str) -> bool:
        """Return whether a file in a listed folder is no photo or companion by its name, and nothing excludes it."""
        if self._is_of_one_file or name.lower().endswith(self._beside_photos):
            return False
        return not (_fits(self._include, name, relative) or _fits(self._exclude, name, relative))

    def takes_folder(self, name: str, relative: str) -> bool:
        """Return whether a folder is listed."""
        return self._recursive and not _fits(self._exclude, name, relative)


def _compile(patterns: Iterable[str]) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    plain = [pattern for pattern in patterns if "/" not in pattern]
    with_path = [pattern.strip("/") for pattern in patterns if "/" in pattern]
    return _union(plain), _union(with_path)


def _union(patterns: list[str]) -> re.Pattern[str] | None:
    return compile_patterns(patterns, loose=True) if patterns else None


def _fits(compiled: tuple[re.Pattern[str] | None, re.Pattern[str] | None], name: str, relative: str) -> bool:
    plain, with_path = compiled
    return bool((plain and plain.fullmatch(composed(name))) or (with_path and with_path.fullmatch(composed(relative))))
