"""OAuth 1.0a as a server checks it (RFC 5849, HMAC-SHA1)."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

Pairs = tuple[tuple[str, str], ...]


class OAuthError(Exception):
    """A request that is refused; Flickr answers it with HTTP 401 and `oauth_problem=...`."""

    def __init__(self, problem: str, **details: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.details = details

    def body(self) -> str:
        fields = {"oauth_problem": self.problem, **self.details}
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())


@dataclass(frozen=True, kw_only=True)
class SignedRequest:
    """What is signed of a request: its verb, its address without the query, and the parameters from everywhere."""

    verb: str
    url: str
    parameters: Pairs

    def value(self, name: str) -> str | None:
        return next((value for key, value in self.parameters if key == name), None)

    def base_string(self) -> str:
        """Return what the signature is taken of (RFC 5849, 3.4.1)."""
        signed = sorted((escape(name), escape(value)) for name, value in self.parameters if name != "oauth_signature")
        normal = "&".join(f"{name}={value}" for name, value in signed)
        return "&".join((self.verb, escape(self.url), escape(normal)))


def escape(text: str) -> str:
    """Percent-encode everything but letters, digits and `-._~` (RFC 5849, 3.6)."""
    return quote(text, safe="")


def header_parameters(header: str) -> Iterable[tuple[str, str]]:
    """Yield the parameters of an `Authorization: OAuth` header, but the realm."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "oauth":
        return
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        if name != "realm":
            yield unquote(name), unquote(value.strip('"'))


def signature(base_string: str, *, consumer_secret: str, token_secret: str) -> str:
    key = f"{escape(consumer_secret)}&{escape(token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), base_string.encode(), hashlib.sha1)).decode()


def matches(request: SignedRequest, *, consumer_secret: str, token_secret: str) -> bool:
    right = signature(request.base_string(), consumer_secret=consumer_secret, token_secret=token_secret)
    return hmac.compare_digest(right.encode(), (request.value("oauth_signature") or "").encode())
