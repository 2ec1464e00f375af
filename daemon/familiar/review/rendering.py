"""Pages are made from templates; what they show from the store is text, never markup."""

import os
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from familiar.durations import duration
from familiar.library.report.page import shown
from familiar.review.browser_logins import BrowserLogin
from familiar.review.wording import in_groups, with_links

_NARROW_SPACE = "\u202f"


class Pages:
    """Renders pages and parts of pages."""

    def __init__(self, *, prefix: str) -> None:
        """Take the start of all paths."""
        self._prefix = prefix
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=lambda value: shown(value) if type(value) is str else value,
        )
        self._environment.filters |= {
            "number": number,
            "span": span,
            "length_of_time": length_of_time,
            "encoded": encoded,
            "duration": duration,
            "in_groups": in_groups,
            "with_links": partial(with_links, top=prefix),
        }
        self._environment.globals |= {
            "at": prefix,
            "picture": self._picture,
            "picture_of": self._picture_of,
            "photo_picture": self._photo_picture,
            "tile_picture": self._tile_picture,
        }

    def page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page, or with the query `part` only its inner part, which a script puts into a page."""
        login: BrowserLogin = request.scope["login"]
        whole = self._environment.get_template(f"{template}.html.j2").render(
            **values,
            change_token=login.change_token,
            layout="part.html.j2" if "part" in request.query_params else "page.html.j2",
            here=request.url.path.split("/")[1],
        )
        return HTMLResponse(whole, status)

    def _picture(self, face: Any) -> str:
        return self._picture_of(face.id, face.hash)

    def _picture_of(self, face_id: int, hash_: str) -> str:
        return f"{self._prefix}/faces/{face_id}-{hash_[:12]}.webp"

    def _photo_picture(self, photo: Any, time: float | None = None) -> str:
        at = "" if time is None else f"?time={time}"
        return f"{self._prefix}/photos/{photo.id}-{photo.hash[:12]}.webp{at}"

    def _tile_picture(self, photo: Any) -> str:
        return f"{self._prefix}/tiles/{photo.id}-{photo.hash[:12]}.webp"


def number(count: int) -> str:
    """Return a number with narrow spaces between thousands."""
    return f"{count:,}".replace(",", _NARROW_SPACE)


def encoded(path: Path) -> str:
    """Return a path, which may have any bytes, percent-encoded."""
    return quote_from_bytes(os.fsencode(path))


def span(years: tuple[str, str] | None) -> str:
    """Return the years from a first to a last time (ISO 8601); nothing if they are not known."""
    if years is None:
        return ""
    first, last = years[0][:4], years[1][:4]
    return first if first == last else f"{first}\u2013{last}"


def length_of_time(seconds: float) -> str:
    """Return a time in a video as 1:02:03, or 2:03, with tenths of a second below a minute."""
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
