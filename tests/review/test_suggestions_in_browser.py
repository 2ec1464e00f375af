"""Questions that are answered with one key each."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from familiar.store.store import Store
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


@pytest.fixture
def named_face(page: Page, served: ServedPage) -> Iterator[int]:
    """A face of no group, whose photo has the name of somebody on Flickr: the page asks about it."""
    with served.library() as library:
        library.clusters.name(1, "Barack Obama")
        face = library.clusters.faces(3)[0]
        library.clusters.take_out(3, [face.id])
    with Store(served.household.state / "familiar.db") as store:
        store._db.conn.execute(
            "INSERT INTO flickr_photos (id, secret, media, state, updated, uploaded, walk, photo_id, tags) "
            "VALUES ('9', 's', 'photo', 'done', 0, 0, 1, ?, 'barackobama')",
            (face.photo_id,),
        )
    page.goto(f"{served.address}/suggestions")
    page.wait_for_selector("main[data-ready]")
    yield face.id
    with Store(served.household.state / "familiar.db") as store:
        store._db.conn.execute("DELETE FROM flickr_photos")


@pytest.mark.parametrize(("key", "is_theirs"), [("y", True), ("n", False)])
def test_a_face_whose_photo_has_a_name_on_flickr_is_asked_about_first_and_answered_with_one_key(
    page: Page, served: ServedPage, named_face: int, key: str, is_theirs: bool
) -> None:
    asked = page.locator(".question:not([hidden])")
    expect(asked.locator("h2")).to_have_text("Is this Barack Obama?")
    expect(asked.get_by_text("1 photo has this name on Flickr.")).to_be_visible()
    check_page(page, axe_script())
    page.keyboard.press(key)
    sent(page)
    with served.library() as library:
        assert [one.face for one in library.clusters.suggestions() if one.face is not None] == []
        (name,) = [one.name for one in library.faces.photo_of(named_face).faces if one.id == named_face]
        assert name == ("Barack Obama" if is_theirs else None)


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
