"""Logins: a token in the printed address gives a cookie, and each cookie has a token for its changes.

Tokens are random, are kept in memory only, and end with the process.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

_MOST = 64
"""Logins at a time; a further one ends the oldest."""

_ANSWERS = 2000
"""Answers of a login that are kept: the page sends a change again if it got no answer."""


@dataclass(slots=True, kw_only=True)
class BrowserLogin:
    """A browser that is logged in.

    `change_token` goes with each change. `answers` are those to changes that were made, by the ids that the page gave
    to them. `later` are the groups that were put off.
    """

    change_token: str = field(default_factory=secrets.token_urlsafe)
    answers: OrderedDict[str, tuple[int, Any]] = field(default_factory=OrderedDict)
    later: set[int] = field(default_factory=set)

    def allows_change(self, token: str) -> bool:
        """Return whether a token is the one that goes with changes."""
        return hmac.compare_digest(token.encode(errors="surrogatepass"), self.change_token.encode())

    def keep_answer(self, change: str, status: int, answer: Any) -> None:
        """Keep the answer to a change, for the case that it is sent again."""
        self.answers[change] = (status, answer)
        while len(self.answers) > _ANSWERS:
            self.answers.popitem(last=False)


class BrowserLogins:
    """All logins of a server."""

    def __init__(self) -> None:
        """Choose the token of the address."""
        self.token = secrets.token_urlsafe(24)
        self._logins: OrderedDict[bytes, BrowserLogin] = OrderedDict()

    def begin(self, token: str, *, former: str = "") -> str | None:
        """Return the value of a cookie for the token of the address; None for any other token.

        A browser that is logged in keeps its `former` cookie, so that its other windows go on.
        """
        if not hmac.compare_digest(token.encode(errors="surrogatepass"), self.token.encode()):
            return None
        if self.find(former) is not None:
            return former
        cookie = secrets.token_urlsafe(32)
        self._logins[_digest(cookie)] = BrowserLogin()
        while len(self._logins) > _MOST:
            self._logins.popitem(last=False)
        return cookie

    def find(self, cookie: str) -> BrowserLogin | None:
        """Return the login of a cookie."""
        return self._logins.get(_digest(cookie))


def _digest(cookie: str) -> bytes:
    """Return what a cookie is looked up by, so that the time of the search tells nothing about other cookies."""
    return hashlib.sha256(cookie.encode(errors="surrogatepass")).digest()
