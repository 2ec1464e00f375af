"""The review page of a household, served in a thread, and browsers that are logged in."""

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import requests

from familiar import Library
from familiar.api.environment import find_environment
from familiar.review.picture_cache import PictureCache
from familiar.review.server import ReviewServer
from support.household import Household

AXE_SHA256 = "84494fec757e4710dc751c8d7a636e457f4532f08f85c86dc9070133fbff53bc"
"""SHA-256 of axe-core 4.12.1, as axe-playwright-python 0.1.8 carries it."""


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
        with self.library() as library:
            for event in library.clusters.log():
                if event.by == "person" and event.undone_at is None:
                    library.clusters.undo(event.id)


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


def find_chromium() -> str | None:
    """Return the path of the system's Chromium, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


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
