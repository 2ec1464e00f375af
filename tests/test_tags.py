import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.tags import TagError, clean_tag, quoted, raw_tag


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Jane Doe", "janedoe"),
        ("  JANE   doe ", "janedoe"),
        ("O'Neill, Jr.", "oneilljr"),
        ("Ana-María", "anamaría"),
        ("people:name=Jane Doe", "people:name=janedoe"),
        ("People:Name=Jane Doe", "people:name=janedoe"),
        ("people:name=", "peoplename"),
        ("10:30 = late", "1030late"),
        ("party 🎉", "party🎉"),
        ("ジョン・スミス", "ジョン・スミス"),
        ("ジョン　スミス", "ジョンスミス"),
        ("L’Été – fini!", "l’été–fini"),
        ("snake_case", "snakecase"),
    ],
)
def test_the_cleaned_form_has_neither_case_nor_spaces_nor_punctuation_of_ascii(raw: str, clean: str) -> None:
    assert clean_tag(raw) == clean


def test_the_halves_of_a_character_are_joined() -> None:
    assert raw_tag("Jane \ud83c\udf37") == "Jane 🌷"


def test_a_tag_is_sent_in_quotes_and_without_quotes_of_its_own() -> None:
    assert quoted(raw_tag('Jane "JJ" Doe,\nsenior')) == '"Jane JJ Doe, senior"'
    assert quoted(raw_tag("“Jane”")) == '"Jane"'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("?!", "the tag '?!' is empty"),
        ("a" * 300, "has 300 char"),
        ("\ud83c Jane", "the tag '\\ud83c Jane' has an incomplete character"),
    ],
)
def test_what_can_be_no_tag_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(TagError, match=re.escape(reason)):
        raw_tag(text)


@given(st.text(max_size=100))
def test_a_tag_stays_as_it_is_when_it_is_made_ready_twice(text: str) -> None:
    try:
        raw = raw_tag(text)
    except TagError:
        return
    assert raw_tag(raw) == raw
    assert '"' not in raw
    assert clean_tag(raw) == clean_tag(raw.upper().lower()) or not raw.isascii()
