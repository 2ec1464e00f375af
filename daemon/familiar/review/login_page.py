"""The page of everyone who is not logged in: it is the same for all paths, and tells nothing."""

import base64
import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from familiar.review.browser_logins import BrowserLogins

_STYLE = (Path(__file__).parent / "static" / "login.css").read_text(encoding="utf-8")
_PAGE = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Log in</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Log in</h1>
<form action="@login" method="get">
<label for="token">Open the address that the program printed when it was started, or enter the token in it:</label>
<input id="token" name="token" type="password" required autocomplete="off">
<button>Log in</button>
</form>
</main>
</body>
</html>
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class LoginPage:
    """Asks for the token, and gives a cookie for it."""

    def __init__(self, logins: BrowserLogins, *, prefix: str, cookie: str) -> None:
        """Take who is logged in, the start of all paths, and the name of the cookie."""
        self._logins = logins
        self._prefix = prefix
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        former = request.cookies.get(self._cookie, "")
        cookie = None
        if request.url.path.endswith("/login") and request.method == "GET":
            cookie = self._logins.begin(request.query_params.get("token", ""), former=former)
        if cookie is None:
            page = _PAGE.replace("@login", f"{self._prefix}/login")
            return HTMLResponse(page, 401, headers={"Content-Security-Policy": _POLICY})
        answer = RedirectResponse(f"{self._prefix}/", 303)
        answer.set_cookie(
            self._cookie,
            cookie,
            path=f"{self._prefix}/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer
