"""What a person does with groups, in a browser, mostly with the keyboard alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from support.review_page import ServedPage, axe_script, check_page, enter_name, names, sent


def test_groups_are_named_one_after_the_other_without_leaving_the_keyboard(page: Page, served: ServedPage) -> None:
    page.keyboard.press("ArrowDown")
    page.keyboard.press("n")
    page.keyboard.type("Barack Obama")
    expect(page.get_by_role("option", name="Create “Barack Obama”?")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("Joe Biden")
    page.keyboard.press("Enter")
    page.keyboard.type("obama")
    expect(page.get_by_role("option").first).to_have_text(re.compile("Barack Obama"))
    page.keyboard.press("Escape")
    sent(page)
    assert names(served) == {1: "Barack Obama", 2: "Joe Biden", 3: "unnamed"}
    expect(page.locator("#group-1 .answer b")).to_have_text("Barack Obama")


def test_enter_on_the_beginning_of_a_known_name_makes_no_new_person(page: Page, served: ServedPage) -> None:
    with served.library() as library:
        library.clusters.name(2, "Manuel")
    page.reload()
    page.locator("#group-1 input[role=combobox]").fill("man")
    expect(page.get_by_role("option")).to_have_text([re.compile("Manuel"), "Create “man”?"])
    page.keyboard.press("Escape")
    page.locator("#group-3 input[role=combobox]").fill("el")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    sent(page)
    assert names(served) == {1: "unnamed", 2: "Manuel", 3: "Manuel"}


def test_nobody_is_created_before_all_people_are_known(page: Page, served: ServedPage) -> None:
    with served.library() as library:
        library.clusters.name(2, "Manuel")
    waiting: list[Route] = []
    page.route("**/people/names", lambda route: waiting.append(route))  # noqa: PLW0108 - Playwright takes no method of a list
    page.reload()
    page.locator("#group-3 input[role=combobox]").fill("man")
    page.keyboard.press("Enter")
    expect(page.get_by_role("option")).to_have_count(0)
    for route in waiting:
        route.continue_()
    expect(page.get_by_role("option").first).to_have_text(re.compile("Manuel"))
    assert names(served)[3] == "unnamed"


def test_the_most_similar_people_are_offered_before_anything_is_typed(page: Page, served: ServedPage) -> None:
    with served.library() as library:
        library.clusters.name(1, "Barack Obama")
        library.clusters.name(2, "Joe Biden")
    page.reload()
    page.locator("#group-3 input[role=combobox]").focus()
    expect(page.get_by_role("option")).to_have_count(2)
    expect(page.get_by_role("option").first).to_have_text(re.compile("looks most alike"))
    chosen = page.get_by_role("option").nth(1).text_content()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    sent(page)
    assert names(served)[3] == chosen


def test_several_groups_are_chosen_and_named_at_once_and_one_undo_takes_it_back(page: Page, served: ServedPage) -> None:
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    page.locator("#group-3 .choose input").check()
    expect(page.get_by_role("region", name="Chosen groups")).to_contain_text("2 groups, 7 faces")
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Chosen groups")).to_be_hidden()
    page.locator("#group-1 .choose input").check()
    page.locator("#group-3 .choose input").check()
    page.keyboard.press("n")
    page.keyboard.type("Somebody")
    enter_name(page)
    sent(page)
    assert names(served) == {1: "Somebody", 2: "unnamed", 3: "Somebody"}
    page.keyboard.press("Control+z")
    expect(page.locator(".note")).to_have_text("Undone: 7 faces: Somebody")
    expect(page.locator("#group-1")).not_to_have_class(re.compile("is-answered"))
    assert names(served) == {1: "unnamed", 2: "unnamed", 3: "unnamed"}


def test_groups_are_merged_and_the_merged_group_can_be_named(page: Page, served: ServedPage) -> None:
    page.locator("#group-1 .choose input").check()
    page.locator("#group-3 .choose input").check()
    page.keyboard.press("m")
    expect(page.locator("#group-1 .choose")).to_contain_text("7 faces")
    expect(page.locator("#group-3 .answer")).to_contain_text("In one group now")
    page.locator("#group-1 input[role=combobox]").fill("Twins")
    enter_name(page)
    sent(page)
    assert names(served) == {1: "Twins", 2: "unnamed"}


def test_what_is_answered_stays_in_its_place_and_is_undone_there(page: Page, served: ServedPage) -> None:
    before = page.locator("#group-2").bounding_box()
    page.locator("#group-1").get_by_role("button", name="Ignore").click()
    page.locator("#group-3").get_by_role("button", name="Later").click()
    expect(page.locator("#group-1 .answer")).to_contain_text("Ignored")
    assert page.locator("#group-2").bounding_box() == before
    sent(page)
    assert names(served)[1] == "ignored"
    page.locator("#group-1").get_by_role("button", name="Undo").click()
    expect(page.locator("#group-1 .answer")).to_be_hidden()
    assert names(served)[1] == "unnamed"
    page.locator("#group-3").get_by_role("button", name="Undo").click()
    expect(page.locator("#group-3 .answer")).to_be_hidden()


def test_what_is_not_sent_yet_is_undone_before_what_was_done_before_it(page: Page, served: ServedPage) -> None:
    page.locator("#group-1").get_by_role("button", name="Ignore").click()
    sent(page)
    waiting: list[Route] = []
    page.route("**/changes", lambda route: waiting.append(route))  # noqa: PLW0108 - Playwright takes no method of a list
    page.locator("#group-3").get_by_role("button", name="Ignore").click()
    page.keyboard.press("u")
    expect(page.locator("#group-3 .answer")).to_contain_text("Ignored")
    for route in waiting:
        route.continue_()
    page.unroute("**/changes")
    expect(page.locator("#group-3 .answer")).to_be_hidden()
    sent(page)
    assert names(served) == {1: "ignored", 2: "unnamed", 3: "unnamed"}
    page.keyboard.press("u")
    expect(page.locator("#group-1 .answer")).to_be_hidden()
    assert names(served)[1] == "unnamed"


def test_the_page_counts_the_groups_that_still_wait(page: Page) -> None:
    waiting = page.locator("[data-waiting]")
    expect(waiting).to_have_text("3 groups wait for a name, with 11 faces.")
    page.locator("#group-3").get_by_role("button", name="Ignore").click()
    expect(waiting).to_have_text("2 groups wait for a name, with 9 faces.")
    page.keyboard.press("u")
    expect(waiting).to_have_text("3 groups wait for a name, with 11 faces.")
    page.locator("#group-1 .choose input").check()
    page.locator("#group-3 .choose input").check()
    page.keyboard.press("m")
    expect(waiting).to_have_text("2 groups wait for a name, with 11 faces.")
    for group in (1, 2):
        page.locator(f"#group-{group}").get_by_role("button", name="Not a face").click()
    expect(waiting).to_have_text("No group waits for a name any more.")


def test_groups_are_shown_again_when_all_of_them_were_put_off(page: Page) -> None:
    for group in (1, 2, 3):
        with page.expect_response("**/later"):
            page.locator(f"#group-{group}").get_by_role("button", name="Later").click()
    page.reload()
    page.wait_for_selector("main[data-ready]")
    page.get_by_role("button", name="Show the groups that you put off").click()
    expect(page.locator(".group")).to_have_count(3)


def test_faces_are_taken_out_by_click_range_and_keyboard_before_the_name_is_given(
    page: Page, served: ServedPage
) -> None:
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Group 1")).to_be_visible()
    faces = page.locator(".face")
    expect(faces).to_have_count(5)
    faces.nth(0).click()
    faces.nth(2).click(modifiers=["Shift"])
    expect(page.get_by_role("region", name="Chosen faces")).to_contain_text("3 of 5 faces chosen")
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Chosen faces")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".face[aria-pressed=true]")).to_have_count(2)
    page.keyboard.press("n")
    page.keyboard.type("Barack Obama")
    enter_name(page)
    sent(page)
    with served.library() as library:
        assert library.clusters.find(1).faces == 3
    assert names(served)[1] == "Barack Obama"
    expect(page.get_by_role("heading", name="Group 2")).to_be_visible()  # it goes on with the next one


def test_faces_are_split_off_and_that_is_undone(page: Page, served: ServedPage) -> None:
    page.locator("#group-1 .mosaic").click()
    page.locator(".face").nth(1).click()
    page.keyboard.press("s")
    expect(page.locator(".face")).to_have_count(4)
    page.keyboard.press("u")
    expect(page.locator(".face")).to_have_count(5)
    assert names(served) == {1: "unnamed", 2: "unnamed", 3: "unnamed"}


def test_a_face_opens_its_photo_with_all_boxes_and_its_path(page: Page, served: ServedPage) -> None:
    with served.library() as library:
        faces = library.clusters.faces(2)
        couple = next(
            face
            for face, path in zip(faces, map(str, library.clusters.paths_of(faces).values()), strict=False)
            if "couple" in path
        )
    page.locator("#group-2 .mosaic").click()
    page.locator(f".face[data-face='{couple.id}']").focus()
    page.keyboard.press("Space")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="couple.jpg")).to_be_visible()
    expect(dialog.locator("rect")).to_have_count(2)
    expect(dialog.locator("rect.this")).to_have_count(1)
    expect(dialog.locator("code")).to_have_text(str(served.household.base / "album" / "couple.jpg"))
    page.wait_for_function("() => document.querySelector('dialog .frame img').naturalWidth > 300")
    page.keyboard.press("Space")
    page.wait_for_timeout(300)  # it is not shown again
    expect(dialog).to_be_hidden()


def test_two_faces_of_one_photo_are_named_only_if_that_is_meant(page: Page, served: ServedPage) -> None:
    for group in (1, 2):
        page.locator(f"#group-{group} .choose input").check()
    page.keyboard.press("n")
    page.keyboard.type("Both")
    enter_name(page)
    note = page.locator(".note.is-problem")
    expect(note).to_contain_text("couple.jpg shows two faces that would be one person.")
    assert names(served)[1] == "unnamed"
    note.get_by_role("button", name="Do it anyway").click()
    sent(page)
    expect(page.locator(".note:not(.is-problem)")).to_contain_text("9 faces: Both")
    assert names(served) == {1: "Both", 2: "Both", 3: "unnamed"}


def test_a_stale_tab_decides_nothing_and_shows_the_present_state(
    open_page: Callable[[], Page], context: BrowserContext, served: ServedPage
) -> None:
    context.route("**/live", lambda route: route.abort())  # else it would not be stale for long
    one, other = open_page(), open_page()
    one.locator("#group-1 input[role=combobox]").fill("Barack Obama")
    enter_name(one)
    sent(one)
    other.locator("#group-1 input[role=combobox]").fill("Joe Biden")
    enter_name(other)
    sent(other)
    expect(other.locator("#group-1 .answer")).to_contain_text("It is Barack Obama now.")
    expect(other.locator(".note.is-problem")).to_contain_text("This changed in the meantime")
    assert names(served)[1] == "Barack Obama"
    with served.library() as library:
        assert library.people.names() == ["Barack Obama"]


def test_what_could_not_be_sent_survives_a_reload_and_is_made_once(page: Page, served: ServedPage) -> None:
    page.route("**/changes", lambda route: route.abort())
    page.locator("#group-1").get_by_role("button", name="Ignore").click()
    expect(page.locator(".note.is-problem")).to_contain_text("The server does not answer")
    page.unroute("**/changes")
    page.reload()
    sent(page)
    assert names(served)[1] == "ignored"


def test_keys_of_a_single_letter_can_be_switched_off(page: Page, served: ServedPage) -> None:
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").get_by_label("Keys of a single letter").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("i")
    expect(page.locator(".is-answered")).to_have_count(0)
    assert names(served)[1] == "unnamed"


def test_a_name_that_is_refused_after_the_next_group_is_shown_is_there_again(page: Page) -> None:
    page.locator(".mosaic").first.click()
    field = page.locator("[data-page=group] .ask input")
    field.fill("any")
    enter_name(page)
    page.locator(".is-problem", has_text="is reserved in rules").get_by_role("button", name="Show it").click()
    expect(page.locator("[data-page=group][data-group='1'] .ask input")).to_have_value("any")


@pytest.mark.parametrize("width", [390, 1200])
def test_a_problem_is_told_once_clear_of_what_is_chosen_until_escape(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.locator(".mosaic").first.focus()
    for key in "xmm":
        page.keyboard.press(key)
    problem, chosen = page.locator(".is-problem"), page.locator(".chosen")
    expect(problem).to_have_text(re.compile("Choose at least two groups"))
    told, bar = problem.bounding_box(), chosen.bounding_box()
    assert told is not None
    assert bar is not None
    assert told["y"] + told["height"] <= bar["y"]
    page.keyboard.press("Escape")
    expect(problem).to_have_count(0)
    expect(chosen).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1200, "dark")])
def test_pages_are_accessible_and_nothing_overflows(
    browser: Browser, served: ServedPage, width: int, scheme: str
) -> None:
    with served.library() as library:
        face = library.clusters.faces(1)[0].id
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    if scheme == "light":
        page.goto(served.address)
        check_page(page, axe_script())
    page.goto(served.server.address)
    page.wait_for_selector("main[data-ready]")
    page.locator("#group-1 .choose input").check()
    page.locator("#group-2 input[role=combobox]").fill("ab")
    check_page(page, axe_script())
    for path in ("/groups/1", f"/faces/{face}"):
        page.goto(served.address + path)
        if path == "/groups/1":
            page.wait_for_selector("main[data-ready]")
            page.locator(".face").nth(1).click()
        check_page(page, axe_script())
    page.keyboard.press("?")
    check_page(page, axe_script())
    context.close()
