"""The keys and tokens that the server knows, and the way from one to the next."""

import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from support.flickr_server.oauth import OAuthError, SignedRequest, matches

PERMISSIONS = ("read", "write", "delete")
TIMESTAMP_TOLERANCE_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class User:
    """Whose account it is."""

    nsid: str = "35034348999@N01"
    username: str = "Ana María"
    fullname: str = "Ana María Ñandú"
    path_alias: str = "ana"


@dataclass(kw_only=True)
class Token:
    """A request token (until `permission` was granted and the verifier came back), or an access token."""

    key: str
    secret: str
    permission: str = ""
    verifier: str = ""

    def may(self, permission: str) -> bool:
        return PERMISSIONS.index(permission) <= PERMISSIONS.index(self.permission)


class Logins:
    """One application with its key and secret, and its tokens.

    `now` is the time that requests' timestamps are compared with, in seconds since the epoch.
    """

    def __init__(self, *, user: User, now: Callable[[], float] = time.time) -> None:
        self.user = user
        self.key = "768fe946d252b119746fda82e1599980"
        self.secret = "1a3c208e172d3edc"  # noqa: S105 - of a server that exists in tests alone
        self.skew_seconds = 0.0
        self.denies = False
        self._now = now
        self._request_tokens: dict[str, Token] = {}
        self.access_tokens: dict[str, Token] = {}
        self._nonces: set[tuple[str, str, str]] = set()

    def grant(self, permission: str = "write") -> Token:
        """Return an access token without the way through the browser."""
        token = Token(key=_token_key(), secret=secrets.token_hex(8), permission=permission)
        self.access_tokens[token.key] = token
        return token

    def revoke(self) -> None:
        """Forget all tokens, as if the user had removed the application."""
        self.access_tokens.clear()

    def check(self, request: SignedRequest) -> Token | None:
        """Return the token that the request is signed with, or None without one.

        Raises:
            OAuthError: if the request is to be refused.
        """
        if request.value("oauth_consumer_key") != self.key:
            raise OAuthError("consumer_key_unknown")
        self._check_moment(request)
        token = self._token(request.value("oauth_token"))
        if request.value("oauth_signature_method") != "HMAC-SHA1":
            raise OAuthError("signature_method_rejected")
        if not matches(request, consumer_secret=self.secret, token_secret=token.secret if token else ""):
            raise OAuthError("signature_invalid", debug_sbs=request.base_string())
        self._check_nonce(request)
        return token

    def request_token(self, request: SignedRequest) -> str:
        """Return the body of the answer to a request for a request token."""
        self.check(request)
        if not request.value("oauth_callback"):
            raise OAuthError("parameter_absent", oauth_parameters_absent="oauth_callback")
        token = Token(key=_token_key(), secret=secrets.token_hex(8))
        self._request_tokens[token.key] = token
        return urlencode(
            {"oauth_callback_confirmed": "true", "oauth_token": token.key, "oauth_token_secret": token.secret}
        )

    def authorize(self, key: str, permission: str) -> str:
        """Let the user agree, and return the verifier that Flickr shows.

        Raises:
            OAuthError: if the token is unknown, the permission is none, or the user refuses.
        """
        token = self._request_tokens.get(key)
        if token is None:
            raise OAuthError("token_rejected")
        if permission not in PERMISSIONS or self.denies:
            raise OAuthError("permission_denied")
        token.permission = permission
        token.verifier = "-".join(f"{random.randrange(1000):03}" for _ in range(3))
        return token.verifier

    def access_token(self, request: SignedRequest) -> str:
        """Return the body of the answer to a request for an access token."""
        self.check(request)
        token = self._request_tokens.get(request.value("oauth_token") or "")
        if token is None:
            raise OAuthError("token_rejected")
        if not token.verifier or request.value("oauth_verifier") != token.verifier:
            raise OAuthError("verifier_invalid")
        del self._request_tokens[token.key]
        access = self.grant(token.permission)
        return urlencode(
            {
                "fullname": self.user.fullname,
                "oauth_token": access.key,
                "oauth_token_secret": access.secret,
                "user_nsid": self.user.nsid,
                "username": self.user.username,
            }
        )

    def _token(self, key: str | None) -> Token | None:
        if not key:
            return None
        token = self.access_tokens.get(key) or self._request_tokens.get(key)
        if token is None:
            raise OAuthError("token_rejected")
        return token

    def _check_moment(self, request: SignedRequest) -> None:
        now = self._now() + self.skew_seconds
        sent = request.value("oauth_timestamp") or ""
        if not sent.isdigit() or abs(int(sent) - now) > TIMESTAMP_TOLERANCE_SECONDS:
            span = f"{now - TIMESTAMP_TOLERANCE_SECONDS:.0f}-{now + TIMESTAMP_TOLERANCE_SECONDS:.0f}"
            raise OAuthError("timestamp_refused", oauth_acceptable_timestamps=span)

    def _check_nonce(self, request: SignedRequest) -> None:
        names = ("oauth_token", "oauth_timestamp", "oauth_nonce")
        token, timestamp, nonce = (request.value(name) or "" for name in names)
        if not nonce or (token, timestamp, nonce) in self._nonces:
            raise OAuthError("nonce_used")
        self._nonces.add((token, timestamp, nonce))


def _token_key() -> str:
    return f"72157{random.randrange(10**12):012}-{secrets.token_hex(8)}"
