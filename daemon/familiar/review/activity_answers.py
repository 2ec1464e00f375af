"""Answers to requests about activity, and about the rules."""

import asyncio
import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from familiar.review.library_thread import LibraryThread
from familiar.review.pages.activity import (
    ENTRIES,
    MOST_ENTRIES,
    ReadActivity,
    ShownActivity,
    read_activity,
)
from familiar.review.pages.rules import preview_rules, show_rules
from familiar.review.rendering import Pages
from familiar.review.requests import number_in

_REST = 4.0
"""Counts are kept for this many times the time that counting took, so that other work goes on."""


class ActivityAnswers:
    """The page of activity, and that of the rules.

    Counting all files and faces of a large library takes long. What was counted last is shown for some time after it,
    and the page says that it is old.
    """

    def __init__(self, library: LibraryThread, background: LibraryThread, *, pages: Pages) -> None:
        """Take the library, another one for what takes long, and what renders pages."""
        self._library = library
        self._background = background
        self._pages = pages
        self._read: dict[int, tuple[str, ReadActivity]] = {}
        self._not_before = 0.0
        self._reading = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Return which request is answered by what."""
        return [
            Route("/activity", self._show_activity),
            Route("/rules", self._show_rules),
            Route("/rules/preview", self._preview_rules),
        ]

    async def _show_activity(self, request: Request) -> Response:
        entries = min(max(number_in(request.query_params.get("entries", "")), ENTRIES), MOST_ENTRIES)
        version = await self._library.ask(lambda library: library.version)
        async with self._reading:
            seen, read = self._read.get(entries, ("", None))
            if read is None or (seen != version and time.monotonic() >= self._not_before):
                seen, read = await self._fresh(version, entries)
        shown = ShownActivity(
            status=read.status,
            history=read.history,
            more=entries * 5 if len(read.history) == entries < MOST_ENTRIES else None,
            is_old=seen != version,
        )
        return self._pages.page(request, "activity", shown=shown)

    async def _fresh(self, version: str, entries: int) -> tuple[str, ReadActivity]:
        begin = time.monotonic()
        read = await self._background.ask(lambda library: read_activity(library, entries))
        now = time.monotonic()
        self._not_before = now + _REST * (now - begin)
        self._read = {entries: (version, read)}
        return version, read

    async def _show_rules(self, request: Request) -> Response:
        return self._pages.page(request, "rules", shown=await self._background.ask(show_rules))

    async def _preview_rules(self, request: Request) -> Response:
        after = number_in(request.query_params.get("after", ""))
        shown = await self._background.ask(lambda library: preview_rules(library, after))
        return self._pages.page(request, "rules_preview", shown=shown)
