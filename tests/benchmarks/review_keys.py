"""Keystrokes from a fresh scan until all groups have an answer: `uv run python tests/benchmarks/review_keys.py`.

The photos are in one folder a person. The largest group of a folder is that person, and the others do not matter. The
page is used by keyboard alone, in a browser; in the terminal, the answers of `familiar clusters review` are counted
with Enter. Single faces are skipped in both.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Page, sync_playwright

sys.path[:0] = [str(Path(__file__).parents[1])]

if TYPE_CHECKING:
    from familiar import Library


def main() -> None:
    """Scan and group the photos, and answer everything twice."""
    from support.chromium import find_chromium
    from support.household import Household
    from support.kept_workers import KEPT
    from support.photos import shared_folder
    from support.review_page import serving

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="?", default=(shared_folder("photos") or Path()) / "people")
    photos = parser.parse_args().photos.absolute()
    chromium = find_chromium()
    assert chromium is not None
    with tempfile.TemporaryDirectory() as base, sync_playwright() as playwright:
        home = Household(base=Path(base))
        home.configure({"folders": [str(photos)]})
        home.scan(check=False)
        home.ask("clusters", "run")
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"] if os.getuid() == 0 else []
        )
        try:
            with home.library() as library:
                names = _names(library)
                print(f"{len(library.clusters.waiting(least=2))} groups, {len(set(names.values()))} people")
                with serving(home) as served:
                    page = browser.new_page()
                    page.goto(served.server.address)
                    page.wait_for_selector("main[data-ready]")
                    print(f"page: {_keys_of_page(page, names)} keys")
                left = library.clusters.waiting(least=2)
                assert left == [], left
                for entry in library.history():
                    if entry.undo and entry.by == "person":
                        library.undo_decision(entry.id)
                print(f"terminal: {_keys_of_terminal(library, names)} keys")
        finally:
            browser.close()
            KEPT.end()


def _names(library: "Library") -> Mapping[int, str]:
    """Return the names of groups that have one."""
    names: dict[int, str] = {}
    for row in library.clusters.waiting(least=2):
        paths = [path for path in library.clusters.paths_of(library.clusters.faces(row.id)).values() if path]
        folder = max({path.parent.name for path in paths}, key=[path.parent.name for path in paths].count)
        if folder not in names.values():
            names[row.id] = folder
    return names


def _keys_of_page(page: Page, names: Mapping[int, str]) -> int:
    from support.review_page import sent

    keys = 0

    def press(key: str) -> None:
        nonlocal keys
        keys += 1
        page.keyboard.press(key)

    while (card := page.locator(".group:not(.is-answered)").first).count():
        group = int(card.get_attribute("data-group") or "")
        for _ in range(50):
            if page.evaluate("document.activeElement.closest('.group')?.dataset.group") == str(group):
                break
            press("ArrowRight")
        is_asked = page.evaluate("document.activeElement.matches('input[role=combobox]')")
        if group in names:
            if not is_asked:
                press("n")
            _enter(page, names[group], press)
        else:
            if is_asked:
                press("Escape")
            press("i")
    sent(page)
    return keys


def _enter(page: Page, name: str, press: Callable[[str], None]) -> None:
    """Type a name until it is the one that Enter takes."""
    marked = page.locator("[role=option][aria-selected=true]:visible span")
    for letter in name:
        press(letter)
        marked.wait_for()
        if marked.text_content() == name:
            break
    press("Enter")


def _keys_of_terminal(library: "Library", names: Mapping[int, str]) -> int:
    from familiar.cli.clusters.answers import Answers

    answers, keys = Answers(library.clusters), 0
    while (cluster := answers.next(2)) is not None:
        question, name = answers.question(cluster), names.get(cluster.id)
        answer = "/i" if name is None else "/y" if question and f"Is this {name}?" in question else name
        keys += len(answer) + 1
        answers.take(answer, cluster, [])
    return keys


if __name__ == "__main__":
    main()
