"""Pictures of the review page, for the README: `uv run python tests/screenshots.py FOLDER`.

They show photos that may be shown: portraits by the White House and by NASA, which are in the public domain. Photos of
your own can be added with `--photos`.
"""

import argparse
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright
from skimage import data

from support.chromium import find_chromium
from support.household import Household
from support.kept_workers import KEPT
from support.photos import package_photos
from support.review_page import ServedPage, serving

_SIZES = {"": ViewportSize(width=1280, height=800), "-phone": ViewportSize(width=390, height=780)}
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_QUIET = 1500
"""Milliseconds in which pictures of faces appear after a page has been loaded."""

_DETAILS, _TAKEN = 0x8769, 0x9003
"""Where in EXIF the date of a photo is."""

_PHOTOS = {"Barack Obama": "obama*.jpg", "Joe Biden": "biden.jpg"}


def main() -> None:
    """Make a library of these photos, serve it, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=Path, help="Further photos.")
    wanted = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("There is no Chromium; install it with: apt-get install chromium")
    wanted.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as base, sync_playwright() as playwright:
        as_root = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=as_root)
        try:
            _take(_household(Path(base), wanted.photos), browser, wanted.folder)
        finally:
            browser.close()
            KEPT.end()


def _household(base: Path, more: Path | None) -> Household:
    home = Household(base=base)
    for name, pattern in _PHOTOS.items():
        for photo in sorted(package_photos().glob(pattern)):
            with Image.open(photo) as image:
                _put_variants(image.convert("RGB"), photo.stem, home.inbox / name)
    astronaut = data.astronaut()[:320]  # type: ignore[no-untyped-call]
    _put_variants(Image.fromarray(astronaut), "astronaut", home.inbox / "Eileen Collins")
    home.configure({"folders": [str(home.inbox), *([] if more is None else [str(more.absolute())])]})
    home.scan()
    home.ask("clusters", "run")
    target = f"{base}/People/{{person}}/{{taken:%Y}}/"
    home.rule({"name": "people", "when": {"person": "any"}, "then": [{"copy": target}]})
    return home


def _put_variants(image: Image.Image, name: str, folder: Path) -> None:
    """Put photos of the same face into a folder, each a little smaller than the one before, and of another year."""
    folder.mkdir(exist_ok=True)
    for way in range(6):
        dates = Image.Exif()
        dates.get_ifd(_DETAILS)[_TAKEN] = f"{2009 + 2 * way}:05:{1 + way:02} 12:00:00"
        part = image.crop((0, 0, image.width - 4 * way, image.height - 6 * way))
        part.save(folder / f"{name}-{way}.jpg", quality=92 - way, exif=dates)


def _take(home: Household, browser: Browser, target: Path) -> None:
    with serving(home) as page, page.library() as library:
        _shoot(browser, page, {"groups": "/groups", "group": "/groups/1"}, target)
        for row in library.clusters.waiting():
            (path,) = library.clusters.paths_of(library.clusters.faces(row.id, most=1)).values()
            assert path is not None
            library.clusters.name(row.id, path.parent.name)
        library.rematch()
        person = library.people.find("Barack Obama").id
        pages = {name: f"/{name}" for name in ("people", "photos", "rules", "activity")}
        pages["person"] = f"/people/{person}"
        if library.clusters.suggestions():
            pages["suggestions"] = "/suggestions"
        _shoot(browser, page, pages, target)


def _shoot(browser: Browser, served: ServedPage, pages: Mapping[str, str], target: Path) -> None:
    for suffix, size in _SIZES.items():
        for scheme in _SCHEMES:
            context = browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=2)
            page = context.new_page()
            page.goto(served.server.address)
            for name, path in pages.items():
                page.goto(served.address + path)
                page.wait_for_selector("h1")
                page.wait_for_timeout(_QUIET)
                page.screenshot(path=target / f"{name}{suffix}-{scheme}.png")
            context.close()


if __name__ == "__main__":
    main()
