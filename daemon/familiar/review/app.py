"""The application: routes, and errors as pages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, ExceptionHandler

from familiar.api.library import Library
from familiar.errors import FamiliarError, NoStoreError, RetryError, SamePhotoError, StaleError, StoreError, UsageError
from familiar.library.report.page import STYLE
from familiar.library.report.page import shown as visible
from familiar.review.activity_answers import ActivityAnswers
from familiar.review.browser_logins import BrowserLogin, BrowserLogins
from familiar.review.change_requests import Change, PutOff, UnknownNameError
from familiar.review.changes import make_change, undo_operations
from familiar.review.gate import BodyTooLargeError, Gate
from familiar.review.group_list import GroupList
from familiar.review.hosts import HostNames
from familiar.review.library_thread import LibraryThread
from familiar.review.live import LiveChanges
from familiar.review.login_page import LoginPage
from familiar.review.matching import BackgroundMatching
from familiar.review.page_pictures import PagePictures
from familiar.review.pages.group import faces_of_group, show_group
from familiar.review.pages.groups import GroupCards, card_now, list_groups
from familiar.review.pages.suggestions import list_questions
from familiar.review.people_answers import PeopleAnswers
from familiar.review.photo_answers import PhotoAnswers
from familiar.review.photo_changes import add_face
from familiar.review.picture_cache import PictureCache
from familiar.review.rendering import Pages
from familiar.review.requests import number_in
from familiar.review.silent_disks import SilentDisks
from familiar.review.suggestion_list import SuggestionList
from familiar.review.wording import message_for_page

OpenLibrary: TypeAlias = Callable[[], Library]

_MOST_VERSIONS = 2000
"""Groups of which a page can ask for the versions at once: all that it shows."""

_KINDS: tuple[tuple[type[FamiliarError], str, int], ...] = (
    (StaleError, "stale", 409),
    (UnknownNameError, "new name", 409),
    (SamePhotoError, "same photo", 409),
    (UsageError, "refused", 422),
    (FamiliarError, "failed", 503),
)
"""What a change that was not made is called for the script of the page, and the status of the answer."""


class ReviewApp:
    """The pages of one server, which share a library, pictures and logins."""

    def __init__(
        self,
        open_library: OpenLibrary,
        *,
        logins: BrowserLogins,
        prefix: str,
        cache: PictureCache,
        is_stopping: Callable[[], bool],
    ) -> None:
        """Take what opens the library, who is logged in, the start of all paths, and where pictures are kept.

        `is_stopping` says that the server is about to end, and waits for answers that have no end.
        """
        self._is_stopping = is_stopping
        self._library = LibraryThread(open_library)
        self._background = {
            name: LibraryThread(open_library)
            for name in ("matching", "groups", "photos", "activity", "suggestions", "people")
        }
        self._matching = BackgroundMatching(self._background["matching"])
        self._groups = GroupList(self._library, self._background["groups"])
        self._suggestions = SuggestionList(self._library, self._background["suggestions"])
        self._cards = GroupCards()
        self._live = LiveChanges(self._library)
        self._disks = SilentDisks()
        self._pictures = PagePictures(self._library, cache, self._disks)
        self._logins = logins
        self._prefix = prefix
        self._pages = Pages(prefix=prefix)
        self._activity = ActivityAnswers(self._library, self._background["activity"], pages=self._pages)
        self._people = PeopleAnswers(
            self._library, self._background["people"], pages=self._pages, pictures=self._pictures
        )
        self._photos = PhotoAnswers(
            self._library,
            self._background["photos"],
            pictures=self._pictures,
            disks=self._disks,
            pages=self._pages,
        )

    def gated(self, *, hosts: HostNames, cookie: str) -> ASGIApp:
        """Return the application behind its gate; arguments are those of `Gate`."""
        handlers: Mapping[type[Exception], ExceptionHandler] = {
            HTTPException: self._show_missing,
            FamiliarError: self._show_error,
            BodyTooLargeError: self._refuse_body,
            Exception: self._show_failure,
        }
        app = Starlette(routes=self._routes(), lifespan=self._lifespan, exception_handlers=handlers)
        return Gate(
            app,
            login=LoginPage(self._logins, prefix=self._prefix, cookie=cookie, is_reachable=hosts.allows_addresses),
            logins=self._logins,
            hosts=hosts,
            prefix=self._prefix,
            cookie=cookie,
        )

    def _routes(self) -> list[Route | Mount]:
        return [
            Route("/", self._show_start),
            Route("/groups", self._show_groups),
            Route("/groups/versions", self._list_versions),
            Route("/groups/{group:int}", self._show_group),
            Route("/groups/{group:int}/faces", self._show_faces),
            Route("/groups/{group:int}/card", self._show_card),
            Route("/groups/{group:int}/people", self._list_similar_people),
            Route("/suggestions", self._show_suggestions),
            *self._people.routes(),
            *self._photos.routes(),
            *self._activity.routes(),
            Route("/live", self._tell_changes),
            Route("/changes", self._change, methods=["POST"]),
            Route("/later", self._put_off, methods=["POST"]),
            Route("/static/style.css", self._send_style),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ]

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        running = [asyncio.create_task(work) for work in (self._matching.run(), self._warm_up())]
        try:
            yield
        finally:
            self._matching.stop()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await asyncio.gather(
                *(part.close() for part in (self._groups, self._suggestions, self._people, self._photos))
            )
            threads = (*self._background.values(), self._library)
            for close in (self._pictures.close, *(thread.close for thread in threads)):
                await asyncio.to_thread(close)

    async def _warm_up(self) -> None:
        """Prepare what takes long in a large library, ahead of the first pages."""
        ahead: Iterable[Callable[[], Awaitable[object]]] = (
            self._pictures.warm_up,
            self._groups.rows,
            self._photos.warm_up,
            self._suggestions.warm_up,
        )
        for begin in ahead:
            with suppress(FamiliarError):  # the first page tells what is wrong
                await begin()

    async def _show_start(self, _request: Request) -> Response:
        return RedirectResponse(f"{self._prefix}/groups", 303)

    async def _show_groups(self, request: Request) -> Response:
        after, later = request.query_params.get("after", ""), set(_login(request).later)
        rows = await self._groups.rows()
        shown = await self._library.ask(
            lambda library: list_groups(
                library, self._cards, rows, ungrouped=self._groups.ungrouped, after=after, later=later
            )
        )
        self._pictures.prepare(faces=(face for card in shown.cards for face in card.faces))
        return self._pages.page(request, "groups", list=shown)

    async def _list_versions(self, request: Request) -> Response:
        """Return the versions of those of some groups that still wait for a name, by their ids."""
        ids = [number_in(text) for text in request.query_params.get("ids", "").split(",")[:_MOST_VERSIONS]]
        rows = await self._library.ask(lambda library: library.clusters.waiting(among=ids))
        return JSONResponse({row.id: row.version for row in rows})

    async def _show_group(self, request: Request) -> Response:
        group, later = int(request.path_params["group"]), set(_login(request).later)
        rows = await self._groups.rows()
        shown = await self._library.ask(lambda library: show_group(library, rows, group, later=later))
        self._pictures.prepare(faces=shown.faces)
        return self._pages.page(request, "group", group=shown)

    async def _show_card(self, request: Request) -> Response:
        group = int(request.path_params["group"])
        now = await self._library.ask(lambda library: card_now(library, self._cards, group))
        if isinstance(now, str):
            return self._pages.page(request, "one_card", card=None, said=now)
        self._pictures.prepare(faces=now.faces)
        return self._pages.page(request, "one_card", card=now)

    async def _show_faces(self, request: Request) -> Response:
        group, start = int(request.path_params["group"]), number_in(request.query_params.get("start", "0"))
        shown = await self._library.ask(lambda library: faces_of_group(library, group, start))
        self._pictures.prepare(faces=shown.faces)
        return self._pages.page(request, "faces", shown=shown)

    async def _list_similar_people(self, request: Request) -> Response:
        group = int(request.path_params["group"])
        found = await self._library.ask(lambda library: library.clusters.similar_people(group, most=12))
        return JSONResponse([{"name": one.name, "distance": round(one.distance, 3)} for one in found])

    async def _show_suggestions(self, request: Request) -> Response:
        open_ones = await self._suggestions.get()
        shown = await self._library.ask(lambda library: list_questions(library, open_ones))
        self._pictures.prepare(faces=(face for one in shown.questions for face in (*one.faces, *one.others)))
        return self._pages.page(request, "suggestions", list=shown)

    async def _send_style(self, _request: Request) -> Response:
        return Response(STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})

    async def _tell_changes(self, _request: Request) -> Response:
        return StreamingResponse(self._live.events(self._is_stopping), media_type="text/event-stream")

    async def _change(self, request: Request) -> Response:
        login = _login(request)
        try:
            change = Change.model_validate_json(await request.body())
        except ValidationError as error:
            return _no_change(error)
        if change.id not in login.answers:
            login.keep_answer(change.id, *await self._made(change))
        status, answer = login.answers[change.id]
        return JSONResponse(answer, status)

    async def _made(self, change: Change) -> tuple[int, dict[str, object]]:
        """Make a change; return status and answer."""
        try:
            if change.operations:
                made = await self._background["matching"].ask(lambda library: undo_operations(library, change))
            elif change.what == "add face":
                made = await self._background["matching"].ask(lambda library: add_face(library, change))
            else:
                made = await self._library.ask(lambda library: make_change(library, change))
        except FamiliarError as error:
            kind, status = next((kind, status) for type_, kind, status in _KINDS if isinstance(error, type_))
            return status, {"kind": kind, "said": _said(error)}
        groups = [*change.groups, *([] if made.group is None else [made.group])]
        await self._groups.decided(groups)
        self._suggestions.decided(groups, change.faces)
        self._people.decided()
        self._matching.begin()
        return 200, asdict(made)

    async def _put_off(self, request: Request) -> Response:
        """Put groups off for this login, or take that back."""
        try:
            wanted = PutOff.model_validate_json(await request.body())
        except ValidationError as error:
            return _no_change(error)
        later = _login(request).later
        if wanted.later:
            later.update(wanted.groups)
        else:
            later.difference_update(wanted.groups or tuple(later))
        return JSONResponse({"said": "Later" if wanted.later else "Taken up again", "events": []})

    def _show_error(self, request: Request, error: Exception) -> Response:
        status = 404 if isinstance(error, UsageError) else 503
        title = {404: "Not here", 503: "Not now"}[status]
        said = message_for_page(str(error)) if isinstance(error, UsageError) else str(error)
        if isinstance(error, NoStoreError):
            title = "No photos yet"
        elif isinstance(error, StoreError | RetryError):
            title = "The store can't be used now"
        return self._pages.page(request, "error", status=status, title=title, said=said)

    def _show_missing(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return self._pages.page(
            request, "error", status=error.status_code, title="Not here", said="This page does not exist."
        )

    def _show_failure(self, request: Request, _error: Exception) -> Response:
        """Show that something unexpected went wrong; the server writes the traceback to standard error."""
        return self._pages.page(
            request,
            "error",
            status=500,
            title="Internal error",
            said="The terminal shows the details; if the daemon serves the page, its log does.",
        )

    def _refuse_body(self, _request: Request, _error: Exception) -> Response:
        return JSONResponse({"kind": "refused", "said": "This change has too many bytes."}, 413)


def _login(request: Request) -> BrowserLogin:
    login = request.scope["login"]
    assert isinstance(login, BrowserLogin)
    return login


def _said(error: FamiliarError) -> str:
    """Return an error in the words of the page, where those of the command line differ; names may have any bytes."""
    if isinstance(error, SamePhotoError):
        return f"{error.photo} shows two faces that would be one person."
    if isinstance(error, StaleError):
        return "This changed in the meantime, so nothing was done."
    return visible(message_for_page(str(error)))


def _no_change(error: ValidationError) -> Response:
    problems = [
        ": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"]))) for one in error.errors(include_url=False)
    ]
    return JSONResponse({"kind": "refused", "said": f"This is not a change: {'; '.join(problems)}."}, 400)
