"""The page beside a daemon that runs, which serves it: each sees what the other one does, and outlives its end."""

import signal
import socket
import time
from http import HTTPStatus
from pathlib import Path

import requests
from playwright.sync_api import BrowserContext, Page, expect

from conftest import put, put_variants
from support.household import Household, Running
from support.review_page import sent

WITHIN = 10_000
"""Milliseconds; two seconds where nothing else is running."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def opened(context: BrowserContext, home: Household, daemon: Running, told: list[str]) -> Page:
    daemon.wait_for("review.served")
    page = context.new_page()
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(home.ask("review", "--address").stdout.strip())
    return page


def test_the_page_and_the_daemon_see_what_the_other_one_does(
    tmp_path: Path, context: BrowserContext, obama: Path, obama2: Path, biden: Path
) -> None:
    home, told = Household(base=tmp_path), list[str]()
    home.configure({"review": {"serve": True, "port": free_port()}})
    put_variants(obama, home.inbox, 3)
    put_variants(biden, home.inbox, 2)
    home.scan()
    home.ask("clusters", "run")
    with home.running() as daemon:
        page = opened(context, home, daemon, told)
        page.locator("#group-1 input[role=combobox]").fill("Barack Obama")
        page.keyboard.press("Enter")
        sent(page)
        put(obama2, home.inbox)
        daemon.wait_for("photo.recognised", people=["Barack Obama"])  # the daemon knows whom the page has named
        page.goto(page.url.replace("/groups", "/people"))
        expect(page.locator("[data-person]")).to_contain_text("4 faces", timeout=WITHIN)
        home.ask("people", "rename", "Barack Obama", "Barack")  # and the page, whom a command renames
        expect(page.locator("[data-person]")).to_contain_text("Barack", timeout=WITHIN)
        page.goto(page.url.replace("/people", "/activity"))
        expect(page.locator("[data-part=now]")).to_contain_text("Everything is handled", timeout=WITHIN)
        (home.inbox / "broken.jpg").write_bytes(b"no picture")
        again = page.get_by_role("button", name="Try all again")
        expect(again).to_be_visible(timeout=WITHIN)
        again.click()
        daemon.wait_for("photo.set_aside", count=2)
        _restart_underneath(home, daemon, page)
    with home.running() as daemon:
        daemon.wait_for("review.served")
        sent(page)  # as soon as somebody answers
        page.goto(page.url.replace("/groups", "/activity"))
        expect(page.get_by_role("button", name="Undo: group 2 (2 faces) is ignored")).to_be_visible()
        with home.library() as library:
            assert [row.name or row.kind for row in library.clusters.all()] == ["Barack", "ignored"]
            assert [entry.what for entry in library.history()].count("cluster 2 (2 faces) is ignored") == 1
        _take_up_another_name(home, daemon)
        assert daemon.stop() == 0
    assert [text for text in told if "ERR_" not in text] == []  # of the time in which nobody answered


def _take_up_another_name(home: Household, daemon: Running) -> None:
    """Give the server a name of a proxy, which a reload takes up."""
    (address,) = {event["address"] for event in daemon.events("review.served")}
    proxied = {"Host": "photos.example"}
    assert requests.get(address, headers=proxied, timeout=10).status_code == HTTPStatus.MISDIRECTED_REQUEST
    port = int(address.rpartition(":")[2])
    home.configure({"review": {"serve": True, "port": port, "hosts": ["photos.example"]}})
    daemon.send(signal.SIGHUP)
    daemon.wait_for("review.served", count=2)
    assert requests.get(address, headers=proxied, timeout=10).status_code == HTTPStatus.UNAUTHORIZED


def _restart_underneath(home: Household, daemon: Running, page: Page) -> None:
    """End the daemon without a chance to say anything, and decide something while nobody answers."""
    page.goto(page.url.replace("/activity", "/groups"))
    page.wait_for_selector("main[data-ready]")
    daemon.process.kill()
    daemon.process.wait()
    deadline = time.monotonic() + 20
    while home.ask("review", "--address", check=False).returncode == 0:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    page.locator("#group-2").get_by_role("button", name="Ignore").click()
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
