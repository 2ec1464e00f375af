"""Checks of every request: host, prefix, login, and the token of changes. A request that fails one learns nothing.

It is the outermost layer, in front of all routes: a route that is added later can't be reached without it.
"""

from collections.abc import Iterator
from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from familiar.review.browser_logins import BrowserLogin, BrowserLogins
from familiar.review.hosts import HostNames

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Pages load from this server only; scripts and styles inside a page are not run."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

LARGEST_BODY = 1 << 20
"""Bytes of a change: the ids of 10,000 faces fit in."""

_OTHER_NAME = (
    "This server has another name. A name that a proxy passes on, with its port if that is not the usual one, has to "
    "be in the setting `hosts`, which takes effect when the daemon is reloaded, or the server is started again."
)
"""The answer to a request for another host: it says how to set a proxy up, and not which program this is."""

_READING = frozenset({"GET", "HEAD"})


class Gate:
    """Lets requests pass to the pages if they come from a browser that is logged in."""

    def __init__(
        self, app: ASGIApp, *, login: ASGIApp, logins: BrowserLogins, hosts: HostNames, prefix: str, cookie: str
    ) -> None:
        """Take the pages, the login page for everyone else, and what is allowed.

        Args:
            app: the pages.
            login: the login page, which tells nothing.
            logins: who is logged in.
            hosts: allowed values of the header Host; others come from pages of other servers that have given this
                computer's address to a name of theirs.
            prefix: the start of all paths, such as "/faces", or "".
            cookie: name of the cookie.
        """
        self._app = app
        self._login = login
        self._logins = logins
        self._hosts = hosts
        self._prefix = prefix
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._choose(scope, Headers(scope=scope))
            with suppress(ClientDisconnect):  # nobody waits for the answer
                await answer(scope, _limited(receive), _with_headers(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _choose(self, scope: Scope, headers: Headers) -> ASGIApp:
        if not self._hosts.allow(headers.get("host", "")):
            return _refusal(_OTHER_NAME, 421)
        if not scope["path"].startswith(f"{self._prefix}/"):
            return _refusal("Not found.", 404)
        scope["path"] = scope["path"].removeprefix(self._prefix)
        scope.pop("raw_path", None)
        login = next(filter(None, map(self._logins.find, _cookies_of(headers, self._cookie))), None)
        if login is None or scope["path"] == "/login":
            return self._login
        if scope["method"] not in _READING and not _is_own_change(headers, login):
            return _refusal("This change does not come from the review page; load the page again.", 403)
        if int(headers.get("content-length", "0") or 0) > LARGEST_BODY:
            return _refusal(f"A change has at most {LARGEST_BODY:,} bytes.", 413)
        scope["login"] = login
        return self._app


class BodyTooLargeError(Exception):
    """A request has more bytes than it said, or than are allowed."""


def _limited(receive: Receive) -> Receive:
    """Return what receives a request of limited size."""
    size = 0

    async def receive_part() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST_BODY:
            raise BodyTooLargeError
        return message

    return receive_part


def _with_headers(send: Send) -> Send:
    """Return what sends an answer with the headers of all answers."""

    async def send_part(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_part


def _is_own_change(headers: Headers, login: BrowserLogin) -> bool:
    return (
        headers.get("sec-fetch-site", "same-origin") == "same-origin"
        and headers.get("content-type", "").split(";")[0].strip() == "application/json"
        and login.allows_change(headers.get("x-change-token", ""))
    )


def _refusal(text: str, status: int) -> Response:
    return PlainTextResponse(f"{text}\n", status)


def _cookies_of(headers: Headers, name: str) -> Iterator[str]:
    """Give the values of a cookie; cookies of other servers at this host may have any form, and any name."""
    for part in ";".join(headers.getlist("cookie")).split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            yield value
