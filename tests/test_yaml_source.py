"""Whatever stands in a file, it is read or refused with its place, and nothing else happens."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.errors import ConfigurationError, Problem
from familiar.rules.language import read_rules
from familiar.rules.planning import Rules
from familiar.settings import read_settings

WORDS = (
    *("rules", "name", "when", "then", "person", "score", "distance", "face", "faces", "taken", "from", "to", "all"),
    *("any", "not", "min", "max", "move", "copy", "link", "crop", "stop", "size", "format", "kind", "path", "source"),
    *("folders", "settle", "vision", "workers", "log", "level", "matching", "include", "/a/", "~/{person}/", "{"),
)
SCALARS = (
    st.sampled_from(WORDS)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.datetimes(timezones=st.just(dt.UTC) | st.none())
    | st.text(max_size=5)
    | st.binary(max_size=3)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | SCALARS, inner, max_size=4),
    max_leaves=12,
)


def problems_of(read: Callable[[], object]) -> tuple[Problem, ...]:
    try:
        read()
    except ConfigurationError as error:
        return error.problems
    return ()


def read_rules_at_home(file: Path, text: str) -> Rules:
    return read_rules(file, text, home=Path("/home/eileen"))


def is_read_or_refused(text: str) -> None:
    file = Path("some.yaml")
    for read in (lambda: read_settings(file, text), lambda: read_rules_at_home(file, text)):
        problems = problems_of(read)
        assert all(problem.line >= 1 and problem.message for problem in problems)


@given(tree=TREES)
@settings(deadline=None, max_examples=300)
def test_any_tree_of_values_is_read_or_refused(tree: Any) -> None:
    is_read_or_refused(yaml.safe_dump(tree))


@given(when=TREES, then=TREES)
@settings(deadline=None, max_examples=300)
def test_any_rule_is_read_or_refused(when: Any, then: Any) -> None:
    is_read_or_refused(yaml.safe_dump({"rules": [{"name": "a", "when": when, "then": [then]}]}))


@given(text=st.text(alphabet="{}[]:,-&*!|>'\"#%@? \n\tab1.~", max_size=40))
@settings(deadline=None, max_examples=300)
def test_any_text_is_read_or_refused(text: str) -> None:
    is_read_or_refused(text)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0x" + "f" * 5000, "a number of 5002 characters is too long; 100 are allowed"),
        ("0" + "7" * 5000, "a number of 5001 characters is too long; 100 are allowed"),
        ("0b" + "1" * 20_000, "a number of 20002 characters is too long; 100 are allowed"),
        ("9" * 5000, "a number of 5000 characters is too long; 100 are allowed"),
        ("1" + ":59" * 3000, "a number of 9001 characters is too long; 100 are allowed"),
        ("9" * 400 + ".0", "a number of 402 characters is too long; 100 are allowed"),
        ("!!timestamp soon", "'soon' is wrong; a date such as 2026-05-31 would be right"),
        ("!!bool maybe", "'maybe' is wrong; true or false would be right"),
        ("!!int ''", "'' is wrong; a whole number would be right"),
        ("2026-02-30", "'2026-02-30' is wrong; a date such as 2026-05-31 would be right"),
    ],
)
def test_a_value_that_python_can_not_read_is_named_with_its_place(value: str, message: str) -> None:
    file = Path("some.yaml")
    for read, text, key in (
        (read_settings, f"settle: {value}", "settle"),
        (read_settings, f"vision:\n  workers: {value}", "vision.workers"),
        (read_settings, f"folders: [{value}]", "folders[0]"),
        (read_rules_at_home, f"rules: [{{name: {value}, then: [stop]}}]", "rules[0].name"),
        (read_rules_at_home, f"rules: [{{name: a, when: {{faces: {value}}}, then: [stop]}}]", "rules[0].when.faces"),
    ):
        (problem,) = problems_of(lambda read=read, text=text: read(file, text))  # type: ignore[misc]
        assert (problem.key, problem.line) == (key, text.count("\n") + 1)
        assert problem.message.startswith(message)


def test_a_key_that_is_a_huge_number_is_not_known() -> None:
    (problem,) = problems_of(lambda: read_settings(Path("some.yaml"), f"? {'9' * 5000}\n: 1"))
    assert problem.message.startswith("unknown key '9999")


def test_a_key_that_is_no_text_is_named_with_its_place() -> None:
    (problem,) = problems_of(lambda: read_settings(Path("some.yaml"), "settle: 2\n? [a, b]\n: 1"))
    assert (problem.line, problem.message) == (2, "a list or a mapping is not a valid key; a text would be right")
