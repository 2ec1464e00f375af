"""Calls of the Flickr API through `flickrapi`, with plain values and our own errors."""

import html
import json
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import flickrapi
from flickrapi.auth import FlickrAccessToken

from familiar.flickr.api.credentials import Key, Login, Perms
from familiar.flickr.api.errors import (
    ClockError,
    FlickrError,
    KeyRejectedError,
    LoginLostError,
    NotAllowedError,
    PassingError,
    RefusedError,
    StoppedError,
)
from familiar.flickr.api.session import FlickrSession, oauth_problem

_LOGIN_LOST = 98
_NOT_ALLOWED = 99
_NOT_ENCRYPTED = 95
_WRONG_KEY = frozenset({96, 97, 100})
_REFUSALS: Mapping[str, frozenset[int]] = {
    "photos.addTags": frozenset({1, 2}),
    "photos.removeTag": frozenset({1}),
    "photos.getInfo": frozenset({1}),
    "photos.getSizes": frozenset({1, 2}),
    "photosets.getPhotos": frozenset({1}),
    "photos.people.getList": frozenset({1}),
    "video.getStreamInfo": frozenset({1}),
}
"""Errors by which a method refuses for good, as Flickr documents them; all others may pass, known or not."""
_SERVICE = frozenset({0, 105, 201})
"""Errors by which Flickr says that the service is not available: nothing was done."""
_UNAVAILABLE = "not currently available"
"""What Flickr says of itself, whatever the number of the error."""

_PATHS = {
    "REST_URL": "/services/rest/",
    "UPLOAD_URL": "/services/upload/",
    "REPLACE_URL": "/services/replace/",
}
_OAUTH_PATHS = {
    "REQUEST_TOKEN_URL": "/services/oauth/request_token",
    "AUTHORIZE_URL": "/services/oauth/authorize",
    "ACCESS_TOKEN_URL": "/services/oauth/access_token",
}

_HEAD = 4096
"""Bytes in which an answer that is no JSON says what is wrong, if it does."""
_SCRIPT = re.compile(rb"\s*[A-Za-z_]\w{0,60}\((.*)\)\s*;?\s*", re.DOTALL)
"""JSON in a call of a function, `jsonFlickrApi(...)`, which Flickr sends unless it is told not to."""
_XML_ERROR = re.compile(r"""<rsp\s[^<>]*stat=["']fail["'][^<>]*>\s*<err\s([^<>]*)>""")
_XML_CODE = re.compile(r"""\bcode=["'](\d{1,5})["']""")
_XML_TEXT = re.compile(r"""\bmsg=(?:"([^"]*)"|'([^']*)')""")

# It logs complete answers, including tokens, and prints them if logging is not configured.
_logger = logging.getLogger("flickrapi")
_logger.addHandler(logging.NullHandler())
_logger.propagate = False


class Client:
    """A client with one key and one login. Calls block: the daemon makes them in threads, one at a time."""

    def __init__(self, key: Key, login: Login | None, *, endpoint: str | None, timeout: float) -> None:
        """Take key and login; `endpoint` is the address of another server than Flickr, `timeout` is in seconds."""
        token = None
        if login is not None:
            token = FlickrAccessToken(
                login.token, login.secret, login.perms, login.fullname, login.username, login.nsid
            )
        self._api = flickrapi.FlickrAPI(
            key.key, key.secret, token=token, store_token=False, format="parsed-json", timeout=timeout
        )
        self._oauth = self._api.flickr_oauth
        self._oauth.session = FlickrSession(timeout=timeout)  # the session of flickrapi is shared and has no limits
        if endpoint is not None:
            base = endpoint.rstrip("/")
            for name, path in _PATHS.items():
                setattr(self._api, name, base + path)
            for name, path in _OAUTH_PATHS.items():
                setattr(self._oauth, name, base + path)

    def call(self, method: str, **parameters: str | int) -> dict[str, Any]:
        """Call a method, as in `people.getPhotos`, and return its answer.

        Raises:
            StoppedError: login, key or clock are not accepted.
            NotAllowedError: the login has no access.
            RefusedError: Flickr refuses for good, by an error that is documented for this method.
            PassingError: it may work later.
        """
        try:
            answer = _read(self._api.do_flickr_call(f"flickr.{method}", format="json", **parameters))
        except FlickrError:
            raise
        except flickrapi.FlickrError as error:
            raise _translated(error, method) from error
        if answer.get("stat") != "ok":
            raise PassingError("invalid answer: no status", away=True)
        return answer

    def begin_login(self, perms: Perms) -> str:
        """Return the address where a person allows access; raises as `call` does."""
        self._login_step(lambda: self._oauth.get_request_token(oauth_callback="oob"))
        self._oauth.requested_permissions = perms
        query = urlencode({"oauth_token": self._oauth.resource_owner_key, "perms": perms})
        return f"{self._oauth.AUTHORIZE_URL}?{query}"

    def end_login(self, verifier: str) -> Login:
        """Return the login for the verifier that Flickr showed.

        Raises:
            RefusedError: it is not the right one.
            StoppedError, PassingError: as `call` does.
        """
        self._oauth.verifier = _with_dashes(verifier)
        try:
            token = self._login_step(self._oauth.get_access_token)
        except (LoginLostError, PassingError) as error:
            if isinstance(error, LoginLostError) or "OAuth" in str(error) or "HTTP 4" in str(error):
                raise RefusedError(401, "the number is not the one that Flickr showed; start again") from error
            raise
        return Login(
            token=token.token,
            secret=token.token_secret,
            perms=token.access_level,
            nsid=token.user_nsid,
            username=token.username,
            fullname=token.fullname,
        )

    def _login_step(self, step: Any) -> Any:
        try:
            return step()
        except FlickrError:
            raise
        except flickrapi.FlickrError as error:
            raise _translated(error, "") from error
        except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
            raise PassingError("invalid answer: no tokens", away=True) from error


def _with_dashes(verifier: str) -> str:
    """Return a verifier as Flickr shows it, 123-456-789, if it was typed without dashes."""
    digits = "".join(one for one in verifier if one.isalnum())
    return "-".join(re.findall("...", digits)) if re.fullmatch(r"[0-9]{9}", digits) else verifier


def _read(data: bytes) -> dict[str, Any]:
    """Return the answer in these bytes, JSON alone or in a script.

    Raises:
        flickrapi.FlickrError: Flickr refuses, in JSON or in XML.
        PassingError: it is invalid.
    """
    script = _SCRIPT.fullmatch(data)
    try:
        answer = json.loads(data if script is None else script[1])
    except (ValueError, RecursionError) as error:
        raise _told_in_xml(data) or PassingError("invalid answer: not JSON of Flickr", away=True) from error
    if not isinstance(answer, dict):
        raise PassingError("invalid answer: not JSON of Flickr", away=True)
    if answer.get("stat") != "fail":
        return answer
    try:
        code = int(answer["code"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise PassingError("invalid answer: no error code", away=True) from error
    raise flickrapi.FlickrError(f"Error: {code}: {answer.get('message', '')}", code=code)


def _told_in_xml(data: bytes) -> flickrapi.FlickrError | None:
    """Return the error in an XML answer to a JSON request, or None."""
    found = _XML_ERROR.search(data[:_HEAD].decode(errors="replace"))
    code = found and _XML_CODE.search(found[1])
    if not found or not code:
        return None
    text = _XML_TEXT.search(found[1])
    message = html.unescape(text[1] or text[2] or "") if text else ""
    return flickrapi.FlickrError(f"Error: {code[1]}: {message}", code=int(code[1]))


def _translated(error: flickrapi.FlickrError, method: str) -> FlickrError:
    """Return the error of an answer of a method with `stat=fail`."""
    text = str(error).removeprefix("Error: ")
    detail = text.split(": ", 1)[-1][:200]
    problem = oauth_problem(text)
    if isinstance(problem, ClockError) or "timestamp_refused" in text:
        return ClockError()
    if error.code is None:
        return PassingError(f"invalid answer: {text[:80]}", away=True)
    if error.code in _SERVICE or _UNAVAILABLE in text:
        return PassingError(f"{detail} (error {error.code})", maybe_done=error.code not in _SERVICE, away=True)
    if error.code == _LOGIN_LOST:
        return LoginLostError(detail)
    if error.code == _NOT_ALLOWED:
        return NotAllowedError(detail)
    if error.code in _WRONG_KEY:
        return KeyRejectedError(detail)
    if error.code == _NOT_ENCRYPTED:
        return StoppedError(f"Flickr refuses the address ({detail}); set flickr.endpoint to one with https")
    if error.code in _REFUSALS.get(method, ()):
        return RefusedError(error.code, detail)
    return PassingError(f"{detail} (error {error.code})")
