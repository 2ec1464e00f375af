"""The review page of a household, served in a thread, and browsers that are logged in."""

import hashlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import requests
from playwright.sync_api import Page, expect

from familiar import Library
from familiar.api.environment import find_environment
from familiar.review.access import AccessFile
from familiar.review.picture_cache import PictureCache
from familiar.review.server import ReviewServer
from support.household import Household

AXE_SHA256 = "84494fec757e4710dc751c8d7a636e457f4532f08f85c86dc9070133fbff53bc"
"""SHA-256 of axe-core 4.12.1, as axe-playwright-python 0.1.8 carries it."""


_MOST_DECISIONS = 60
"""Decisions of one test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedPage:
    """A review page that is served."""

    household: Household
    server: ReviewServer

    @property
    def address(self) -> str:
        """The address without the token."""
        return self.server.address.partition("/login")[0]

    def library(self) -> Library:
        """Open the library beside the page; the caller closes it."""
        return self.household.library()

    def logged_in(self) -> "Visitor":
        """Return a visitor who is logged in."""
        visitor = Visitor(address=self.address)
        shown = visitor.session.get(self.server.address, timeout=30).text
        ((name, value),) = visitor.session.cookies.items()
        visitor.session.cookies.clear()
        visitor.session.headers["Cookie"] = f"{name}={value}"  # for all values of the header Host
        (visitor.session.headers["X-Change-Token"],) = re.findall(r'name="change-token" content="([^"]+)"', shown)
        return visitor

    def undo_all(self) -> None:
        """Undo all that persons decided."""
        with self.library() as library, library.deciding():
            for entry in library.history(limit=_MOST_DECISIONS):
                if entry.by == "person" and entry.about != "files" and entry.reason != "undone already":
                    library.undo_decision(entry.id)


class Visitor:
    """Someone who asks for pages without a browser."""

    def __init__(self, *, address: str) -> None:
        self.address = address
        self.session = requests.Session()

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.session.get(self.address + path, headers=headers, allow_redirects=False, timeout=30)

    def post(self, path: str, body: object, **headers: str) -> requests.Response:
        return self.session.post(self.address + path, json=body, headers=headers, allow_redirects=False, timeout=30)

    def change(self, **wanted: object) -> requests.Response:
        """Have a change made, with an id of its own."""
        return self.post("/changes", {"id": os.urandom(8).hex(), **wanted})


@contextmanager
def serving(household: Household, **options: object) -> Iterator[ServedPage]:
    """Serve the page of a household for a block."""
    environment = find_environment(household.whole_environment(), state=household.state, config=household.config)
    server = ReviewServer(
        lambda: Library(environment, rematches=False),
        cache=PictureCache(household.state / "review" / "faces", limit=100_000_000),
        access=AccessFile(household.state / "review"),
        **{"port": 0, **options},  # type: ignore[arg-type]
    )
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield ServedPage(household=household, server=server)
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


def axe_script() -> str:
    """Return axe-core, which a Python package carries."""
    package = find_spec("axe_playwright_python")
    assert package is not None
    assert package.origin is not None
    script = (Path(package.origin).parent / "axe.min.js").read_bytes()
    found = hashlib.sha256(script).hexdigest()
    if found != AXE_SHA256:
        raise ValueError(f"axe-core has the SHA-256 {found}, but {AXE_SHA256} was expected")
    return script.decode()


def names(served: ServedPage) -> dict[int, str]:
    """Return the name of each group, or what kind of group it is."""
    with served.library() as library:
        return {row.id: row.name or row.kind for row in library.clusters.all()}


def enter_name(page: Page) -> None:
    """Press Enter in a field for a name, once the people are known: before that, it does nothing."""
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Enter")


def sent(page: Page) -> None:
    """Wait until a page has sent all changes, and got the answers."""
    page.wait_for_function("() => (sessionStorage.getItem('changes') ?? '[]') === '[]'")


def check_page(page: Page, axe: str) -> None:
    """Check a page with axe-core, and that it is not wider than the window, however narrow that is."""
    page.evaluate(axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run({ runOnly: tags })", tags)
    told = [(one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found["violations"]]
    assert told == [], page.url
    size = page.viewport_size or {"width": 1280, "height": 720}
    for width in (320, size["width"]):
        page.set_viewport_size({"width": width, "height": size["height"]})
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url
