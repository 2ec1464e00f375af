"""Logins: a token in the printed address, or the password, gives a cookie, and each cookie has a token for its changes.

The token of the address ends with the process. Cookies and their tokens are signed with a key that lasts, so that a
browser stays logged in while the server is started again.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from familiar.review.access import AccessFile, Password

_LASTS = 30 * 24 * 3600
"""Seconds after which a browser has to log in again."""

_MOST = 64
"""Logins whose answers are kept."""

_ANSWERS = 2000
"""Answers of a login that are kept: the page sends a change again if it got no answer."""

_COOKIE = re.compile(r"(\d{1,12}-[\w-]{22})-([0-9a-f]{64})", re.ASCII)


@dataclass(slots=True, kw_only=True)
class BrowserLogin:
    """A browser that is logged in.

    `change_token` goes with each change. `answers` are those to changes that were made, by the ids that the page gave
    to them. `later` are the groups that were put off.
    """

    change_token: str
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

    def __init__(self, access: AccessFile, *, clock: Callable[[], float] = time.time) -> None:
        """Choose the token of the address; take the file of the key, and a clock that gives the time of day."""
        self.token = secrets.token_urlsafe(24)
        self._access = access
        self._clock = clock
        self._logins: OrderedDict[str, BrowserLogin] = OrderedDict()

    @property
    def password(self) -> Password | None:
        """The password, if there is one."""
        return self._access.read().password

    def is_token(self, text: str) -> bool:
        """Return whether a text is the token of the address."""
        return hmac.compare_digest(text.encode(errors="surrogatepass"), self.token.encode())

    def begin(self, *, former: str = "") -> str:
        """Return the value of a cookie; a browser that is logged in keeps its `former` one, for its other windows."""
        if self.find(former) is not None:
            return former
        login = f"{int(self._clock())}-{secrets.token_urlsafe(16)}"
        return f"{login}-{self._signed('cookie', login)}"

    def find(self, cookie: str) -> BrowserLogin | None:
        """Return the login of a cookie."""
        found = _COOKIE.fullmatch(cookie)
        if found is None or not hmac.compare_digest(self._signed("cookie", found[1]), found[2]):
            return None
        if not 0 <= self._clock() - int(found[1].partition("-")[0]) <= _LASTS:
            return None
        change_token = self._signed("change", found[1])
        login = self._logins.setdefault(found[1], BrowserLogin(change_token=change_token))
        self._logins.move_to_end(found[1])
        while len(self._logins) > _MOST:
            self._logins.popitem(last=False)
        return login

    def _signed(self, what: str, login: str) -> str:
        return hmac.new(self._access.read().key, f"{what} {login}".encode(), hashlib.sha256).hexdigest()
