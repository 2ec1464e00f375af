"""The one address of the API: who calls, what goes wrong, which method, and in which form it answers."""

from collections.abc import Callable
from http import HTTPStatus

from support.flickr_server import faults as faulty
from support.flickr_server import methods
from support.flickr_server.account import Account
from support.flickr_server.answers import RefusalError, as_json, as_xml, refusal_as_json, refusal_as_xml
from support.flickr_server.clock import Clock
from support.flickr_server.faults import Faults, Reply
from support.flickr_server.logins import Logins, Token
from support.flickr_server.methods import Call
from support.flickr_server.oauth import OAuthError, SignedRequest
from support.flickr_server.quirks import Quirks
from support.flickr_server.record import HOUR_SECONDS, Record
from support.flickr_server.transport import Incoming

_MESSAGES = {
    105: "Service currently unavailable",
    106: "Write operation failed",
    201: "Sorry, the Flickr API service is not currently available.",
}


class Rest:
    """Answers the calls of all methods."""

    def __init__(
        self,
        *,
        account: Account,
        logins: Logins,
        faults: Faults,
        quirks: Quirks,
        record: Record,
        clock: Clock,
        base: str,
    ) -> None:
        self._account = account
        self._logins = logins
        self._faults = faults
        self._quirks = quirks
        self._record = record
        self._clock = clock
        self._base = base
        self._meanwhile: list[tuple[str, int, Callable[[], object]]] = []
        self._calls: dict[str, int] = {}

    def meanwhile(self, method: str, *, after: int, do: Callable[[], object]) -> None:
        """Do something right after the given number of further calls of a method were answered."""
        self._meanwhile.append((method, self._calls.get(method, 0) + after, do))

    def answer(self, request: Incoming) -> Reply:
        method = request.parameters.get("method", "")
        fault = self._faults.draw("api", method)
        if {request.parameters.get("photo_id"), request.parameters.get("photoset_id")} & set(self._quirks.broken):
            fault = "500"
        if self._is_over_the_limit():
            fault = "429"
        if fault and fault not in faulty.SPOILED_ANSWERS:
            reply, code = self._failure(request, fault)
            self._record.add(request, "api", method, reply, code=code, fault=fault, applied=False)
            return reply
        reply, code = self._call(request)
        applied = code is None and reply.status == HTTPStatus.OK
        if fault:
            reply = faulty.spoil(fault, reply, self._faults)
        self._record.add(request, "api", method, reply, code=code, fault=fault, applied=applied)
        self._do_meanwhile(method)
        return reply

    def _is_over_the_limit(self) -> bool:
        if self._quirks.hourly_limit is None:
            return False
        since = self._clock() - HOUR_SECONDS
        recent = sum(entry.time > since for entry in self._record.calls())
        if recent >= self._quirks.hourly_limit:
            self._record.violation(f"call {recent + 1} within an hour, of {self._quirks.hourly_limit} allowed")
            return True
        return False

    def _failure(self, request: Incoming, fault: str) -> tuple[Reply, int | None]:
        if fault.startswith("error:"):
            code = int(fault.removeprefix("error:"))
            message = _MESSAGES.get(code, "Refused")
            return self._refusal(request, RefusalError(code, message)), code
        reply = faulty.refusal(fault, self._faults)
        if reply is None:
            raise ValueError(f"There is no fault {fault!r}.")
        return reply, None

    def _call(self, request: Incoming) -> tuple[Reply, int | None]:
        try:
            call = Call(
                account=self._account,
                record=self._record,
                quirks=self._quirks,
                token=self._token(request),
                parameters=request.parameters,
                base=self._base,
            )
            tree = methods.answer(call)
        except OAuthError as problem:
            return refused(problem), None
        except RefusalError as refusal:
            return self._refusal(request, refusal), refusal.code
        callback = self._callback(request)
        if _wants_json(request):
            return _script(as_json(tree, callback), callback), None
        return Reply(status=200, body=as_xml(tree), content_type="text/xml; charset=utf-8"), None

    def _refusal(self, request: Incoming, refusal: RefusalError) -> Reply:
        callback = self._callback(request)
        if _wants_json(request):
            return _script(refusal_as_json(refusal, callback), callback)
        return Reply(status=200, body=refusal_as_xml(refusal), content_type="text/xml; charset=utf-8")

    def _callback(self, request: Incoming) -> str | None:
        return _callback(request, always=self._quirks.always_script)

    def _token(self, request: Incoming) -> Token | None:
        """Return the caller's token; without a signature a call has but a key."""
        signed = request.signed()
        if signed.value("oauth_consumer_key") is None:
            if signed.value("api_key") != self._logins.key:
                raise RefusalError(100, "Invalid API Key (Key has invalid format)")
            return None
        try:
            return self._check(signed)
        except OAuthError as problem:
            refusal = self._documented(problem)
            if refusal and self._quirks.documents_refusals:
                raise refusal from None
            raise

    def _check(self, signed: SignedRequest) -> Token | None:
        token = self._logins.check(signed)
        if token is not None and token.key not in self._logins.access_tokens:
            raise OAuthError("token_rejected")
        return token

    def _documented(self, problem: OAuthError) -> RefusalError | None:
        return {
            "signature_invalid": RefusalError(96, "Invalid signature"),
            "token_rejected": RefusalError(98, "Invalid auth token"),
            "consumer_key_unknown": RefusalError(100, "Invalid API Key (Key not found)"),
        }.get(problem.problem)

    def _do_meanwhile(self, method: str) -> None:
        with self._record.lock:
            self._calls[method] = number = self._calls.get(method, 0) + 1
            due = [item for item in self._meanwhile if item[0] == method and item[1] <= number]
            self._meanwhile = [item for item in self._meanwhile if item not in due]
        for _, _, do in due:
            do()


def refused(problem: OAuthError) -> Reply:
    return Reply(status=401, body=problem.body().encode(), content_type="text/plain; charset=utf-8")


def _wants_json(request: Incoming) -> bool:
    return request.parameters.get("format") == "json"


def _callback(request: Incoming, *, always: bool) -> str | None:
    if request.parameters.get("nojsoncallback") == "1" and not always:
        return None
    return request.parameters.get("jsoncallback", "jsonFlickrApi")


def _script(body: bytes, callback: str | None) -> Reply:
    kind = "text/javascript" if callback else "application/json"
    return Reply(status=200, body=body, content_type=f"{kind}; charset=utf-8")
