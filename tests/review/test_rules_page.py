"""The rules, and what they would do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.household import Household
from support.review_page import ServedPage, Visitor, axe_script, check_page


@pytest.fixture
def rules(strangers: Household) -> Iterator[Path]:
    """The folder into which the only rule copies photos of known people."""
    target = strangers.base / "sorted"
    strangers.rule({"name": "by person", "when": {"person": "any"}, "then": [{"copy": f"{target}/{{person}}/"}]})
    yield target
    strangers.rules.unlink(missing_ok=True)


def test_without_rules_the_page_tells_how_to_begin(visitor: Visitor) -> None:
    shown = visitor.get("/rules").text
    assert "There are no rules; set <code>rules:</code> in the configuration to a rules file." in shown
    assert visitor.get("/rules/preview").status_code == 404


def test_wrong_rules_are_told(visitor: Visitor, strangers: Household, rules: Path) -> None:
    strangers.rule({"name": "x", "when": {"person": "any"}, "then": [{"fly": "/x"}]})
    shown = visitor.get("/rules")
    assert (shown.status_code, "fly" in shown.text) == (200, True)


def test_the_preview_shows_what_would_be_done_and_nothing_is_done(
    visitor: Visitor, served: ServedPage, rules: Path
) -> None:
    assert "data-after" not in visitor.get("/rules/preview").text
    (looked,) = re.findall(r'data-looked="(\d+)"', visitor.get("/rules/preview").text)
    with served.library() as library:
        assert int(looked) == library.status().photos["seen"]
        library.clusters.name(1, "Barack Obama")
        library.clusters.name(2, "Joe <b>Biden</b>")
        before = library.version
        shown = visitor.get("/rules/preview").text
        assert shown.count(f"copy <code>{rules}/Barack Obama/") == 5
        assert shown.count("<li>") == 9
        assert f"<code>{rules}/Joe &lt;b&gt;Biden&lt;_b&gt;/" in shown
        assert library.version == before
        photo = next(plan.photo_id for plan in library.rules.preview(most=1).plans)
        assert library.rules.preview(most=1).after == photo
        assert photo not in [plan.photo_id for plan in library.rules.preview(after=photo).plans]
        assert library.rules.preview(seconds=0).looked_at == 1
    assert not rules.exists()


def test_what_was_done_by_the_rules_is_not_shown_again(visitor: Visitor, served: ServedPage, rules: Path) -> None:
    with served.library() as library:
        library.clusters.name(3, "Eileen Collins")
        assert visitor.get("/rules/preview").text.count("<li>") == 2
        done = library.rules.apply()
        assert visitor.get("/rules/preview").text.count("<li>") == 0
        library.undo([step.id for step in done.steps])


def test_the_page_shows_the_preview_and_a_photo(page: Page, served: ServedPage, rules: Path) -> None:
    with served.library() as library:
        library.clusters.name(1, "Barack Obama")
    page.goto(f"{served.address}/rules")
    expect(page.locator("[data-state]")).to_have_text(re.compile("^5 of .* looked at, which are all."))
    expect(page.locator(".plans tbody tr")).to_have_count(5)
    check_page(page, axe_script())
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(color_scheme="dark")
    check_page(page, axe_script())
    page.locator(".plans .face").first.click()
    expect(page.locator("dialog#photo")).to_be_visible()
