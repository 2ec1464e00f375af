"""A Flickr of our own: the API, the login, and the image server, on one port of the loopback."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from flickr_server import faults as faulty
from flickr_server import images
from flickr_server.account import Account
from flickr_server.answers import RefusalError, as_json, as_xml, refusal_as_json, refusal_as_xml
from flickr_server.clock import Clock
from flickr_server.faults import Faults, Reply
from flickr_server.logins import Logins, Token, User
from flickr_server.methods import Call, Quirks, answer
from flickr_server.oauth import OAuthError, SignedRequest
from flickr_server.record import Entry, Record
from flickr_server.transport import HttpServer, Incoming

REST = "/services/rest/"
REQUEST_TOKEN = "/services/oauth/request_token"  # noqa: S105 - a path
AUTHORIZE = "/services/oauth/authorize"
ACCESS_TOKEN = "/services/oauth/access_token"  # noqa: S105 - a path


class FlickrServer:
    """Serve one account until `stop`.

    - `account`: the photos, and what their owner does to them.
    - `logins`: key, secret, tokens; `logins.skew_seconds` puts the client's clock wrong.
    - `faults`: what goes wrong; `quirks`: where Flickr and its documents differ.
    - `record`: what was asked; `clock`: its time, which `clock.advance` moves.
    - `hourly_limit`: calls of the API within an hour, above which 429 is the answer.
    - `documents_refusals`: refused signatures, tokens and keys have the codes 96, 98 and 100 that Flickr's documents
      name; else they come with HTTP 401 and `oauth_problem=...`, as Flickr sends them at times.
    - `missing_pictures`: what a picture's address gives when there is none: `404`, `410`, or `placeholder`.
    """

    def __init__(self, *, port: int = 0, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        user = User()
        self.account = Account(user=user, now=self.clock)
        self.logins = Logins(user=user)
        self.faults = Faults()
        self.quirks = Quirks()
        self.record = Record()
        self.hourly_limit: int | None = None
        self.documents_refusals = True
        self.missing_pictures = "404"
        self.extra_routes: dict[str, Callable[[Incoming], Reply]] = {}
        self._meanwhile: list[tuple[str, int, Callable[[], object]]] = []
        self._calls: dict[str, int] = {}
        self._http = HttpServer(port=port, answer=self._answer)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="flickr")

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
        self._meanwhile.append((method, self._calls.get(method, 0) + after, do))

    def _answer(self, request: Incoming) -> Reply:
        if route := self.extra_routes.get(request.path):
            return route(request)
        if request.path == REST:
            return self._api(request)
        if request.path in {REQUEST_TOKEN, ACCESS_TOKEN, AUTHORIZE}:
            return self._login(request)
        return self._picture(request)

    # The login

    def _login(self, request: Incoming) -> Reply:
        fault = self.faults.draw("oauth", request.path)
        if fault and (early := faulty.refusal(fault, self.faults)):
            self._remember(request, "oauth", request.path, early, fault=fault, applied=False)
            return early
        try:
            reply = self._login_step(request)
        except OAuthError as problem:
            reply = _refused(problem)
        if fault:
            reply = faulty.spoil(fault, reply, self.faults)
        self._remember(request, "oauth", request.path, reply, fault=fault)
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

    # The API

    def _api(self, request: Incoming) -> Reply:
        method = request.parameters.get("method", "")
        fault = self.faults.draw("api", method)
        if self._is_over_the_limit():
            fault = "429"
        if fault and fault not in faulty.SPOILED_ANSWERS:
            reply, code = self._failure(request, fault)
            self._remember(request, "api", method, reply, code=code, fault=fault, applied=False)
            return reply
        reply, code = self._call(request)
        if fault:
            reply = faulty.spoil(fault, reply, self.faults)
        self._remember(request, "api", method, reply, code=code, fault=fault, applied=code is None)
        self._do_meanwhile(method)
        return reply

    def _is_over_the_limit(self) -> bool:
        if self.hourly_limit is None:
            return False
        since = self.clock() - 3600
        recent = sum(entry.time > since for entry in self.record.calls())
        if recent >= self.hourly_limit:
            self.record.violation(f"call {recent + 1} within an hour, of {self.hourly_limit} allowed")
            return True
        return False

    def _failure(self, request: Incoming, fault: str) -> tuple[Reply, int | None]:
        if fault.startswith("error:"):
            code = int(fault.removeprefix("error:"))
            message = {105: "Service currently unavailable", 106: "Write operation failed"}.get(code, "Refused")
            return self._refusal(request, RefusalError(code, message)), code
        reply = faulty.refusal(fault, self.faults)
        if reply is None:
            raise ValueError(f"There is no fault {fault!r}.")
        return reply, None

    def _call(self, request: Incoming) -> tuple[Reply, int | None]:
        try:
            call = Call(
                account=self.account,
                record=self.record,
                quirks=self.quirks,
                token=self._token(request),
                parameters=request.parameters,
                base=self.url,
            )
            tree = answer(call)
        except OAuthError as problem:
            return _refused(problem), None
        except RefusalError as refusal:
            return self._refusal(request, refusal), refusal.code
        callback = _callback(request)
        if _wants_json(request):
            return _script(as_json(tree, callback), callback), None
        return Reply(status=200, body=as_xml(tree), content_type="text/xml; charset=utf-8"), None

    def _refusal(self, request: Incoming, refusal: RefusalError) -> Reply:
        callback = _callback(request)
        if _wants_json(request):
            return _script(refusal_as_json(refusal, callback), callback)
        return Reply(status=200, body=refusal_as_xml(refusal), content_type="text/xml; charset=utf-8")

    def _token(self, request: Incoming) -> Token | None:
        """Return the caller's token; without a signature a call has but a key."""
        signed = request.signed()
        if signed.value("oauth_consumer_key") is None:
            if signed.value("api_key") != self.logins.key:
                raise RefusalError(100, "Invalid API Key (Key has invalid format)")
            return None
        try:
            return self._check(signed)
        except OAuthError as problem:
            refusal = self._documented(problem)
            if refusal and self.documents_refusals:
                raise refusal from None
            raise

    def _check(self, signed: SignedRequest) -> Token | None:
        token = self.logins.check(signed)
        if token is not None and token.key not in self.logins.access_tokens:
            raise OAuthError("token_rejected")
        return token

    def _documented(self, problem: OAuthError) -> RefusalError | None:
        return {
            "signature_invalid": RefusalError(96, "Invalid signature"),
            "token_rejected": RefusalError(98, "Invalid auth token"),
            "consumer_key_unknown": RefusalError(100, "Invalid API Key (Key not found)"),
        }.get(problem.problem)

    def _do_meanwhile(self, method: str) -> None:
        with self.record.lock:
            self._calls[method] = number = self._calls.get(method, 0) + 1
            due = [item for item in self._meanwhile if item[0] == method and item[1] <= number]
            self._meanwhile = [item for item in self._meanwhile if item not in due]
        for _, _, do in due:
            do()

    # The image server

    def _picture(self, request: Incoming) -> Reply:
        fault = self.faults.draw("image", request.path)
        reply = faulty.refusal(fault, self.faults) if fault else None
        if reply is None:
            reply = images.find(self.account, request.path, base=self.url, missing=self.missing_pictures)
            if fault:
                reply = faulty.spoil(fault, reply, self.faults)
        self._remember(request, "image", request.path, reply, fault=fault)
        return reply

    def _remember(
        self,
        request: Incoming,
        room: str,
        name: str,
        reply: Reply,
        *,
        code: int | None = None,
        fault: str | None = None,
        applied: bool = True,
    ) -> None:
        shown = {key: value for key, value in request.parameters.items() if not key.startswith("oauth_")}
        agent = request.headers.get("User-Agent", "")
        if not agent or agent.startswith("python-requests"):
            self.record.violation(f"a request without a User-Agent of its own: {agent or 'none'}")
        self.record.add(
            Entry(
                time=self.clock(),
                room=room,
                name=name,
                parameters=shown,
                user_agent=agent,
                status=reply.status or None,
                code=code,
                fault=fault,
                applied=applied,
            )
        )


def _wants_json(request: Incoming) -> bool:
    return request.parameters.get("format") == "json"


def _callback(request: Incoming) -> str | None:
    if request.parameters.get("nojsoncallback") == "1":
        return None
    return request.parameters.get("jsoncallback", "jsonFlickrApi")


def _script(body: bytes, callback: str | None) -> Reply:
    kind = "text/javascript" if callback else "application/json"
    return Reply(status=200, body=body, content_type=f"{kind}; charset=utf-8")


def _text(body: str) -> Reply:
    return Reply(status=200, body=body.encode(), content_type="text/plain; charset=utf-8")


def _refused(problem: OAuthError) -> Reply:
    return Reply(status=401, body=problem.body().encode(), content_type="text/plain; charset=utf-8")
