import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread

import pytest
import requests

from support.household import Household
from support.review_page import ServedPage, Visitor, serving

PATHS = (
    *("/", "/groups", "/groups/1", "/groups/999", "/groups/1/faces", "/groups/1/card", "/groups/1/people", "/faces/1"),
    *("/people/names", "/faces/1-000000000000.webp", "/photos/1-000000000000.webp", "/static/style.css"),
    *("/static/page.js", "/static/../app.py", "/favicon.ico", "/nothing", "/login"),
)

_MANY = 20
"""Connections that are open when the server is stopped; others follow."""


@pytest.mark.parametrize("path", PATHS)
def test_without_a_login_every_path_has_the_same_page_that_tells_nothing(served: ServedPage, path: str) -> None:
    answers = [Visitor(address=served.address).get(path) for path in (path, "/another")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].text == answers[1].text
    assert "familiar" not in answers[0].text.lower()
    assert answers[0].headers == answers[1].headers
    assert "server" not in {name.lower() for name in answers[0].headers}


def test_the_token_of_the_address_gives_a_cookie_for_this_server_alone(served: ServedPage) -> None:
    answer = requests.get(served.server.address, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert re.fullmatch(
        rf"familiar-{served.server.port}=\d+-\S{{22}}-\S{{64}}; HttpOnly; Path=/; SameSite=strict", cookie
    )


@pytest.mark.parametrize("token", ["", "wrong", "x" * 100_000, "é"])
def test_another_token_gives_no_cookie(served: ServedPage, token: str) -> None:
    answer = requests.get(f"{served.address}/login", params={"token": token[:8000]}, timeout=10)
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers


def test_a_cookie_of_somebody_else_is_no_login(served: ServedPage) -> None:
    for cookie in ("", "x", "a" * 43, 'a"b;;', "\x01"):
        headers = {"Cookie": f"familiar-{served.server.port}={cookie}"}
        assert requests.get(served.address, headers=headers, timeout=10).status_code == 401


@pytest.mark.parametrize(
    "cookies", ["theme; {}", "{}; theme;", 'a={{"x":1}}; {}', '{}; a={{"x":1}}', "a=é; {}", "{name}=other; {}"]
)
def test_cookies_of_other_servers_at_the_same_host_do_not_log_out(
    visitor: Visitor, served: ServedPage, cookies: str
) -> None:
    own = str(visitor.session.headers["Cookie"])
    cookie = cookies.format(own, name=f"familiar-{served.server.port}").encode()
    answer = requests.get(f"{served.address}/groups", headers={"Cookie": cookie}, timeout=10)
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example", ""])
def test_a_request_for_another_host_is_refused_even_with_a_login(visitor: Visitor, host: str) -> None:
    answer = visitor.get("/groups", Host=host)
    assert answer.status_code == 421
    assert "with its port if that is not the usual one, has to be in the setting `hosts`" in answer.text
    assert "familiar" not in answer.text


def test_the_names_of_this_computer_are_the_same_server(visitor: Visitor, served: ServedPage) -> None:
    for name in ("localhost", "127.0.0.1", "[::1]", "LOCALHOST"):
        assert visitor.get("/groups", Host=f"{name}:{served.server.port}").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Change-Token": ""},
        {"X-Change-Token": "wrong"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_change_from_elsewhere_is_refused(visitor: Visitor, headers: dict[str, str]) -> None:
    answer = visitor.post("/changes", {"id": "12345678", "what": "ignore", "groups": {"1": "x"}}, **headers)
    assert (answer.status_code, "does not come from the review page" in answer.text) == (403, True)


def test_pages_allow_no_script_or_style_but_those_of_the_server(visitor: Visitor) -> None:
    for path in ("/groups", "/groups/1", "/nothing", "/static/page.js"):
        answer = visitor.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(
            r"<style|style=|<script(?! type=\"module\" src=)|\son\w+=|https?://", answer.text.split("<body")[0]
        )
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_not_stored_and_pictures_are_for_ever(visitor: Visitor) -> None:
    page = visitor.get("/groups")
    assert page.headers["Cache-Control"] == "no-store"
    picture = visitor.get(re.findall(r'src="(/faces/[^"]+)"', page.text)[0])
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/webp")
    assert picture.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_a_body_that_is_too_large_is_refused(visitor: Visitor) -> None:
    answer = visitor.post("/changes", {"id": "12345678", "what": "x" * 2_000_000})
    assert (answer.status_code, answer.text) == (413, "A change has at most 1,048,576 bytes.\n")


def test_a_body_of_unknown_length_that_is_too_large_is_refused(visitor: Visitor, served: ServedPage) -> None:
    parts = (b" " * 100_000 for _ in range(20))
    headers = {"Content-Type": "application/json"}
    answer = visitor.session.post(f"{served.address}/changes", data=parts, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["said"]) == (413, "This change has too many bytes.")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/groups/999", 404),
        ("/groups/99999999999999999999", 404),
        ("/faces/999", 404),
        ("/faces/1-000000000000.webp", 404),
        ("/faces/..%2f..%2fx.webp", 404),
        ("/photos/x.webp", 404),
        ("/static/..%2fapp.py", 404),
        ("/groups/1/faces?start=-1", 200),
        ("/groups?after=x", 200),
        ("/groups/1?part", 200),
    ],
)
def test_what_is_not_there_is_told_by_a_page(visitor: Visitor, path: str, status: int) -> None:
    answer = visitor.get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_other_methods_are_refused(visitor: Visitor) -> None:
    assert visitor.get("/changes").status_code == 405
    assert visitor.post("/groups", {}).status_code == 405


def test_all_works_behind_a_path_prefix(strangers: Household) -> None:
    with serving(strangers, prefix="/family/faces", hosts=("photos.example",)) as page:
        visitor = page.logged_in()
        assert page.address.endswith("/family/faces")
        start = visitor.get("/", Host="photos.example")
        assert (start.status_code, start.headers["Location"]) == (303, "/family/faces/groups")
        shown = visitor.get("/groups").text
        links = re.findall(r'(?:href|src)="(/[^"]*)"', shown)
        assert links
        assert {link for link in links if not link.startswith("/family/faces/")} == set()
        top = page.address.removesuffix("/family/faces")
        assert {visitor.session.get(top + link, timeout=10, allow_redirects=False).status_code for link in links} <= {
            200,
            303,
        }
        assert visitor.session.get(f"{top}/groups", timeout=10).status_code == 404


def test_a_household_without_a_store_is_told_what_to_do(tmp_path: Path) -> None:
    with serving(Household(base=tmp_path)) as page:
        answer = page.logged_in().get("/groups")
        assert answer.status_code == 503
        assert "no store exists; create one with" in answer.text


def test_a_port_that_is_taken_is_told(served: ServedPage, strangers: Household) -> None:
    refused = strangers.refused("review", "--port", str(served.server.port))
    assert refused.returncode == 2
    assert f"The port {served.server.port} is in use; choose another one with --port" in refused.stderr


def test_many_requests_at_once_are_all_answered(served: ServedPage) -> None:
    visitors = [served.logged_in() for _ in range(10)]
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda number: visitors[number % 10].get("/groups").status_code, range(200)))
    assert set(answers) == {200}


def test_connections_that_begin_while_the_server_stops_are_closed(strangers: Household) -> None:
    begun: list[socket.socket] = []
    with ExitStack() as connections:
        with serving(strangers) as page, suppress(ConnectionError):
            page.logged_in()
            stop = Thread(target=page.server.stop)
            while True:
                begun.append(connections.enter_context(socket.create_connection(("127.0.0.1", page.server.port))))
                if len(begun) == _MANY:
                    stop.start()
        for connection in begun:
            connection.settimeout(10)
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""
