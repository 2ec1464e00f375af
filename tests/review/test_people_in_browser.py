"""People, and what a person decides about them in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from support.review_page import ServedPage, axe_script, check_page, enter_name, sent


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
    page.wait_for_selector("main[data-ready] > [data-page=person]")
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


def test_the_photos_are_counted_while_the_page_is_shown(person: Page) -> None:
    expect(person.locator(".head")).to_contain_text("faces in 2 photos, recognised by 2 references")
    assert person.locator("[data-years].told").count() == 1


def test_the_slider_shows_what_would_change_and_applies_it(person: Page, served: ServedPage) -> None:
    person.locator("#threshold").fill("0.9")
    expect(person.locator("[data-preview]")).to_have_text("3 more, 0 fewer")
    expect(person.locator("[data-doubt] .face")).to_have_count(3)
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
    expect(person.locator("[role=option][aria-selected=true]")).to_have_text("Rename to “Barack”")
    person.keyboard.press("Enter")
    expect(person.get_by_role("heading", level=1)).to_have_text("Barack")
    person.locator(".ask input").fill("joe")
    expect(person.get_by_role("option")).to_have_text(["Rename to “joe”", re.compile("^Same person as Joe Biden")])
    person.keyboard.press("ArrowDown")
    person.keyboard.press("Enter")
    expect(person.get_by_role("heading", level=1)).to_have_text("Joe Biden")
    with served.library() as library:
        assert library.people.names() == ["Eileen Collins", "Joe Biden"]


@pytest.fixture
def people(person: Page, served: ServedPage) -> Page:
    """The page of all people: Barack Obama, Eileen Collins, and Joe Biden, who has the most faces."""
    person.goto(f"{served.address}/people")
    person.wait_for_selector("main[data-ready]")
    return person


def shown_names(page: Page) -> list[str]:
    return page.locator(".people [data-person]:visible b").all_inner_texts()


def test_several_people_are_chosen_and_merged_by_keyboard_and_that_is_undone(people: Page, served: ServedPage) -> None:
    for _ in range(3):
        people.keyboard.press("ArrowRight")
        people.keyboard.press("x")
    expect(people.locator(".chosen [data-count]")).to_have_text("3 people")
    expect(people.get_by_role("button", name="Merge into Joe Biden")).to_be_enabled()
    people.keyboard.press("m")
    expect(people.locator("[data-person]")).to_have_count(1)
    expect(people.locator(".head")).to_contain_text("1 person.")
    expect(people.locator(".chosen")).to_be_hidden()
    with served.library() as library:
        assert library.people.names() == ["Joe Biden"]
    people.get_by_role("button", name="Undo").click()
    expect(people.locator("[data-person]")).to_have_count(3)


def test_people_who_are_chosen_get_a_new_name_together(people: Page, served: ServedPage) -> None:
    people.get_by_role("checkbox", name="Choose Barack Obama").check()
    people.get_by_role("checkbox", name="Choose Eileen Collins").check()
    people.keyboard.press("n")
    expect(people.get_by_role("option")).to_have_text(
        ["Barack Obamachosen", "Eileen Collinschosen", "Joe Bidenlooks most alike"]
    )
    people.keyboard.type("Astronauts")
    people.keyboard.press("Enter")
    sent(people)
    with served.library() as library:
        assert library.people.names() == ["Astronauts", "Joe Biden"]


def test_the_people_who_look_most_alike_come_first_on_request(people: Page, served: ServedPage) -> None:
    with served.library() as library:
        alike = [name for name, _ in library.people.similar("Joe Biden")]
    people.get_by_role("checkbox", name="Choose Joe Biden").check()
    button = people.get_by_role("button", name="Most alike first")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert shown_names(people) == ["Joe Biden", *alike]
    people.keyboard.press("Escape")
    assert shown_names(people) == ["Barack Obama", "Eileen Collins", "Joe Biden"]


def test_a_wrong_merge_is_seen_among_the_looks_and_given_to_who_it_is(person: Page, served: ServedPage) -> None:
    with served.library() as library:
        library.people.set_threshold("Barack Obama", None)
        library.people.merge("Joe Biden", "Barack Obama")
    person.reload()
    looks = person.locator(".look")
    expect(looks).to_have_count(2)
    looks.nth(1).get_by_role("button", name="Choose all 4").click()
    expect(person.locator(".chosen [data-count]")).to_have_text("4 faces")
    person.keyboard.press("w")
    person.keyboard.type("Joe Biden")
    enter_name(person)
    sent(person)
    expect(person.locator("[data-looks]")).to_have_text("All faces of Barack Obama are alike.")
    with served.library() as library:
        library.rematch()
        assert (library.people.find("Joe Biden").faces, library.people.find("Barack Obama").faces) == (4, 5)
    person.keyboard.press("Control+z")
    expect(looks).to_have_count(2)


def test_a_person_is_hidden_by_key_and_gets_a_cover(person: Page, served: ServedPage) -> None:
    cover = person.locator("[data-part=faces] .face").last
    face = cover.get_attribute("data-face")
    cover.focus()
    person.keyboard.press("x")
    person.keyboard.press("c")
    expect(person.get_by_text("This face stands for Barack Obama")).to_be_visible()
    person.keyboard.press("h")
    expect(person.get_by_role("button", name="Show again")).to_be_visible()
    person.keyboard.press("Escape")
    expect(person.get_by_role("heading", level=1)).to_have_text("People")
    apart = person.locator(".apart")
    assert apart.locator(".person").is_hidden()
    person.get_by_role("searchbox", name="Search people").fill("obama")
    expect(apart.locator(f".person img[src*='/faces/{face}-']")).to_be_visible()
    person.keyboard.press("Control+a")
    person.keyboard.press("Delete")
    person.locator("h1").click()
    person.keyboard.press("u")
    sent(person)
    expect(apart).to_have_count(0)
    expect(person.locator(f".person img[src*='/faces/{face}-']")).to_be_visible()


def test_a_person_is_hidden_shown_and_hidden_again_and_that_is_undone_one_by_one(
    person: Page, served: ServedPage
) -> None:
    hide, show = (person.get_by_role("button", name=name, exact=True) for name in ("Hide", "Show again"))
    for press, then in (("h", show), ("h", hide), ("h", show), ("u", hide), ("h", show), ("u", hide)):
        person.keyboard.press(press)
        expect(then).to_be_visible()
        sent(person)
    expect(person.locator(".is-problem")).to_have_count(0)
    with served.library() as library:
        assert not library.people.find("Barack Obama").hidden


def test_a_change_that_somebody_else_took_back_is_made_again(person: Page, served: ServedPage) -> None:
    hide, show = (person.get_by_role("button", name=name, exact=True) for name in ("Hide", "Show again"))
    person.keyboard.press("h")
    expect(show).to_be_visible()
    with served.library() as library:
        library.people.unhide("Barack Obama")
    expect(hide).to_be_visible()
    person.keyboard.press("h")
    expect(show).to_be_visible()
    expect(person.locator(".is-problem")).to_have_count(0)


def test_a_name_that_is_refused_stays_in_its_field(person: Page) -> None:
    field = person.locator(".ask input")
    field.fill("any")
    enter_name(person)
    expect(person.locator(".is-problem")).to_contain_text("is reserved in rules")
    expect(field).to_have_value("any")


def test_escape_leaves_the_field_of_the_name(person: Page) -> None:
    person.keyboard.press("n")
    person.keyboard.type("joe")
    person.keyboard.press("Escape")
    expect(person.locator(".ask input")).not_to_be_focused()
    expect(person.get_by_role("heading", level=1)).to_have_text("Barack Obama")


def test_a_former_name_is_not_offered_any_more(person: Page, served: ServedPage) -> None:
    field = person.locator(".ask input")
    field.fill("biden")
    expect(person.get_by_role("option", name="Same person as Joe Biden")).to_be_visible()
    person.keyboard.press("Escape")
    shown = person.locator("[data-page=person]")
    before = shown.get_attribute("data-people") or ""
    with served.library() as library:
        library.people.rename("Joe Biden", "Joseph Biden")
    expect(shown).not_to_have_attribute("data-people", before, timeout=10_000)  # the page was told
    field.fill("biden")
    expect(person.get_by_role("option", name="Same person as Joseph Biden")).to_be_visible()
    expect(person.get_by_role("option", name="Same person as Joe Biden")).to_have_count(0)


def test_people_whom_others_rename_or_remove_are_shown_as_they_are(person: Page, served: ServedPage) -> None:
    with served.library() as library:
        library.people.rename("Barack Obama", "Barack")
    expect(person.get_by_role("heading", level=1)).to_have_text("Barack", timeout=10_000)
    person.keyboard.press("Escape")
    expect(person.locator(".person")).to_have_count(3)
    with served.library() as library:
        library.people.merge("Joe Biden", "Barack")
    expect(person.locator(".person")).to_have_count(2, timeout=10_000)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1200, "dark")])
def test_people_are_accessible(person: Page, served: ServedPage, width: int, scheme: str) -> None:
    person.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    person.set_viewport_size({"width": width, "height": 800})
    person.locator(".face").first.click()
    check_page(person, axe_script())
    person.goto(f"{served.address}/people")
    check_page(person, axe_script())
