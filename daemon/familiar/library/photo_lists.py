"""Lists of photos, and the existing files of a list."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.errors import FamiliarError, UsageError
from familiar.filesystem.regular_files import read_given
from familiar.identity.score_files import read_list, read_scores
from familiar.media import is_photo, is_video
from familiar.plurals import counted

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoList:
    """Absolute paths; `name` is the name of the list in messages."""

    name: str
    paths: tuple[Path, ...]

    def existing(self, *, ignore_missing: bool) -> list[Path]:
        """Return the existing files, each once.

        Raises:
            UsageError: the list has no path, or a folder.
            FamiliarError: one of the files is missing, and missing files are not ignored.
        """
        if not self.paths:
            raise UsageError(f"{self.name}: contains no path; a list has one path a line.")
        modes = {path: _mode(path) for path in self.paths}
        folders = [path for path, mode in modes.items() if stat.S_ISDIR(mode)]
        if folders:
            raise UsageError(f"{self.name}: {folders[0]} is a folder; a list contains paths of photos.")
        gone = [path for path in self.paths if not stat.S_ISREG(modes[path])]
        if gone and not ignore_missing:
            raise FamiliarError(self._missing(gone))
        return [path for path, mode in modes.items() if stat.S_ISREG(mode)]

    def _missing(self, gone: Sequence[Path]) -> str:
        shown = "\n".join(f"{path}: no longer exists" for path in gone[:_SHOWN])
        more = f"\nand {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else ""
        return (
            f"{shown}{more}\n{len(gone)} of {counted(len(self.paths), 'file')} of {self.name} missing. "
            "Nothing was done; use --ignore-missing to skip them."
        )


def read_names(file: Path) -> list[str]:
    """Return the paths that a list in a file names, as `names_in` does.

    Raises:
        UsageError: it can't be read, or is a photo itself by its name.
    """
    if is_photo(file) or is_video(file):
        raise UsageError(f"{file}: is a photo, not a list of photos; a list has one path a line.")
    try:
        return names_in(read_given(file))
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}.") from error


def names_in(data: bytes) -> list[str]:
    """Return the paths that a list names, one a line; of a line of scores only the path."""
    return [_without_score(text) for text in read_list(data)]


def _without_score(text: str) -> str:
    """Return a line of scores without its score, unless a file of that exact name exists."""
    if os.path.lexists(os.path.expanduser(text)):
        return text
    scored, _ = read_scores(text.encode("utf-8", "surrogateescape"))
    return next(iter(scored), text)


def _mode(path: Path) -> int:
    """Return the file mode of a path; 0 if it does not exist or is not a valid path."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0
