"""The login page, which is the same for all paths and says nothing about the library."""

import asyncio
import base64
import hashlib
from math import ceil
from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from familiar.review.browser_logins import BrowserLogins
from familiar.review.tries import Tries

LARGEST = 8192
"""Bytes of a form with a password."""

_STYLE = (Path(__file__).parent / "static" / "login.css").read_text(encoding="utf-8")
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Log in</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Log in</h1>
{said}<form action="{action}" method="post">
<label for="secret">{asked}</label>
<input id="secret" name="secret" type="password" required autocomplete="current-password">
<button>Log in</button>
</form>
{warning}</main>
</body>
</html>
"""
_TO_OPEN = "Open the address that the program printed when it was started, or enter the token in it:"
_TO_ENTER = "The password, or the token in the address that the program printed:"
_WARNING = (
    "<p>This connection is not encrypted: others in the network can read what is sent. Encryption (TLS) is the task of "
    "a proxy in front of this server.</p>\n"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class LoginPage:
    """Asks for the token or the password, and gives a cookie for it."""

    def __init__(self, logins: BrowserLogins, *, prefix: str, cookie: str, is_reachable: bool = False) -> None:
        """Take who is logged in, the start of paths, the name of the cookie, and whether others reach the server."""
        self._logins = logins
        self._prefix = prefix
        self._cookie = cookie
        self._is_reachable = is_reachable
        self._tries = Tries()
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        await (await self._answer(Request(scope, receive)))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if not request.url.path.endswith("/login"):
            return self._page(request)
        if request.method == "GET" and self._logins.is_token(request.query_params.get("token", "")):
            return self._welcome(request)
        if request.method == "POST" and _is_own_form(request):
            return await self._answer_form(request)
        return self._page(request)

    async def _answer_form(self, request: Request) -> Response:
        secret = await _secret_in(request)
        if self._logins.is_token(secret):
            return self._welcome(request)
        password = self._logins.password
        if password is None or not secret:
            return self._page(request)
        if wait := self._tries.take():
            said = f"There were too many wrong passwords. Try again in {ceil(wait)} seconds."
            return self._page(request, said, status=429, headers={"Retry-After": str(ceil(wait))})
        async with self._one_at_a_time:  # each try takes memory
            is_right = await asyncio.to_thread(password.is_it, secret)
        if not is_right:
            return self._page(request, "This is not the password.")
        self._tries.give_back()
        return self._welcome(request)

    def _page(
        self, request: Request, said: str = "", *, status: int = 401, headers: dict[str, str] | None = None
    ) -> Response:
        page = _PAGE.format(
            style=_STYLE,
            said=f'<p role="alert">{said}</p>\n' if said else "",
            action=f"{self._prefix}/login",
            asked=_TO_OPEN if self._logins.password is None else _TO_ENTER,
            warning=_WARNING if self._is_reachable and request.url.scheme == "http" else "",
        )
        return HTMLResponse(page, status, headers={"Content-Security-Policy": _POLICY, **(headers or {})})

    def _welcome(self, request: Request) -> Response:
        answer = RedirectResponse(f"{self._prefix}/", 303)
        answer.set_cookie(
            self._cookie,
            self._logins.begin(former=request.cookies.get(self._cookie, "")),
            path=f"{self._prefix}/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer


async def _secret_in(request: Request) -> str:
    """Return the secret in a form; nothing if the form is too large to be one of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            return ""
    try:
        return parse_qs(body.decode(), max_num_fields=8).get("secret", [""])[0]
    except ValueError:
        return ""


def _is_own_form(request: Request) -> bool:
    return request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
