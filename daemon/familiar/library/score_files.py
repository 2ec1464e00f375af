"""Score files beside the photos: write them for folders, and read them from one file or from all below a folder."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from familiar.effects.replacement import replace_files
from familiar.errors import FamiliarError, UsageError
from familiar.filesystem.presence import has_file
from familiar.filesystem.regular_files import read_given, read_regular
from familiar.identity.score_files import FILE_NAME, read_scores, write_scores

ALL_NAME = "all_similarity_scores.txt"
"""Name of the file with the scores of all folders, where no other is requested."""

_SHOWN = 5


def write_score_files(scores: Mapping[Path, float], *, together: Path) -> tuple[Path, ...]:
    """Write a file of scores into each folder with scored photos, and one with all of them; return the files.

    Files of scores are replaced; a file of another kind is not.

    Raises:
        UsageError: a file of that name is there which has no scores.
        FamiliarError: a file can't be written; then none has changed.
    """
    folders: dict[Path, dict[str, float]] = {}
    for path, score in scores.items():
        folders.setdefault(path.parent, {})[str(path)] = score
    contents = {folder / FILE_NAME: write_scores(own) for folder, own in folders.items()}
    together = Path(os.path.abspath(together))
    if together in contents:
        raise UsageError(f"{together} is the score file of that folder alone; choose another file for all scores.")
    contents[together] = write_scores({str(path): score for path, score in scores.items()})
    for path in contents:
        _check_replaceable(path)
    replace_files(contents)
    return tuple(contents)


def left_over(folder: Path, written: Sequence[Path], *, recursive: bool) -> list[Path]:
    """Return the files of scores in a folder (and below) that were not written now: they are of another time."""
    files = _files_below(folder) if recursive else [folder / FILE_NAME]
    return [file for file in files if file not in written and has_file(file)]


def read_score_files(source: Path) -> dict[str, float]:
    """Return the scores by path in a file, or in all files named `similarity_scores.txt` in and below a folder.

    Raises:
        UsageError: there is none, it has no scores, or a line is no path with a score.
    """
    read = read_regular if source.is_dir() else read_given
    files = [source] if not source.is_dir() else _files_below(source)
    if not files:
        raise UsageError(
            f"{source}: no {FILE_NAME} in this folder or its subfolders; create it with `familiar scores write`."
        )
    scores: dict[str, float] = {}
    for file in files:
        own, wrong = read_scores(_read(file, read))
        if wrong:
            shown = "\n".join(f"{file}:{bad.number}: {bad.text[:200]!r}: {bad.reason}" for bad in wrong[:_SHOWN])
            more = f"\n{file}: {len(wrong) - _SHOWN} more invalid lines" if len(wrong) > _SHOWN else ""
            raise UsageError(f"{shown}{more}\nEach line must be a path, a colon and a score: /photos/a.jpg: 0.71")
        scores.update(own)
    if not scores:
        raise UsageError(f"{source}: contains no scores.")
    return scores


def _check_replaceable(path: Path) -> None:
    is_other = os.path.islink(path) or not has_file(path)
    if os.path.lexists(path) and (is_other or read_scores(_read(path, read_regular))[1]):
        raise UsageError(
            f"{path}: already exists and is not a file of scores; it was not replaced. Move it, or choose another file."
        )


def _read(file: Path, read: Callable[[Path], bytes]) -> bytes:
    try:
        return read(file)
    except FileNotFoundError as error:
        raise UsageError(f"{file}: no such file or folder.") from error
    except OSError as error:
        raise FamiliarError(f"{file}: can't be read: {error.strerror}.") from error


def _files_below(folder: Path) -> Sequence[Path]:
    return sorted(Path(top, FILE_NAME) for top, _, names in os.walk(folder) if FILE_NAME in names)
