"""What is going on, live, and with its undo."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from support.household import Household
from support.review_page import ServedPage, Visitor, axe_script, check_page, names, sent, serving


def test_the_page_shows_what_was_done_and_undoes_it(page: Page, served: ServedPage) -> None:
    with served.library() as library:
        library.clusters.name(1, "Barack Obama")
    page.goto(f"{served.address}/activity")
    page.wait_for_selector("main[data-ready]")
    expect(page.get_by_text("No daemon is running")).to_be_visible()
    check_page(page, axe_script())
    page.get_by_role("button", name="Undo: group 1 (5 faces) is Barack Obama").click()
    sent(page)
    expect(page.get_by_text("undone already").first).to_be_visible()
    assert names(served)[1] == "unnamed"


def test_what_others_decide_is_shown_within_two_seconds(open_page: Callable[[], Page], served: ServedPage) -> None:
    one, other = open_page(), open_page()
    one.bring_to_front()
    with served.library() as library:
        library.clusters.name(1, "Barack Obama")
        library.clusters.take_out(2, [library.clusters.faces(2)[0].id])
    begin = time.monotonic()
    expect(one.locator("#group-1 .answer")).to_contain_text("It is Barack Obama now.", timeout=10_000)
    expect(one.locator("#group-2 .choose")).to_contain_text("3 faces")
    assert time.monotonic() - begin < 10  # two seconds where nothing else is running
    other.locator("#group-3").get_by_role("button", name="Ignore").click()
    sent(other)
    expect(one.locator("#group-3 .answer")).to_contain_text("It is ignored now.", timeout=10_000)


def test_a_card_in_which_somebody_types_stays_as_it_is(page: Page, served: ServedPage) -> None:
    page.locator("#group-1 input[role=combobox]").fill("Ba")
    with served.library() as library:
        library.clusters.ignore(1)
        library.clusters.ignore(2)
    expect(page.locator("#group-2 .answer")).to_contain_text("It is ignored now.", timeout=10_000)
    assert page.locator("#group-1 input[role=combobox]").input_value() == "Ba"


def test_changes_are_told_as_events_as_long_as_somebody_listens(served: ServedPage, visitor: Visitor) -> None:
    with visitor.session.get(f"{served.address}/live", stream=True, timeout=20) as answer:
        lines = answer.iter_lines(decode_unicode=True)
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert next(lines) == "retry: 2000"
        with served.library() as library:
            library.clusters.ignore(3)
        assert next(line for line in lines if line) == "event: changed"


def test_a_server_with_a_listener_ends_at_once(strangers: Household) -> None:
    with serving(strangers) as page:
        visitor = page.logged_in()
        answer = visitor.session.get(f"{page.address}/live", stream=True, timeout=20)
        assert next(answer.iter_lines()) == b"retry: 2000"
        begin = time.monotonic()
    assert time.monotonic() - begin < 10
    answer.close()


def test_operations_on_files_are_undone_by_the_page(strangers: Household, served: ServedPage, visitor: Visitor) -> None:
    target = strangers.base / "copies"
    with served.library() as library:
        photo = strangers.base / "album" / "couple.jpg"
        copied = library.copy([photo], target)
        operation = copied.steps[0].id
    made = visitor.change(what="undo", operations=[operation])
    assert (made.status_code, made.json()["said"]) == (200, "1 operation undone")
    assert not (target / "couple.jpg").exists()
    again = visitor.change(what="undo", operations=[operation])
    assert (again.status_code, again.json()["kind"]) == (422, "refused")
    both = visitor.change(what="undo", operations=[operation], events=[1])
    assert both.status_code == 400
    other = visitor.change(what="ignore", groups={"1": "x"}, operations=[operation])
    assert (other.status_code, "only undone" in other.json()["said"]) == (400, True)


def test_versions_of_groups_are_given_as_long_as_they_wait(visitor: Visitor, served: ServedPage) -> None:
    with served.library() as library:
        seen = {str(row.id): row.version for row in library.clusters.waiting()}
        assert visitor.get("/groups/versions?ids=1,2,3,999,x").json() == seen
        library.clusters.ignore(1)
    assert set(visitor.get("/groups/versions?ids=1,2").json()) == {"2"}
    assert visitor.get("/groups/versions").json() == {}


def up_to_date(visitor: Visitor, path: str = "/activity") -> str:
    """Return the page when it shows all that has happened: it counts no more often than it can."""
    for _ in range(100):
        shown = visitor.get(path).text
        if "data-old" not in shown:
            return shown
        time.sleep(0.05)
    raise AssertionError("the page stays old")


def test_a_file_that_was_set_aside_is_tried_again_by_the_next_scan(tmp_path: Path, astronaut: Path) -> None:
    home = Household(base=tmp_path)
    odd = home.inbox / os.fsdecode(b"odd \xff.jpg")
    odd.write_bytes(b"no picture")
    (home.inbox / "other.jpg").write_bytes(b"no picture, either")
    home.scan()
    with serving(home) as page:
        visitor = page.logged_in()
        shown = up_to_date(visitor)
        assert shown.count("not a picture in a known format") == 2
        (file,) = re.findall(r'data-again="([^"]+%FF[^"]*)"', shown)
        made = visitor.change(what="try again", files=[file])
        assert (made.status_code, made.json()["said"]) == (200, "1 file waiting for another try")
        assert up_to_date(visitor).count("not a picture in a known format") == 1
        twice = visitor.change(what="try again", files=[file])
        assert twice.status_code == 422
        assert "was not set aside, or is waiting to be handled again already" in twice.json()["said"]
        assert visitor.change(what="try again", files=["/nowhere.jpg"]).status_code == 422
        assert visitor.change(what="try again").json()["said"] == "1 file waiting for another try"
        assert visitor.change(what="try again").json()["said"] == "0 files waiting for another try"
    assert home.json("status")["files"] == {"pending": 2}


def test_more_of_what_was_done_is_shown_when_asked_for(served: ServedPage, visitor: Visitor) -> None:
    with served.library() as library:
        for _ in range(45):
            library.clusters.ignore(3)
            library.clusters.undo()
    shown = up_to_date(visitor)
    assert shown.count("group 3</a> (2 faces) is ignored") == 40
    assert 'href="/activity?entries=200"' in shown
    assert up_to_date(visitor, "/activity?entries=200").count("group 3</a> (2 faces) is ignored") >= 45
    assert visitor.get("/activity?entries=x").status_code == 200


def test_a_part_of_the_page_that_changes_leaves_the_focus_where_it_is(page: Page, served: ServedPage) -> None:
    with served.library() as library:
        library.clusters.name(1, "Barack Obama")
        page.goto(f"{served.address}/activity")
        page.wait_for_selector("main[data-ready]")
        expect(page.locator("[data-page]:not([data-old])")).to_be_visible(timeout=10_000)
        page.get_by_role("button", name="Undo: group 1 (5 faces) is Barack Obama").focus()
        library.clusters.ignore(2)
    expect(page.get_by_role("button", name="Undo: group 2 (4 faces) is ignored")).to_be_visible(timeout=10_000)
    expect(page.get_by_role("button", name="Undo: group 1 (5 faces) is Barack Obama")).to_be_focused()
    page.keyboard.press("Enter")
    sent(page)
    assert names(served)[1] == "unnamed"
