"""The password, the key of logins, and what a server needs that others can reach."""

import re
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from familiar.errors import UsageError
from familiar.review.access import AccessFile, Password
from familiar.review.browser_logins import BrowserLogins
from familiar.review.hosts import HostNames
from familiar.review.tries import Tries
from support.household import Household
from support.review_page import ServedPage, serving

PASSWORD = "correct horse battery"  # noqa: S105 - of a test
EVERYWHERE = "0.0.0.0"  # noqa: S104


@pytest.fixture(scope="module")
def reachable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPage]:
    """A page that others can reach, with a password."""
    home = Household(base=tmp_path_factory.mktemp("reachable"))
    home.make_store()
    AccessFile(home.state / "review").set_password(PASSWORD)
    with serving(home, listen=EVERYWHERE) as page:
        yield page


def enter(page: ServedPage, secret: str, **headers: str) -> requests.Response:
    form = {"secret": secret}
    return requests.post(f"{page.address}/login", data=form, headers=headers, allow_redirects=False, timeout=30)


def test_a_password_is_kept_as_a_hash_in_a_file_of_the_owner(tmp_path: Path) -> None:
    file = AccessFile(tmp_path / "review")
    key = file.read().key
    file.set_password(PASSWORD)
    (path,) = (tmp_path / "review").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    known = AccessFile(tmp_path / "review").read()
    assert known.key != key
    assert known.password is not None
    assert known.password.is_it(PASSWORD)
    assert not known.password.is_it(PASSWORD + "x")
    assert not known.password.is_it("x" * 1_000_000)


@pytest.mark.parametrize(("text", "length"), [("short", 5), ("x" * 1001, 1001), ("", 0)])
def test_a_password_of_a_wrong_length_is_refused(text: str, length: int) -> None:
    with pytest.raises(UsageError, match=f"The password has {length} characters; it needs 10 to 1000"):
        Password.of(text)


@pytest.mark.parametrize("content", ["", "x", "[]", '{"key": 1}', '{"key": "zz"}', '{"salt": "00"}'])
def test_a_damaged_file_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "access.json").write_text(content)
    with pytest.raises(UsageError, match="is damaged; remove it, and set the password again"):
        AccessFile(tmp_path).read()


def test_a_login_holds_for_another_server_until_the_password_is_set_or_a_month_has_passed(tmp_path: Path) -> None:
    now = [1e9]
    file = AccessFile(tmp_path)
    one, other = (BrowserLogins(file, clock=lambda: now[0]) for _ in range(2))
    cookie = one.begin()
    login = other.find(cookie)
    assert login is not None
    assert login.allows_change(one.find(cookie).change_token)  # type: ignore[union-attr]
    assert one.token != other.token
    assert other.find(cookie[:-1] + ("0" if cookie[-1] != "0" else "1")) is None
    now[0] += 31 * 24 * 3600
    assert other.find(cookie) is None
    now[0] -= 31 * 24 * 3600
    AccessFile(tmp_path).set_password(PASSWORD)
    assert one.find(cookie) is None


def test_after_ten_wrong_passwords_there_is_one_try_in_half_a_minute() -> None:
    now = [0.0]
    tries = Tries(clock=lambda: now[0])
    assert [tries.take() for _ in range(11)] == [0.0] * 10 + [30.0]
    now[0] = 29.0
    assert tries.take() == pytest.approx(1.0)
    now[0] = 31.0
    assert tries.take() == 0
    assert tries.take() > 0
    tries.give_back()
    assert tries.take() == 0


def test_a_page_that_others_can_reach_needs_a_password(tmp_path: Path) -> None:
    home = Household(base=tmp_path)
    home.configure({"review": {"listen": EVERYWHERE}})
    refused = home.refused("review", "--port", "0")
    assert refused.returncode == 2
    assert "review.listen is 0.0.0.0, which others can reach: set a password first, with" in refused.stderr
    assert home.ask("review", "--set-password", given="short\n", check=False).returncode == 2
    assert home.ask("review", "--set-password", given=f"{PASSWORD}\n").stdout.startswith("The password is set")
    password = AccessFile(home.state / "review").read().password
    assert password is not None
    assert password.is_it(PASSWORD)


def test_an_address_that_this_computer_does_not_have_is_told(tmp_path: Path) -> None:
    home = Household(base=tmp_path)
    AccessFile(home.state / "review").set_password(PASSWORD)
    home.configure({"review": {"listen": "192.0.2.1"}})
    assert "is 192.0.2.1, which is not an address of this computer" in home.refused("review", "--port", "0").stderr


def test_the_password_logs_in_and_a_wrong_one_does_not(reachable: ServedPage) -> None:
    wrong = enter(reachable, "not the password")
    assert (wrong.status_code, "This is not the password." in wrong.text) == (401, True)
    assert "Set-Cookie" not in wrong.headers
    right = enter(reachable, PASSWORD)
    assert (right.status_code, right.headers["Location"]) == (303, "/")
    assert "HttpOnly" in right.headers["Set-Cookie"]
    assert enter(reachable, reachable.server.address.partition("token=")[2]).status_code == 303


def test_a_form_of_another_page_or_a_huge_one_is_no_login(reachable: ServedPage) -> None:
    assert enter(reachable, PASSWORD, **{"Sec-Fetch-Site": "cross-site"}).status_code == 401
    assert enter(reachable, PASSWORD + " " * 10_000).status_code == 401
    assert requests.post(f"{reachable.address}/login", data=b"\xff" * 5_000_000, timeout=30).status_code == 401


def test_the_page_tells_that_encryption_is_the_task_of_a_proxy(reachable: ServedPage, served: ServedPage) -> None:
    said = "This connection is not encrypted"
    assert said in requests.get(reachable.address, timeout=30).text
    assert said not in requests.get(reachable.address, headers={"X-Forwarded-Proto": "https"}, timeout=30).text
    assert said not in requests.get(served.address, timeout=30).text  # it never leaves this computer


def test_many_wrong_passwords_at_once_lock_out_nobody_who_has_the_address(reachable: ServedPage) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda number: enter(reachable, f"wrong password {number}"), range(30)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 20 - 1  # a half minute may have passed
    assert all(0 < int(answer.headers["Retry-After"]) <= 30 for answer in refused)
    assert "There were too many wrong passwords. Try again in" in refused[0].text
    assert requests.get(reachable.server.address, timeout=30, allow_redirects=False).status_code == 303


def test_a_server_that_others_can_reach_has_its_addresses_as_names_but_no_name_of_others() -> None:
    names = HostNames.of(EVERYWHERE, 8750, ["Photos.example"])
    for right in ("192.168.1.5:8750", "[fe80::1]:8750", "localhost:8750", "photos.example"):
        assert names.allow(right), right
    for wrong in ("evil.example:8750", "192.168.1.5", "192.168.1.5:80", "192.168.1.5.evil.example:8750", "", ":8750"):
        assert not names.allow(wrong), wrong
    assert not HostNames.of("127.0.0.1", 8750, []).allow("192.168.1.5:8750")


def test_the_address_is_printed_as_long_as_a_page_is_served(served: ServedPage, tmp_path: Path) -> None:
    refused = Household(base=tmp_path).refused("review", "--address")
    assert (refused.returncode, "The page is not served now" in refused.stderr) == (2, True)
    assert not re.search(r"token=\S", refused.stderr)
