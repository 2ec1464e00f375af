"""Pictures of the review page, for the README: `uv run python tests/screenshots.py FOLDER`.

They show photos that may be shown: portraits by the White House and by NASA, which are in the public domain. More photos
can be added with `--photos`; whoever shows the pictures has to have the right to do so.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]

_SIZES = {"": {"width": 1280, "height": 800}, "-phone": {"width": 390, "height": 780}}
_SCHEMES = ("light", "dark")
_QUIET = 1.5
"""Seconds in which pictures of faces appear after a page has been loaded."""


def main() -> None:
    """Make a library of these photos, serve it, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=Path, help="Further photos.")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as base:
        _take(Path(base), wanted.folder, wanted.photos)


def _take(base: Path, target: Path, more: Path | None) -> None:
    from support.household import Household
    from support.kept_workers import KEPT
    from support.review_page import serving

    home = Household(base=base)
    _put_photos(home.inbox)
    folders = [str(home.inbox), *([] if more is None else [str(more.absolute())])]
    home.configure({"folders": folders})
    home.rule({"name": "people", "when": {"person": "any"}, "then": [{"copy": "~/People/{person}/{taken:%Y}/"}]})
    home.scan()
    home.ask("clusters", "run")
    try:
        with serving(home) as page, page.library() as library, _browser() as browser:
            pages = {"groups": "/groups"}
            _shoot(browser, page.server.address, page.address, pages, target)
            first, second = (row.id for row in library.clusters.waiting()[:2])
            library.clusters.name(first, "Barack Obama")
            library.clusters.name(second, "Joe Biden")
            library.rematch()
            person = library.people.find("Barack Obama").id
            rest = library.clusters.waiting()
            pages = {"person": f"/people/{person}", "people": "/people", "activity": "/activity"}
            if rest:
                pages["group"] = f"/groups/{rest[0].id}"
            if library.clusters.suggestions():
                pages["suggestions"] = "/suggestions"
            _shoot(browser, page.server.address, page.address, pages, target)
    finally:
        KEPT.end()


def _put_photos(folder: Path) -> None:
    """Put portraits into a folder, each in several sizes and crops, and of several years."""
    from PIL import Image
    from skimage import data

    from support.photos import package_photos

    shown = [(path, 6) for path in sorted(package_photos().glob("*.jpg"))]
    for photo, count in shown:
        with Image.open(photo) as image:
            _put_variants(image.convert("RGB"), photo.stem, folder, count)
    _put_variants(Image.fromarray(data.astronaut()[:320]), "astronaut", folder, 8)


def _put_variants(image, name: str, folder: Path, count: int) -> None:
    for way in range(count):
        part = image.crop((0, 0, image.width - 4 * way, image.height - 6 * way))
        path = folder / f"{name}-{way}.jpg"
        part.save(path, quality=92 - way)
        taken = time.mktime((2009 + 2 * way, 5, 1 + way, 12, 0, 0, 0, 0, -1))
        os.utime(path, (taken, taken))


@contextmanager
def _browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    from support.chromium import find_chromium

    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("There is no Chromium; install it with: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"] if os.getuid() == 0 else [])
        yield browser
        browser.close()


def _shoot(browser, login: str, address: str, pages: dict[str, str], target: Path) -> None:
    for suffix, size in _SIZES.items():
        for scheme in _SCHEMES:
            context = browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=2)
            page = context.new_page()
            page.goto(login)
            for name, path in pages.items():
                page.goto(address + path)
                page.wait_for_selector("h1")
                page.wait_for_timeout(1000 * _QUIET)
                page.screenshot(path=target / f"{name}{suffix}-{scheme}.png")
            context.close()


if __name__ == "__main__":
    main()
