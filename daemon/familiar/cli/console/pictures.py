"""Pictures on a terminal: as images if the terminal supports them, else as coloured half blocks."""

import base64
import io
from collections.abc import Mapping
from typing import Any, Literal

from PIL import Image
from rich.color import Color
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

_FACE = 24
"""Least width of a recognisable face, in characters."""

_CHUNK = 4096
"""Bytes in one message of kitty's protocol."""


class Screen:
    """A terminal that may be able to show pictures."""

    def __init__(self, console: Console, environment: Mapping[str, str]) -> None:
        """Take the console, and the environment, which identifies the terminal."""
        self._console = console
        self._kind: Literal["kitty", "iterm", "text", "none"] = "text"
        if not console.is_terminal or console.color_system is None:
            self._kind = "none"
        elif environment.get("KITTY_WINDOW_ID") or environment.get("TERM_PROGRAM") == "ghostty":
            self._kind = "kitty"
        elif environment.get("TERM_PROGRAM") in {"iTerm.app", "WezTerm"}:
            self._kind = "iterm"

    @property
    def grid(self) -> tuple[int, int]:
        """How many faces are recognisable on it: columns and rows."""
        if self._kind == "text":
            return max(3, self._console.width // _FACE), 3
        return 8, 3

    def show(self, picture: Image.Image) -> bool:
        """Show a picture; return False if the terminal can't."""
        if self._kind == "kitty":
            self._console.file.write(_for_kitty(_png(picture)) + "\n")
        elif self._kind == "iterm":
            encoded = base64.b64encode(_png(picture)).decode()
            self._console.file.write(f"\x1b]1337;File=inline=1;preserveAspectRatio=1:{encoded}\x07\n")
        elif self._kind == "text":
            self._console.print(half_blocks(picture, self._console.width), end="")
        self._console.file.flush()
        return self._kind != "none"


def half_blocks(picture: Image.Image, columns: int) -> Segments:
    """Return a picture as text, two pixels a character: the upper in the foreground, the lower in the background."""
    width = min(columns - 1, picture.width)
    height = max(2, round(picture.height * width / picture.width) // 2 * 2)
    small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    pixels = list(small.get_flattened_data())
    segments = []
    for row in range(0, height, 2):
        for column in range(width):
            upper, lower = pixels[row * width + column], pixels[(row + 1) * width + column]
            segments.append(Segment("▀", Style(color=_colour(upper), bgcolor=_colour(lower))))
        segments.append(Segment.line())
    return Segments(segments)


def _colour(pixel: Any) -> Color:
    return Color.from_rgb(*pixel)


def _png(picture: Image.Image) -> bytes:
    output = io.BytesIO()
    picture.save(output, "PNG")
    return output.getvalue()


def _for_kitty(png: bytes) -> str:
    encoded = base64.b64encode(png).decode()
    chunks = [encoded[start : start + _CHUNK] for start in range(0, len(encoded), _CHUNK)]
    return "".join(
        f"\x1b_G{'a=T,f=100,' if number == 0 else ''}m={int(number < len(chunks) - 1)};{chunk}\x1b\\"
        for number, chunk in enumerate(chunks)
    )
