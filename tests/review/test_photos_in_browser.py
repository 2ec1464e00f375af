"""Photos by month, and single ones with their faces, in a browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from benchmarks.large_library import LargeLibrary
from familiar.store.store import STORE_NAME
from support.household import Household
from support.review_page import ServedPage, axe_script, check_page, sent, serving

_ALL_SHOWN = """() => {
    const months = [...document.querySelectorAll(".month")];
    const isWhole = (one) => one.querySelectorAll(".tile").length === Number(one.dataset.photos);
    return months.length > 0 && months.every(isWhole);
}"""


@pytest.fixture
def photos(page: Page, served: ServedPage) -> Page:
    """The timeline, after Obama and Biden were named."""
    with served.library() as library:
        library.clusters.name(1, "Barack Obama")
        library.clusters.name(2, "Joe Biden")
    show(page, served)
    return page


def show(page: Page, served: ServedPage, query: str = "") -> None:
    page.goto(f"{served.address}/photos{query}")
    page.wait_for_selector("main[data-ready] .blocks")


def months(page: Page) -> dict[str, int]:
    """Return the headings of the months with the photos below each, as soon as all of them are there."""
    page.wait_for_function(_ALL_SHOWN)
    sections = page.locator(".month")
    return {
        re.sub(r"\s+\S+$", "", section.locator("h2").inner_text()): section.locator(".tile").count()
        for section in sections.all()
    }


def open_far(page: Page) -> None:
    """Open the photo in which no face was found."""
    page.locator(".tile[aria-label^='far.png']").click()
    expect(page.locator("dialog .frame img")).to_have_js_property("complete", True, timeout=30_000)


def test_photos_are_shown_by_month_the_newest_first(photos: Page) -> None:
    assert months(photos) == {"January 2013": 3, "August 2009": 4, "Without a date": 4}
    expect(photos.locator("[data-total]")).to_have_text("11 photos")
    expect(photos.locator(".rail a")).to_have_text(["2013", "2009", "No date"])
    for image in photos.locator(".tile img").all():
        image.scroll_into_view_if_needed()
        expect(image).not_to_have_js_property("naturalWidth", 0)


def test_months_that_do_not_fill_a_row_stand_beside_each_other(photos: Page) -> None:
    months(photos)
    tops = photos.evaluate("[...document.querySelectorAll('.month')].map((one) => one.getBoundingClientRect().top)")
    assert tops[0] == tops[1] < tops[2]
    photos.locator(".tile").first.focus()
    photos.keyboard.press("ArrowDown")  # to the month below, not to that beside it
    expect(photos.locator(".month").nth(2).locator(".tile").first).to_be_focused()
    photos.set_viewport_size({"width": 390, "height": 800})
    photos.wait_for_function(
        """() => {
            const tops = [...document.querySelectorAll(".month")].map((one) => one.getBoundingClientRect().top);
            return tops[0] < tops[1] && tops[1] < tops[2];
        }"""
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?person=Barack+Obama", {"August 2009": 4, "Without a date": 1}),
        ("?person=Barack+Obama&person=joe+biden", {"Without a date": 1}),
        ("?person=Barack+Obama&which=only", {"August 2009": 4}),
        ("?unknown=1", {"Without a date": 2}),
        ("?year=2013&kind=photo", {"January 2013": 3}),
    ],
)
def test_photos_are_filtered(photos: Page, served: ServedPage, query: str, found: dict[str, int]) -> None:
    show(photos, served, query)
    assert months(photos) == found


def test_a_filter_is_chosen_in_the_form(photos: Page) -> None:
    photos.get_by_text("Choose", exact=True).click()
    photos.get_by_label("A person").fill("Joe Biden")
    photos.get_by_label("How many of these people").select_option("nobody else")
    with photos.expect_navigation():
        photos.get_by_role("button", name="Show").click()
    assert months(photos) == {"January 2013": 3}
    photos.get_by_role("textbox", name="Year").fill("soon")
    photos.evaluate("document.querySelector('.filter form').noValidate = true")
    photos.get_by_role("button", name="Show").click()
    expect(photos.get_by_text("year is 'soon'; it must be a number.")).to_be_visible()


def test_a_photo_shows_who_is_on_it_and_the_arrows_lead_to_the_next(photos: Page) -> None:
    photos.locator(".tile[aria-label*='couple']").click()
    dialog = photos.locator("dialog")
    expect(dialog.locator("svg text")).to_have_text(["Barack Obama", "Joe Biden"])
    expect(dialog.locator(".who-face")).to_have_count(2)
    expect(dialog.locator(".places")).to_have_text(re.compile("couple"))
    photos.keyboard.press("ArrowRight")
    expect(dialog.locator("h1")).not_to_have_text(re.compile("couple"))
    photos.keyboard.press("ArrowLeft")
    expect(dialog.locator("h1")).to_have_text(re.compile("couple"))
    photos.keyboard.press("Escape")
    expect(dialog.locator(".photo")).to_be_hidden()


def test_a_photo_has_its_room_before_it_is_there(photos: Page) -> None:
    held: list[Route] = []
    photos.route("**/photos/*.webp", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no method of a list
    photos.locator(".tile[aria-label^='far.png']").click()
    frame = photos.locator("dialog .frame")
    expect(frame).to_be_visible()
    before = frame.bounding_box()
    assert before is not None
    assert before["width"] / before["height"] == pytest.approx(3200 / 2400, abs=0.01)
    for route in held:
        route.continue_()
    expect(frame.locator("img")).not_to_have_js_property("naturalWidth", 0, timeout=30_000)
    assert frame.bounding_box() == before
    photos.unroute("**/photos/*.webp")


def test_a_face_on_a_photo_is_named_refused_and_that_is_undone(photos: Page, served: ServedPage) -> None:
    photos.locator(".tile[aria-label*='couple']").click()
    dialog = photos.locator("dialog")
    dialog.locator(".who-face").nth(1).click()
    dialog.get_by_role("button", name="Not Joe Biden").click()
    expect(dialog.locator("svg text")).to_have_text(["Barack Obama"])
    dialog.locator(".who-face").nth(1).click()
    dialog.get_by_role("combobox").fill("Eileen")
    expect(dialog.get_by_role("option").first).to_be_visible()
    photos.keyboard.press("ArrowUp")
    photos.keyboard.press("Enter")
    expect(dialog.locator("svg text")).to_have_text(["Barack Obama", "Eileen"])
    sent(photos)
    photos.keyboard.press("Control+z")
    expect(dialog.locator("svg text")).to_have_text(["Barack Obama"])


def test_a_box_is_drawn_around_a_missed_face_which_is_added_and_undone(photos: Page, served: ServedPage) -> None:
    open_far(photos)
    dialog = photos.locator("dialog")
    expect(dialog.locator(".who-face")).to_have_count(0)
    photos.keyboard.press("b")
    frame = dialog.locator("svg").bounding_box()
    assert frame is not None
    across, down = frame["width"] / 3200, frame["height"] / 2400
    photos.mouse.move(frame["x"] + 1570 * across, frame["y"] + 1220 * down)
    photos.mouse.down()
    photos.mouse.move(frame["x"] + 1650 * across, frame["y"] + 1310 * down, steps=3)
    photos.mouse.up()
    dialog.get_by_role("button", name="Add this face").click()
    expect(dialog.locator(".who-face")).to_have_count(1, timeout=30_000)
    expect(dialog.locator(".who-face[aria-pressed=true]")).to_have_count(1)
    with served.library() as library:
        (event, *_) = library.history(limit=1)
        assert event.what == "a face that was not found was added to a photo"
    photos.keyboard.press("Control+z")
    expect(dialog.locator(".who-face")).to_have_count(0)


def test_a_box_without_a_face_is_refused_by_keyboard_alone_with_the_reason(photos: Page) -> None:
    photos.locator(".tile[aria-label^='far.png']").focus()
    photos.keyboard.press(" ")
    dialog = photos.locator("dialog")
    expect(dialog.locator(".frame img")).to_have_js_property("complete", True, timeout=30_000)
    photos.keyboard.press("b")
    for _ in range(20):
        photos.keyboard.press("ArrowLeft")
    held: list[Route] = []
    photos.route("**/changes", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no method of a list
    for _ in range(2):
        photos.keyboard.press("Enter")
        expect(dialog.get_by_text("Looking for the face …")).to_be_visible()
        expect(dialog.get_by_role("button", name="Add this face")).to_be_disabled()
    for route in held:
        route.continue_()
    reason = dialog.locator(".is-problem", has_text="No face can be aligned in this box")
    expect(reason).to_be_visible(timeout=30_000)
    photos.unroute("**/changes")
    reason.get_by_role("button", name="Close").click(trial=True)  # nothing is in front of it
    expect(dialog.get_by_text("Looking for the face …")).to_be_hidden()
    photos.keyboard.press("Escape")  # leaves the box
    expect(dialog.locator("rect.drawn")).to_have_count(0)
    photos.keyboard.press("Escape")  # closes the note
    expect(reason).to_have_count(0)
    expect(dialog.locator(".photo")).to_be_visible()


def test_a_photo_that_is_gone_or_has_changed_says_so(photos: Page, served: ServedPage, strangers: Household) -> None:
    path = strangers.base / "album" / "far.png"
    content = path.read_bytes()
    away = Path(path.rename(strangers.base / "far.png"))
    try:
        open_far(photos)
        expect(photos.locator("dialog .places")).to_have_text(re.compile("is gone"))
        path.write_bytes(content + b"\0")
        photos.keyboard.press("Escape")
        open_far(photos)
        expect(photos.locator("dialog .places")).to_have_text(re.compile("has changed since it was looked at"))
    finally:
        away.rename(path)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1200, "dark")])
def test_photos_are_accessible(photos: Page, served: ServedPage, width: int, scheme: str) -> None:
    photos.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    photos.set_viewport_size({"width": width, "height": 800})
    show(photos, served, "?person=Barack+Obama&which=any")
    expect(photos.locator(".block:empty")).to_have_count(0)
    check_page(photos, axe_script())
    photos.set_viewport_size({"width": width, "height": 800})
    photos.locator(".tile").first.click()
    photos.locator("dialog .who-face").first.click()
    photos.keyboard.press("b")
    check_page(photos, axe_script())
    photos.locator(".tile").first.evaluate("tile => location.assign(tile.href)")
    photos.wait_for_selector("main[data-ready] .photo")
    check_page(photos, axe_script())


def test_of_very_many_photos_only_those_that_are_near_are_in_the_page(browser: Browser, tmp_path: Path) -> None:
    home = Household(base=tmp_path)
    home.state.mkdir(parents=True, exist_ok=True)
    LargeLibrary(photos=6000, faces=3000, groups=9, people=5).make(home.state / STORE_NAME)
    with serving(home) as served:
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(served.server.address)
        page.goto(f"{served.address}/photos")
        expect(page.locator("[data-total]")).to_have_text(re.compile(r"5\s9\d\d photos"))
        page.wait_for_selector(".block .tile")
        assert page.locator(".tile").count() < 1000
        page.get_by_role("link", name="2010", exact=True).click()
        expect(page.locator(".month[data-month^='2010'] .tile").first).to_be_visible()
        assert page.locator(".tile").count() < 1000
        assert page.evaluate("scrollY") > 5000
        page.close()
