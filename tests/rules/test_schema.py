"""The schema says of a file what reading it says, as far as a schema can."""

import copy
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from familiar.errors import ConfigurationError
from familiar.rules.language import read_rules, rules_schema

REPOSITORY = Path(__file__).parents[2]
SCHEMA = Draft202012Validator(rules_schema())

GOOD = """
rules:
  - name: all that there is
    when:
      person: [Ann, Bob]
      score: {min: 0.6, max: 0.9}
      distance: {max: 0.5}
      percentile: {min: 90}
      face: {min_size: 80, max_size: 900, min_sharpness: 30, min_quality: 0.5}
      faces: 3
      kind: photo
      source: scans
      visibility: [friends, family]
      media: photo
      tags: [holiday, "people:name=Ann"]
      album: ["Sea *", none]
      path: ["~/Pictures/**", "**/a?.jpg"]
      taken: {from: 2026-06-01, to: 2026-08-31 12:00:00, source: [camera, file]}
      all: [{faces: {min: 1, max: 4}}, {person: any}]
      any: [{not: {kind: video}}]
      not: {person: unknown}
    then:
      - move: ~/a/{person}/{taken:%Y/%m|undated}/
      - copy: /srv/{stem}-{score:.2f}{suffix}
      - link: ~/links/
      - link: {to: "/srv/{name}", kind: hard}
      - crop: /srv/faces/{person}.png
      - crop: {to: ~/faces/, margin: 0.2, size: 64, min_size: 10, min_quality: 0.3, format: webp}
      - tag: "people:name={person}"
      - stop
  - name: another
    then: [stop]
"""
TREE = yaml.safe_load(GOOD)

VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 7, 0.5, 2_000_000, "", "x", "any", "soon", "a\tb", "/", "~", "~/", "/x", "/{name}", "//x/"),
    *("~ann/", "~{person}/", "{person}/", "/a/../b/", "/a/{persn}/", "/a/{taken:%Q}/", "/a/{score:x}", "/a/{{x}}/"),
    *("/a/{", "/a/{person!r}/", "/a/{taken:%Y/%m}", "/{taken:%Y/%m}", "~/a.jpg", "~/{name}", "jpg", "hard", "stop"),
    *([], ["x"], [1], [[]], {}, {"min": 0.1}, {"max": 2}, {"to": "/a/"}, {"persn": "x"}, {"stop": "stop"}),
    *({"move": "/a/"}, {"move": "/a/", "copy": "/b/"}, {"kind": "photo"}, {"not": {}}),
)
"""What is put in the place of good values; some of it is good in some places."""

BEYOND = re.compile(r"is above|later than|already|not moved|relative to|out of range|is empty in|limit of Flickr")
"""Mistakes that are none of one value by itself, or that need more than a schema."""


def places(tree: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, inner in items:
        yield (*way, key)
        yield from places(inner, (*way, key))


PLACES = list(places(TREE))


def changed(way: tuple[str | int, ...], value: Any, key: str | None) -> Any:
    """Return the good tree with one value replaced; the key of the value is replaced, too, if there is one."""
    tree = copy.deepcopy(TREE)
    inner = tree
    for step in way[:-1]:
        inner = inner[step]
    if key is not None and isinstance(inner, dict):
        inner[key] = inner.pop(way[-1])
    else:
        inner[way[-1]] = value
    return tree


def as_json(tree: Any) -> Any:
    """Return what an editor sees: dates are texts."""
    match tree:
        case dict():
            return {key: as_json(inner) for key, inner in tree.items()}
        case list():
            return [as_json(inner) for inner in tree]
        case dt.date():
            return tree.isoformat()
        case _:
            return tree


def problems(tree: Any) -> str:
    try:
        read_rules(Path("rules.yaml"), yaml.safe_dump(tree), home=Path("/home/eileen"))
    except ConfigurationError as error:
        return str(error)
    return ""


def snippets() -> Iterator[str]:
    for page in (*REPOSITORY.glob("docs/*.md"), REPOSITORY / "README.md"):
        for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL):
            if block.startswith("rules:\n"):
                yield block
    yield (REPOSITORY / "config" / "rules.yaml").read_text()


def test_there_are_examples() -> None:
    assert len(list(snippets())) >= 5


@pytest.mark.parametrize("text", [*snippets(), GOOD, "rules: []", "rules:"])
def test_the_schema_takes_every_example(text: str) -> None:
    SCHEMA.validate(as_json(yaml.safe_load(text)))
    assert problems(yaml.safe_load(text)) == ""


@given(
    way=st.sampled_from(PLACES),
    value=st.sampled_from(VALUES),
    key=st.none() | st.sampled_from(["persn", "min", "to", "move", "not", "name"]),
)
@settings(deadline=None, max_examples=100)
def test_the_schema_refuses_what_reading_refuses_and_takes_the_rest(
    way: tuple[str | int, ...], value: Any, key: str | None
) -> None:
    tree = changed(way, value, key)
    found = problems(tree)
    assume(not BEYOND.search(found))
    assert SCHEMA.is_valid(as_json(tree)) == (found == ""), found


def test_the_schema_says_to_a_person_what_each_key_is() -> None:
    definitions = rules_schema()["$defs"]
    assert definitions["MoveAction"]["description"].startswith("Move the photo")
    for name in ("When", "FaceBounds"):
        assert all(field.get("description") for field in definitions[name]["properties"].values()), name
