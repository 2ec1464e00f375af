"""HTTP with time limits, our own user agent and errors; used for all requests to Flickr."""

import ipaddress
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from familiar import __version__
from familiar.flickr.api.errors import (
    ClockError,
    FlickrError,
    ForbiddenError,
    KeyRejectedError,
    LoginLostError,
    MissingError,
    PassingError,
    StoppedError,
)
from familiar.flickr.api.timed_answers import TimedAnswers

USER_AGENT = f"familiar/{__version__}"

_CONNECT = 10.0
"""Seconds for a connection."""
_LONGEST_ANSWER = 64 << 20
_BLOCK = 1 << 16
_UNSENT = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProxyError, ssl.SSLCertVerificationError)
"""Errors of connections that were not made: no call has left this machine."""
_TOO_MANY = 429
_SERVER_FAILS = 500
_OK = 200
_MISSING = frozenset({404, 410})
_FORBIDDEN = frozenset({401, 403})
_LONGEST_WAIT = 3600.0
_TOKEN_PROBLEMS = frozenset({"token_rejected", "token_revoked", "token_expired"})
"""What OAuth says where the API says error 98."""
_KEY_PROBLEMS = frozenset(
    {"signature_invalid", "consumer_key_unknown", "consumer_key_rejected", "consumer_key_refused"}
)
_HEAD = 4096
"""Bytes in which an answer says what OAuth complains of, if it does."""
_PROBLEM = re.compile(r"""oauth_problem["']?\s*[=:]\s*["']?([A-Za-z0-9_-]{1,60})""")


class FlickrSession(requests.Session):
    """A session for signed calls; error answers are raised as our own errors.

    `timeout` is the time limit of a complete answer, in seconds; a long one may take longer.
    """

    def __init__(self, *, timeout: float) -> None:
        """Take the time limit."""
        super().__init__()
        self.headers["User-Agent"] = USER_AGENT
        self.mount("http://", TimedAnswers())
        self.mount("https://", TimedAnswers())
        self._timeout = timeout

    def request(self, method: str | bytes, url: str | bytes, **options: Any) -> requests.Response:  # type: ignore[override]  # the options stay those of requests
        """Send a request, and read the complete answer; raises `FlickrError`."""
        address = url if isinstance(url, str) else url.decode("ascii")
        if not is_allowed(address):
            raise StoppedError(f"{address[:80]!r} is not an https address.")
        options |= {"timeout": (_CONNECT, self._timeout), "stream": True, "allow_redirects": False}
        options["proxies"] = proxies_for(address)
        with translated():
            response = super().request(method, url, **options)
        with response:
            response._content = _whole(response)  # noqa: SLF001 - where requests itself keeps what it has read
        try:
            raise_for(response)
        except MissingError as error:
            raise PassingError(str(error), maybe_done=False, away=True) from error
        _look_for_problem(response.content[:_HEAD])
        return response


def _whole(response: requests.Response) -> bytes:
    """Return what arrives of an answer; raises PassingError."""
    parts, size = [], 0
    for part in pieces(response):
        parts.append(part)
        size += len(part)
        if size > _LONGEST_ANSWER:
            raise PassingError("the answer is too long")
    return b"".join(parts)


@contextmanager
def translated() -> Iterator[None]:
    """Translate what `requests` raises.

    Raises:
        PassingError: always.
    """
    try:
        yield
    except requests.exceptions.ConnectTimeout as error:
        raise PassingError("connection timed out", maybe_done=False, away=True, sent=False) from error
    except (requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError) as error:
        raise PassingError("no complete answer in time", away=True) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        behind = _behind(error)
        sent = not any(isinstance(one, _UNSENT) for one in behind)
        raise PassingError(f"no answer: {_shown(behind)}", maybe_done=sent, away=True, sent=sent) from error


def pieces(response: requests.Response) -> Iterator[bytes]:
    """Give what arrives of an answer as it arrives.

    Raises:
        PassingError: it does not arrive whole.
    """
    with translated():
        while piece := response.raw.read1(_BLOCK, decode_content=True):
            yield piece


def raise_for(response: requests.Response) -> None:
    """Raise the error of an answer without success.

    Raises:
        PassingError: it may work later.
        ClockError, KeyRejectedError: OAuth refuses it.
        MissingError: the address does not exist.
    """
    status = response.status_code
    if status == _OK:
        return
    problem = oauth_problem(response.text) if _has_text(response) else None
    if problem is not None:
        raise problem
    if status == _TOO_MANY:
        raise PassingError(
            "too many calls (HTTP 429)", wait=wait_of(response.headers), maybe_done=False, throttled=True
        )
    if status in _MISSING:
        raise MissingError(f"not found (HTTP {status})")
    if status in _FORBIDDEN:
        raise ForbiddenError(f"not allowed (HTTP {status})", maybe_done=False)
    raise PassingError(f"HTTP {status}", wait=wait_of(response.headers), maybe_done=status >= _SERVER_FAILS, away=True)


def oauth_problem(text: str) -> FlickrError | None:
    """Return the problem in an answer of OAuth, or None."""
    if "oauth_problem" not in text:
        return None
    found = _PROBLEM.search(text)
    problem = found[1] if found else "unknown"
    if problem == "timestamp_refused":
        return ClockError()
    if problem in _KEY_PROBLEMS:
        return KeyRejectedError(problem)
    if problem in _TOKEN_PROBLEMS:
        return LoginLostError(problem)
    return PassingError(f"OAuth error {problem!r}", maybe_done=False)


def _look_for_problem(head: bytes) -> None:
    """Raise the OAuth problem in a successful answer that is not JSON; raises as `raise_for`."""
    problem = None if head.lstrip().startswith(b"{") else oauth_problem(head.decode(errors="replace"))
    if problem is not None:
        raise problem


def wait_of(headers: Any) -> float | None:
    """Return the seconds of `Retry-After` (RFC 9110, 10.2.3), or None."""
    text = headers.get("Retry-After")
    if text is None:
        return None
    if text.strip().isdigit():
        return min(float(text), _LONGEST_WAIT)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - time.time()
    except (TypeError, ValueError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def is_loopback(address: str) -> bool:
    """Return whether an address is on this machine."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_allowed(address: str) -> bool:
    """Return whether an address is allowed: encrypted, or on this machine."""
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        return False
    return scheme == "https" or (scheme == "http" and is_loopback(address))


def proxies_for(address: str) -> dict[str, Any]:
    """Return proxies for `requests`: none for this machine, those of the environment for others."""
    return {"http": None, "https": None} if is_loopback(address) else {}


def _has_text(response: requests.Response) -> bool:
    kind = response.headers.get("Content-Type", "")
    return not kind.startswith(("image/", "video/"))


def _behind(error: BaseException) -> list[BaseException]:
    """Return an error with all that is behind it, as `requests` and `urllib3` wrap what the system says."""
    found = [error]
    for one in found:
        others = (*one.args, *(getattr(one, name, None) for name in ("reason", "original_error", "__cause__")))
        found += [other for other in others if isinstance(other, BaseException) and other not in found]
    return found


def _shown(behind: list[BaseException]) -> str:
    """Return what errors are, without their texts, which have addresses with the keys of signed calls."""
    for one in behind:
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"the certificate of the server is not valid ({one.verify_message})"
    reasons = [one.reason for one in behind if isinstance(one, urllib3.exceptions.MaxRetryError) and one.reason]
    return type(next(iter(reasons or behind[1:] or behind))).__name__
