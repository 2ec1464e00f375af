"""A Flickr of our own: the API, the login, and the image server, on one port of the loopback."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from support.flickr_server import faults as faulty
from support.flickr_server import images
from support.flickr_server.account import Account
from support.flickr_server.clock import Clock
from support.flickr_server.faults import Faults, Reply
from support.flickr_server.logins import Logins, User
from support.flickr_server.oauth import OAuthError
from support.flickr_server.quirks import Quirks
from support.flickr_server.record import Record
from support.flickr_server.rest import Rest, refused
from support.flickr_server.transport import HttpServer, Incoming

REST = "/services/rest/"
REQUEST_TOKEN = "/services/oauth/request_token"  # noqa: S105 - a path
AUTHORIZE = "/services/oauth/authorize"
ACCESS_TOKEN = "/services/oauth/access_token"  # noqa: S105 - a path


class FlickrServer:
    """Serve one account until `stop`.

    - `account`: the photos, and what their owner does to them.
    - `logins`: key, secret, tokens; `logins.skew_seconds` puts the client's clock wrong.
    - `faults`: what goes wrong; `quirks`: how it behaves where Flickr is not always the same.
    - `record`: what was asked; `clock`: its time, which `clock.advance` moves.
    """

    def __init__(
        self, *, port: int = 0, clock: Clock | None = None, user: User | None = None, first_id: int = 52980000000
    ) -> None:
        self.clock = clock or Clock()
        user = user or User()
        self.account = Account(user=user, now=self.clock, first_id=first_id)
        self.logins = Logins(user=user)
        self.faults = Faults()
        self.quirks = Quirks()
        self.record = Record(now=self.clock)
        self.extra_routes: dict[str, Callable[[Incoming], Reply]] = {}
        self._http = HttpServer(port=port, answer=self._answer)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="flickr")
        self._rest = Rest(
            account=self.account,
            logins=self.logins,
            faults=self.faults,
            quirks=self.quirks,
            record=self.record,
            clock=self.clock,
            base=self.url,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """End all connections, hanging ones too, and all threads; raise what went wrong in the server itself."""
        try:
            self._http.stop()
        finally:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def verifier(self, address: str) -> str:
        """Visit the address that a login prints, agree, and return the verifier that Flickr shows."""
        query = parse_qs(urlsplit(address).query)
        return self.logins.authorize(query["oauth_token"][0], query.get("perms", ["read"])[0])

    def meanwhile(self, method: str, *, after: int, do: Callable[[], object]) -> None:
        """Do something right after the given number of further calls of a method were answered."""
        self._rest.meanwhile(method, after=after, do=do)

    def _answer(self, request: Incoming) -> Reply:
        if route := self.extra_routes.get(request.path):
            return route(request)
        if request.path == REST:
            return self._rest.answer(request)
        if request.path in {REQUEST_TOKEN, ACCESS_TOKEN, AUTHORIZE}:
            return self._login(request)
        return self._picture(request)

    # The login

    def _login(self, request: Incoming) -> Reply:
        fault = self.faults.draw("oauth", request.path)
        if fault and (early := faulty.refusal(fault, self.faults)):
            self.record.add(request, "oauth", request.path, early, fault=fault, applied=False)
            return early
        try:
            reply = self._login_step(request)
        except OAuthError as problem:
            reply = refused(problem)
        if fault:
            reply = faulty.spoil(fault, reply, self.faults)
        self.record.add(request, "oauth", request.path, reply, fault=fault)
        return reply

    def _login_step(self, request: Incoming) -> Reply:
        if request.path == REQUEST_TOKEN:
            return _text(self.logins.request_token(request.signed()))
        if request.path == ACCESS_TOKEN:
            return _text(self.logins.access_token(request.signed()))
        parameters = request.parameters
        verifier = self.logins.authorize(parameters.get("oauth_token", ""), parameters.get("perms", "read"))
        page = f"<html><body><p>You have successfully authorized the application.</p><p>{verifier}</p></body></html>"
        return Reply(status=200, body=page.encode(), content_type="text/html; charset=utf-8")

    # The image server

    def _picture(self, request: Incoming) -> Reply:
        fault = self.faults.draw("image", request.path)
        reply = faulty.refusal(fault, self.faults) if fault else None
        if reply is None:
            reply = images.find(self.account, request.path, base=self.url, missing=self.quirks.missing_pictures)
            if fault:
                reply = faulty.spoil(fault, reply, self.faults)
        self.record.add(request, "image", request.path, reply, fault=fault)
        return reply


def _text(body: str) -> Reply:
    return Reply(status=200, body=body.encode(), content_type="text/plain; charset=utf-8")
