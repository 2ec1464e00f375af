"""Answers to requests about photos: the timeline with its parts, and single photos with their pictures."""

import math
import re
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from familiar.errors import UsageError
from familiar.review.library_thread import LibraryThread
from familiar.review.page_pictures import PHOTO, TILE, PagePictures
from familiar.review.pages.photo import show_photo
from familiar.review.pages.photos import NOTHING, Wishes, read_wishes, show_timeline
from familiar.review.photo_months import PhotoMonths
from familiar.review.rendering import Pages
from familiar.review.requests import number_in
from familiar.review.silent_disks import SilentDisks
from familiar.store.views.timeline import TimelinePlace

_PICTURE = re.compile(r"(\d{1,18})-([0-9a-f]{12})")
_MONTH = re.compile(r"(\d{4}-\d{2})?")
_SHOWN_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_MOST = 500
"""Photos of a part that a script can ask for."""


class PhotoAnswers:
    """Answers what is asked about photos."""

    def __init__(
        self,
        library: LibraryThread,
        counting: LibraryThread,
        *,
        pictures: PagePictures,
        disks: SilentDisks,
        pages: Pages,
    ) -> None:
        """Take the library that pages ask, another one that counts photos in the background, and what pages need."""
        self._library = library
        self._months = PhotoMonths(library, counting)
        self._pictures = pictures
        self._disks = disks
        self._pages = pages

    def routes(self) -> list[Route]:
        """Return which request is answered by what."""
        return [
            Route("/photos", self._show_timeline),
            Route("/photos/months", self._list_months),
            Route("/photos/part", self._show_part),
            Route("/photos/places", self._list_places),
            Route("/photos/{photo:int}", self._show_photo),
            Route("/faces/{face:int}", self._show_photo_of_face),
            Route("/faces/{picture}.webp", self._send_face),
            Route("/photos/{picture}.webp", self._send_photo),
            Route("/tiles/{picture}.webp", self._send_tile),
        ]

    async def close(self) -> None:
        """Wait for what is counted."""
        await self._months.close()

    async def warm_up(self) -> None:
        """Count all photos ahead of the first page."""
        await self._months.of(NOTHING.photos)

    async def _show_timeline(self, request: Request) -> Response:
        wishes, start = await self._wishes(request), TimelinePlace.parse(request.query_params.get("start", ""))
        months = await self._months.of(wishes.photos)
        shown = await self._library.ask(lambda library: show_timeline(library, wishes, months, start))
        return self._pages.page(request, "photos", shown=shown, query=urlencode(wishes.query))

    async def _list_months(self, request: Request) -> Response:
        """Return the months with the numbers of their photos; nothing as long as they are counted."""
        wishes = await self._wishes(request)
        months = await self._months.of(wishes.photos)
        return JSONResponse(None if months is None else [[month.month, month.photos] for month in months])

    async def _show_part(self, request: Request) -> Response:
        """Show photos of a month."""
        wishes, month = await self._wishes(request), _month(request)
        start = TimelinePlace.parse(request.query_params.get("start", ""))
        most = _number(request, "most", _MOST)
        photos = await self._library.ask(
            lambda library: library.photos.part(month, wanted=wishes.photos, start=start, most=most)
        )
        self._pictures.prepare(photos=(photo for photo in photos if photo.reason is None))
        return self._pages.page(request, "tiles", photos=photos)

    async def _list_places(self, request: Request) -> Response:
        """Return where the parts of a month begin."""
        wishes, month, every = await self._wishes(request), _month(request), _number(request, "every", _MOST)
        found = await self._library.ask(lambda library: library.photos.places(month, wanted=wishes.photos, every=every))
        return JSONResponse([str(place) for place in found])

    async def _show_photo(self, request: Request) -> Response:
        photo = int(request.path_params["photo"])
        known = await self._library.ask(lambda library: library.photos.find(photo))
        shown = await show_photo(known, self._disks, time=_time(request))
        return self._pages.page(request, "photo", shown=shown)

    async def _show_photo_of_face(self, request: Request) -> Response:
        face = int(request.path_params["face"])
        known = await self._library.ask(lambda library: library.photos.of_face(face))
        shown = await show_photo(known, self._disks, face=face, time=_time(request))
        return self._pages.page(request, "photo", shown=shown)

    async def _send_face(self, request: Request) -> Response:
        return _picture(await self._pictures.face(*_picture_name(request)))

    async def _send_photo(self, request: Request) -> Response:
        photo, version = _picture_name(request)
        return _picture(await self._pictures.photo(photo, version, size=PHOTO, time=_time(request)))

    async def _send_tile(self, request: Request) -> Response:
        photo, version = _picture_name(request)
        return _picture(await self._pictures.photo(photo, version, size=TILE, square=True))

    async def _wishes(self, request: Request) -> Wishes:
        asked = request.query_params.multi_items()
        if not asked:
            return NOTHING
        return await self._library.ask(lambda library: read_wishes(library, asked))


def _month(request: Request) -> str:
    """Return the month that a query asks for; "" for photos without a date.

    Raises:
        UsageError: it is none.
    """
    text = request.query_params.get("month", "")
    if not _MONTH.fullmatch(text):
        raise UsageError(f"month is {text[:40]!r}; it must be one as 2024-07, or empty for photos without a date.")
    return text


def _number(request: Request, name: str, most: int) -> int:
    """Return a number from 1 to the largest one that a query says; that one for anything else."""
    return min(most, number_in(request.query_params.get(name, "")) or most)


def _time(request: Request) -> float | None:
    """Return the time of a frame that a query says, if it says one."""
    try:
        time = float(request.query_params.get("time", ""))
    except ValueError:
        return None
    return time if math.isfinite(time) else None


def _picture_name(request: Request) -> tuple[int, str]:
    found = _PICTURE.fullmatch(request.path_params["picture"])
    if found is None:
        raise HTTPException(404)
    return int(found[1]), found[2]


def _picture(picture: bytes | None) -> Response:
    if picture is None:
        raise HTTPException(404)
    return Response(picture, media_type="image/webp", headers=_SHOWN_FOREVER)
