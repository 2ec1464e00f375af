"""One household with three groups and one server for all tests of the page, and a browser for each module."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from conftest import put, put_variants
from support.chromium import find_chromium
from support.household import Household
from support.review_page import ServedPage, Visitor, serving

_EXPECTED = ("(Conflict)", "(Unprocessable Entity)", "(Not Found)", "ERR_FAILED")
"""What browsers say of changes that are refused, of what is gone, and of a server that does not answer."""


@pytest.fixture(scope="session")
def strangers(
    tmp_path_factory: pytest.TempPathFactory, obama: Path, biden: Path, astronaut: Path, couple: Path
) -> Household:
    """A household that knows nobody: five faces of Obama, four of Biden, and two of an astronaut, each a group.

    One more photo shows Obama and Biden, and one an astronaut who is too far away to be found. Obama's photos are of
    August 2009, Biden's of January 2013, all others have no date.
    """
    home = Household(base=tmp_path_factory.mktemp("strangers"))
    album = home.base / "album"
    album.mkdir()
    for photo, count, taken in ((obama, 4, "2009:08:04 10:00:00"), (biden, 3, "2013:01:20 12:00:00")):
        put_variants(photo, album, count, taken=taken)
    put_variants(astronaut, album, 2)
    put(couple, album)
    _put_far_away(astronaut, album / "far.png")
    home.configure({"folders": [str(album)]})
    home.scan()
    home.ask("clusters", "run")
    return home


def _put_far_away(photo: Path, target: Path) -> None:
    """Put a photo into a large grey one, in which its face is at (1580, 1230) to (1640, 1300)."""
    from PIL import Image  # noqa: PLC0415

    with Image.open(photo) as image:
        canvas = Image.new("RGB", (3200, 2400), (120, 130, 140))
        canvas.paste(image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS), (1500, 1200))
        canvas.save(target)


@pytest.fixture(scope="session")
def _served(strangers: Household) -> Iterator[ServedPage]:
    with serving(strangers) as page:
        yield page


@pytest.fixture
def served(_served: ServedPage) -> Iterator[ServedPage]:
    """The page; what a test decides is undone after it."""
    yield _served
    _served.undo_all()


@pytest.fixture
def visitor(served: ServedPage) -> Visitor:
    return served.logged_in()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of a module: as long as it is open, an event loop is running in this thread."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("there is no Chromium; install it with: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"] if os.getuid() == 0 else []
        )
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, served: ServedPage) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def open_page(context: BrowserContext, served: ServedPage) -> Iterator[Callable[[], Page]]:
    """Return what opens the page in another tab, logged in; nothing may appear in the console of one."""
    told: list[str] = []

    def open_page() -> Page:
        page = context.new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(served.server.address)
        page.wait_for_selector("main[data-ready]")
        return page

    yield open_page
    assert [text for text in told if not any(expected in text for expected in _EXPECTED)] == []


@pytest.fixture
def page(open_page: Callable[[], Page]) -> Page:
    return open_page()
