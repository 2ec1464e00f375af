"""Answers to requests about people."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from familiar.api.library import Library
from familiar.errors import UsageError
from familiar.review.data_set import data_set, file_name
from familiar.review.kept_answers import KeptAnswer
from familiar.review.library_thread import LibraryThread
from familiar.review.page_pictures import PagePictures
from familiar.review.pages.people import list_people
from familiar.review.pages.person import (
    faces_of_person,
    looks_of_person,
    preview_threshold,
    show_person,
    years_of_person,
)
from familiar.review.rendering import Pages
from familiar.review.requests import number_in

_SHORT = 1.0
"""Seconds that the page of all people may take to show what was decided elsewhere."""


_SIMILAR = 10
"""People that a field for a name offers."""


class PeopleAnswers:
    """The page of all people, that of each, and what their scripts ask for."""

    def __init__(
        self,
        library: LibraryThread,
        background: LibraryThread,
        *,
        pages: Pages,
        pictures: PagePictures,
    ) -> None:
        """Take the library, another one for what takes long, and what pages need."""
        self._library = library
        self._background = background
        self._pages = pages
        self._pictures = pictures
        self._list = KeptAnswer(library, background, list_people, short=_SHORT)

    def decided(self) -> None:
        """Let the page of all people show what was decided just now."""
        self._list.expire()

    async def close(self) -> None:
        """Wait for what is asked for in the background."""
        await self._list.close()

    def routes(self) -> list[Route]:
        """Return which request is answered by what."""
        return [
            Route("/people/names", self._list_names),
            Route("/people", self._show_people),
            Route("/people/{person:int}", self._show_person),
            Route("/people/version", self._tell_version_of_people),
            Route("/people/{person:int}/similar", self._list_similar_names),
            Route("/people/{person:int}/threshold", self._preview_threshold),
            Route("/people/{person:int}/faces", self._show_faces_of_person),
            Route("/people/{person:int}/looks", self._show_looks),
            Route("/people/{person:int}/years", self._show_years),
            Route("/people/{person:int}/faces.zip", self._send_data_set),
        ]

    async def _list_names(self, _request: Request) -> Response:
        return JSONResponse(await self._library.ask(lambda library: library.people.names(hidden=False)))

    async def _tell_version_of_people(self, _request: Request) -> Response:
        return JSONResponse({"version": await self._library.ask(lambda library: library.people.version)})

    async def _show_people(self, request: Request) -> Response:
        shown = await self._list.get()
        self._pictures.prepare(faces=(card.face for card in shown.cards if card.face is not None))
        return self._pages.page(request, "people", people=shown)

    async def _show_person(self, request: Request) -> Response:
        person, farthest = int(request.path_params["person"]), "farthest" in request.query_params
        shown = await self._library.ask(lambda library: show_person(library, person, farthest=farthest))
        self._pictures.prepare(faces=[*shown.maybe, *shown.references, *shown.faces.faces])
        return self._pages.page(request, "person", shown=shown)

    async def _show_faces_of_person(self, request: Request) -> Response:
        person, farthest = int(request.path_params["person"]), "farthest" in request.query_params
        start = number_in(request.query_params.get("start", "0"))
        shown = await self._library.ask(lambda library: faces_of_person(library, person, start, farthest=farthest))
        self._pictures.prepare(faces=shown.faces)
        return self._pages.page(request, "faces", shown=shown)

    async def _show_looks(self, request: Request) -> Response:
        person = int(request.path_params["person"])
        shown = await self._background.ask(lambda library: looks_of_person(library, person))
        self._pictures.prepare(faces=(face for look in shown.looks for face in look.faces))
        return self._pages.page(request, "looks", shown=shown)

    async def _show_years(self, request: Request) -> Response:
        person = int(request.path_params["person"])
        shown = await self._background.ask(lambda library: years_of_person(library, person))
        return self._pages.page(request, "years", shown=shown)

    async def _send_data_set(self, request: Request) -> Response:
        person = int(request.path_params["person"])
        name = await self._library.ask(lambda library: library.people.state(person).name)
        parts = data_set(self._library, await self._pictures.cutter(), person, name)
        disposition = f"attachment; filename*=UTF-8''{quote(file_name(name))}.zip"
        return StreamingResponse(parts, media_type="application/zip", headers={"Content-Disposition": disposition})

    async def _list_similar_names(self, request: Request) -> Response:
        person, most = int(request.path_params["person"]), number_in(request.query_params.get("most", "")) or _SIMILAR

        def similar(library: Library) -> list[tuple[str, float]]:
            return library.people.similar(library.people.state(person).name, most=most)

        found = await self._library.ask(similar)
        return JSONResponse([{"name": name, "distance": round(distance, 3)} for name, distance in found])

    async def _preview_threshold(self, request: Request) -> Response:
        person, distance = int(request.path_params["person"]), _distance(request.query_params.get("distance", ""))
        shown = await self._library.ask(lambda library: preview_threshold(library, person, distance))
        self._pictures.prepare(faces=[*shown.change.gained, *shown.change.lost])
        return self._pages.page(request, "threshold", shown=shown)


def _distance(text: str) -> float:
    """Return a distance that a query says.

    Raises:
        UsageError: it is not a number.
    """
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"The distance is {text[:40]!r}; it must be a number from 0 to 2.") from error
