"""Whatever stands in a file, it is read or refused with its place, and nothing else happens."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.errors import ConfigurationError, Problem
from familiar.rules.language import read_rules
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


def is_read_or_refused(text: str) -> None:
    file = Path("some.yaml")
    for read in (lambda: read_settings(file, text), lambda: read_rules(file, text, home=Path("/home/eileen"))):
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
