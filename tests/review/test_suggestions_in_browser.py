"""Questions that are answered with one key each."""

import pytest
from playwright.sync_api import Page, expect

from support.review_page import ServedPage, axe_script, check_page, names, sent


@pytest.fixture
def questions(page: Page, served: ServedPage) -> Page:
    """The page with two questions: whether groups 1 and 2 are the people that some of their faces were named."""
    with served.library() as library:
        for group, name in ((1, "Barack Obama"), (2, "Joe Biden")):
            some = [face.id for face in library.clusters.faces(group)[:2]]
            library.clusters.name(library.clusters.gather(some).cluster, name)
    page.goto(f"{served.address}/suggestions")
    page.wait_for_selector("main[data-ready]")
    return page


def test_questions_are_answered_with_one_key_each_and_the_next_one_is_there_at_once(
    questions: Page, served: ServedPage
) -> None:
    asked = questions.locator(".question:not([hidden]) h2")
    first = asked.text_content() or ""
    group, person = (1, "Barack Obama") if "Obama" in first else (2, "Joe Biden")
    questions.keyboard.press("y")
    assert asked.text_content() != first  # without waiting
    questions.keyboard.press("n")
    expect(questions.get_by_text("There are no more questions now.")).to_be_visible()
    sent(questions)
    assert names(served)[group] == person
    with served.library() as library:
        assert library.clusters.suggestions() == []
        assert library.clusters.find(3 - group).name is None
    questions.reload()
    expect(questions.get_by_text("There are no more questions now.")).to_be_visible()  # what was refused stays away


def test_an_answer_is_undone_and_the_question_is_asked_again(questions: Page, served: ServedPage) -> None:
    asked = questions.locator(".question:not([hidden]) h2")
    first = asked.text_content() or ""
    questions.keyboard.press("n")
    sent(questions)
    questions.keyboard.press("Control+z")
    expect(asked).to_have_text(first)
    with served.library() as library:
        assert len(library.clusters.suggestions()) == 2


def test_what_nobody_knows_is_skipped_and_decides_nothing(questions: Page, served: ServedPage) -> None:
    before = names(served)
    questions.keyboard.press("Space")
    questions.get_by_role("button", name="Don’t know").click()
    expect(questions.get_by_text("There are no more questions now.")).to_be_visible()
    assert names(served) == before


def test_an_answer_about_a_group_that_has_changed_is_not_counted(questions: Page, served: ServedPage) -> None:
    group = int(questions.locator(".question:not([hidden])").get_attribute("data-group") or 0)
    with served.library() as library:
        library.clusters.take_out(group, [library.clusters.faces(group)[0].id])
    questions.keyboard.press("y")
    expect(questions.locator(".note")).to_contain_text("One answer came too late")
    assert names(served)[group] == "unnamed"


def test_groups_that_look_alike_are_made_one_or_told_apart(page: Page, served: ServedPage) -> None:
    visitor = served.logged_in()
    with served.library() as library:
        versions = {str(group): library.clusters.find(group).version for group in (1, 3)}
    told = visitor.change(what="tell apart", groups=versions)
    assert (told.status_code, told.json()["said"]) == (200, "Not the same person")
    refused = visitor.change(what="tell apart", groups={"1": versions["1"]})
    assert (refused.status_code, refused.json()["said"]) == (422, "Choose two groups.")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1200, "light")])
def test_questions_are_accessible(questions: Page, width: int, scheme: str, served: ServedPage) -> None:
    questions.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    questions.set_viewport_size({"width": width, "height": 800})
    check_page(questions, axe_script())
