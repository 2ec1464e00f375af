"""The documents: what is generated is up to date, and what they lead to is there."""

import re
from pathlib import Path

import pytest

from familiar.settings import Settings
from generate import documents, filled
from settings_pages import section_of

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
GENERATED = documents()


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def test_there_are_pages() -> None:
    assert {"README.md", "docs/architecture.md", "docs/decisions/README.md"} < set(map(name_of, PAGES))


@pytest.mark.parametrize("page", GENERATED, ids=name_of)
def test_what_is_generated_is_up_to_date(page: Path) -> None:
    assert page.read_text() == GENERATED[page], "write it anew: uv run python docs/generate.py"


def test_each_setting_has_a_meaning() -> None:
    without = []
    for name, field in Settings.model_fields.items():
        section = section_of(field)
        inner = {name: field} if section is None else section.model_fields
        without += [(name, key) for key, setting in inner.items() if not setting.description]
    assert without == []


def test_what_is_written_by_hand_stays_as_it_is() -> None:
    page = "before\n<!-- generated: one -->\nold\n<!-- end -->\nbetween\n<!-- generated: two -->\n<!-- end -->\nafter\n"
    whole = filled(page, {"one": "1", "two": "2"})
    assert whole.split("\n") == [
        *("before", "<!-- generated: one -->", "", "1", "", "<!-- end -->", "between"),
        *("<!-- generated: two -->", "", "2", "", "<!-- end -->", "after", ""),
    ]
    assert filled(whole, {"one": "1", "two": "2"}) == whole


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    wrong = []
    for link in re.findall(r"\]\(((?!https?:)[^)\s]+)\)", page.read_text()):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (heading and heading not in anchors(target)):
            wrong.append(link)
    assert wrong == []


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_test_that_a_page_names_is_there(page: Path) -> None:
    assert set(re.findall(r"`(test_\w+)`", page.read_text())) - TESTS == set()


TESTS = {
    name
    for path in Path(__file__).parent.rglob("test_*.py")
    for name in re.findall(r"def (test_\w+)", path.read_text())
}


@pytest.mark.parametrize("page", ["docs/safety.md", "docs/architecture.md", "SECURITY.md"])
def test_what_pages_promise_is_tested(page: str) -> None:
    assert len(set(re.findall(r"`(test_\w+)`", (REPOSITORY / page).read_text()))) > 15


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_file_of_the_project_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(r"`((?:daemon|docs|tests|config|systemd|\.ci)/[\w./-]+)`", page.read_text()))
    assert [path for path in sorted(named) if not (REPOSITORY / path).exists()] == []


def test_the_decisions_are_all_listed() -> None:
    folder = REPOSITORY / "docs" / "decisions"
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (folder / "README.md").read_text()))
    assert linked == {path.name for path in folder.glob("*.md")} - {"README.md"}
