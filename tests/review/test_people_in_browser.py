"""People, and what a person decides about them in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from support.review_page import ServedPage, axe_script, check_page, sent


@pytest.fixture
def person(page: Page, served: ServedPage) -> Page:
    """The page of Barack Obama, with three faces that may be his."""
    with served.library() as library:
        some = [face.id for face in library.clusters.faces(1)[:2]]
        library.clusters.name(library.clusters.gather(some).cluster, "Barack Obama")
        library.clusters.name(2, "Joe Biden")
        library.clusters.name(3, "Eileen Collins")
        library.people.set_threshold("Barack Obama", 0.01)
        furthest = max(face.distance for face in library.people.maybe("Barack Obama", margin=2))
        library.people.set_threshold("Barack Obama", max(0.02, furthest - 0.07))
    page.goto(f"{served.address}/people")
    page.wait_for_selector("main[data-ready]")
    page.get_by_role("searchbox", name="Search people").fill("obama")
    expect(page.locator(".person:visible")).to_have_count(1)
    page.locator(".person:visible").click()
    page.wait_for_selector("main[data-ready]")
    return page


def test_faces_are_confirmed_in_a_run_by_keyboard_and_that_is_undone(person: Page, served: ServedPage) -> None:
    maybe = person.locator("[data-part=maybe] .face:visible")
    before = maybe.count()
    assert before >= 1
    maybe.first.focus()
    person.keyboard.press("x")
    person.keyboard.press("y")
    expect(person.locator("[data-part=maybe] .face:visible")).to_have_count(before - 1)
    sent(person)
    with served.library() as library:
        assert sum(row.faces for row in library.clusters.all() if row.name == "Barack Obama") == 3
    person.keyboard.press("u")
    expect(maybe).to_have_count(before)


def test_the_slider_shows_what_would_change_and_applies_it(person: Page, served: ServedPage) -> None:
    person.locator("#threshold").fill("0.9")
    expect(person.locator("[data-preview]")).to_have_text(re.compile(r"about \d+ more, 0 fewer"))
    person.get_by_role("button", name="Apply").click()
    sent(person)
    with served.library() as library:
        assert library.people.find("Barack Obama").threshold == 0.9
    expect(person.get_by_role("button", name="As for everybody")).to_be_visible()
    person.get_by_role("button", name="As for everybody").click()
    expect(person.get_by_role("button", name="As for everybody")).to_be_hidden()
    with served.library() as library:
        assert library.people.find("Barack Obama").threshold is None


def test_a_person_is_renamed_and_merged_in_the_field_of_the_name(person: Page, served: ServedPage) -> None:
    field = person.locator(".ask input")
    field.fill("Barack")
    expect(person.get_by_role("option")).to_have_count(2)
    person.keyboard.press("ArrowUp")
    expect(person.locator("[role=option][aria-selected=true]")).to_have_text("Rename to “Barack”?")
    person.keyboard.press("Enter")
    expect(person.get_by_role("heading", level=1)).to_have_text("Barack")
    person.locator(".ask input").fill("joe")
    person.keyboard.press("Enter")
    expect(person.get_by_role("heading", level=1)).to_have_text("Joe Biden")
    with served.library() as library:
        assert library.people.names() == ["Eileen Collins", "Joe Biden"]


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1200, "dark")])
def test_people_are_accessible(person: Page, served: ServedPage, width: int, scheme: str) -> None:
    person.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    person.set_viewport_size({"width": width, "height": 800})
    person.locator(".face").first.click()
    check_page(person, axe_script())
    person.goto(f"{served.address}/people")
    check_page(person, axe_script())
