"""Whatever stands in rules and settings: the message about it is short and can be printed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from familiar.errors import ConfigurationError
from familiar.rules.conditions import When
from familiar.rules.language import read_rules
from familiar.settings import Settings, read_settings

FILE = Path("/config/file.yaml")

NUMBERS = st.one_of(
    st.integers(1, 5000).map(lambda digits: "9" * digits),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from([".inf", "-.inf", ".nan", "1e999", "0x" + "f" * 99, "1:2:3", "200%", "-0", "1_000"]),
    st.sampled_from(["2026-13-45", "9999-12-31", "99999-01-01", "0001-01-01", "2026-05-31 24:61:00+99:00"]),
)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=30).map(json.dumps)
OTHERS = st.sampled_from(
    ['"' + "x" * 100_000 + '"', "~", "[]", "{}", "[[[[]]]]", "!!binary aGVsbG8=", "*a", '"{taken:%Y"']
)
VALUES = NUMBERS | TEXTS | OTHERS
AROUND = st.sampled_from(["@", "[@]", "{min: @, to: @}"])
"""Forms of a value, whose place is @."""


def settings_below(model: Any, way: str = "@") -> Iterator[str]:
    """Return each setting as YAML."""
    for name, field in model.model_fields.items():
        inner = way.replace("@", f"{{{name}: @}}")
        yield inner
        if hasattr(field.annotation, "model_fields"):
            yield from settings_below(field.annotation, inner)


ACTIONS = ("move", "copy", "link", "crop", "tag")
RULES = [
    *(f"rules: [{{name: a, when: {{{field}: @}}, then: [stop]}}]" for field in When.model_fields),
    *(f"rules: [{{name: a, then: [{{{action}: @}}]}}]" for action in ACTIONS),
    *("rules: [{name: @, then: [stop]}]", "rules: [{name: a, @: 1}]", "rules: @", "@", "@: 1"),
]
SETTINGS = [
    *settings_below(Settings),
    *(f"folders: [{{path: /x, {key}: @}}]" for key in ("path", "include", "exclude", "polling", "name")),
    "@: 1",
]


def problems_of(read: Callable[[str], object], text: str) -> list[str]:
    try:
        read(text)
    except ConfigurationError as error:
        return [str(problem) for problem in error.problems]
    return []


def check(read: Callable[[str], object], text: str) -> None:
    for problem in problems_of(read, text):
        assert len(problem) < 2200
        problem.encode("utf-8", "surrogatepass")


@given(rules=st.sampled_from(RULES), around=AROUND, value=VALUES)
@example(rules=RULES[0], around="@", value="9" * 5000)
@settings(max_examples=400, deadline=None)
def test_a_message_about_rules_is_short_whatever_is_in_them(rules: str, around: str, value: str) -> None:
    text = rules.replace("@", around).replace("@", value)
    check(lambda source: read_rules(FILE, source, home=Path("/home/ann")), text)


@given(setting=st.sampled_from(SETTINGS), around=AROUND, value=VALUES)
@example(setting=SETTINGS[0], around="@", value="9" * 5000)
@settings(max_examples=400, deadline=None)
def test_a_message_about_settings_is_short_whatever_is_in_them(setting: str, around: str, value: str) -> None:
    text = setting.replace("@", around).replace("@", value)
    check(lambda source: read_settings(FILE, source), text)


@pytest.mark.parametrize("path", ["/x\\0", "/x/\\ud800"])
def test_a_path_that_no_file_can_have_is_wrong(path: str) -> None:
    (problem,) = problems_of(lambda source: read_settings(FILE, source), f'folders: [{{path: "{path}"}}]')
    assert problem.endswith("is wrong; a text without control characters would be right")


def test_a_path_of_other_bytes_than_utf_8_is_right() -> None:
    found = read_settings(FILE, 'folders: [{path: "/x/\\udcff"}]')
    assert bytes(found.folders[0].path) == b"/x/\xff"
