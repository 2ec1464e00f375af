"""Load matplotlib and let it draw: the same bytes for the same figure, on every machine, and no file elsewhere.

matplotlib keeps settings and a list of fonts in the user's home, and reads settings in the current folder too. Here it
gets a folder of its own, for the moment in which it is loaded, its defaults, and its own fonts: going through those of
the machine would take seconds on a desktop. Fonts of the machine are looked for only where a text needs them.
"""

import io
import logging
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from familiar.errors import UsageError
from familiar.logs import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")
"""What `as_bytes` can write."""

DOTS = 160
"""Pixels of an inch of a PNG."""

_FONT = "DejaVu Sans"
"""The font that matplotlib brings along."""

_MOST_FONTS = 8

_STYLE: Mapping[str, Any] = {
    "axes.axisbelow": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.dpi": 100,
    "font.sans-serif": [_FONT],
    "font.size": 9,
    # Text stays text: a fifth of the size, can be searched and read aloud, and has the letters of the reader's fonts.
    "svg.fonttype": "none",
    "svg.hashsalt": "familiar",
}


@cache
def load_matplotlib() -> ModuleType:
    """Import matplotlib, so that it writes nothing into the home and reads no settings; a second, once."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory(prefix="familiar-matplotlib-") as folder,
        _environment({"MPLCONFIGDIR": folder, "MPL_IGNORE_SYSTEM_FONTS": "1"}),
    ):
        import matplotlib as mpl  # noqa: PLC0415 - it takes a second
        import matplotlib.font_manager  # noqa: PLC0415 - it reads the fonts as it is imported

        mpl.rcdefaults()
    return mpl


@contextmanager
def styled(others: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Let figures that are made in a block look as those of familiar do; `others` are more of matplotlib's settings."""
    with load_matplotlib().rc_context({**_STYLE, **(others or {})}):
        yield


def as_bytes(figure: "Figure", suffix: str) -> bytes:
    """Return a figure as the content of a file: `.png` or `.svg`, in upper or lower case.

    Raises:
        UsageError: the suffix means neither.
    """
    chosen = suffix.lower()
    if chosen not in SUFFIXES:
        raise UsageError(f"A plot can't be written as {suffix!r}; use one of {', '.join(SUFFIXES)}.")
    metadata = {"Date": None, "Creator": None} if chosen == ".svg" else {"Software": None}
    output = io.BytesIO()
    with styled(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph ", category=UserWarning)  # a box means it
        figure.savefig(output, format=chosen[1:], dpi=DOTS, metadata=metadata)
    return output.getvalue()


def plain(text: str) -> str:
    """Return text for a figure: one line without control characters and invalid bytes."""
    return printable(" ".join(text.split()))


def fonts_for(text: str) -> list[str]:
    """Return the families that have the letters of a text: matplotlib's own, and those of the machine where needed."""
    load_matplotlib()
    from matplotlib import font_manager  # noqa: PLC0415

    own = font_manager.get_font(font_manager.findfont(_FONT))
    missing = {letter for letter in text if not own.get_char_index(ord(letter))}
    families = [_FONT]
    for _ in range(_MOST_FONTS):
        if not missing:
            break
        letter = min(missing)
        missing.discard(letter)
        path = _font_with(letter)
        try:
            font = None if path is None else font_manager.get_font(path)
            if font is None or path is None or not font.get_char_index(ord(letter)):
                continue
            font_manager.fontManager.addfont(path)
        except (OSError, RuntimeError):
            continue  # it has pictures instead of outlines, as fonts of emoji do
        families.append(font.family_name)
        missing = {other for other in missing if not font.get_char_index(ord(other))}
    return families


def _font_with(letter: str) -> Path | None:
    """Ask fontconfig for an installed font with a letter; None if there is none, or no fontconfig."""
    question = ["fc-match", "--format=%{file}", f"sans-serif:charset={ord(letter):x}"]
    try:
        answer = subprocess.run(question, capture_output=True, check=True, timeout=10).stdout  # noqa: S603 - no shell
    except (OSError, subprocess.SubprocessError):
        return None
    return Path(os.fsdecode(answer)) if answer else None


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process's environment for a block; a library that is imported in it reads them."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
