r"""Scores of photos as text: one line `path: score` a photo, as small tools have written it for years.

A path may have colons; the last one of a line ends it. A name with a line break is written as GNU's checksum tools
do it: the line begins with a backslash, and in it a line break is `\n` and a backslash is `\\`. Only paths
that begin with `/` are written so, and such a line begins with `\/`; with other backslashes begin paths of Windows.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FILE_NAME = "similarity_scores.txt"
"""Name of the file in each folder with photos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that is not a path with a score; `number` counts from 1."""

    number: int
    text: str
    reason: str


def write_scores(scores: Mapping[str, float]) -> bytes:
    """Return the text for paths and their scores, in the order of paths; a score has all its digits."""
    return b"".join(_encoded(f"{_escaped(path)}: {score!r}") for path, score in sorted(scores.items()))


def read_scores(data: bytes) -> tuple[dict[str, float], tuple[BadLine, ...]]:
    """Return the scores by path, in the order of lines, and what is wrong; the last score of a path counts."""
    scores: dict[str, float] = {}
    wrong: list[BadLine] = []
    for number, line in _lines(data):
        raw, colon, tail = line.rpartition(":")
        try:
            score = float(tail) if colon and raw else math.nan
        except ValueError:
            score = math.nan
        if 0 <= score <= 1:
            scores[_unescaped(raw)] = score
        else:
            reason = "the score is not between 0 and 1" if math.isfinite(score) else "it is not `path: score`"
            wrong.append(BadLine(number=number, text=line, reason=reason))
    return scores, tuple(wrong)


def write_list(paths: Iterable[str]) -> bytes:
    """Return a list of paths as text, one a line."""
    return b"".join(_encoded(_escaped(path)) for path in paths)


def read_list(data: bytes) -> list[str]:
    """Return the paths of a list, each once, in the order of lines."""
    return list(dict.fromkeys(_unescaped(line) for _, line in _lines(data)))


def _lines(data: bytes) -> Iterable[tuple[int, str]]:
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.removesuffix("\r")
        if stripped.strip():
            yield number, stripped


def _encoded(line: str) -> bytes:
    return f"{line}\n".encode("utf-8", "surrogateescape")


def _escaped(path: str) -> str:
    if not path.startswith("/") or ("\n" not in path and "\r" not in path):
        return path
    return "\\" + path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _unescaped(text: str) -> str:
    if not text.startswith("\\/"):
        return text
    parts = text[1:].split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\r", "\r") for part in parts)
