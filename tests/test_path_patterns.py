import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.path_patterns import compile_patterns, composed, doubt_about, escaped
from familiar.settings import FolderSettings
from familiar.sources.patterns import Patterns

CAFE = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
FORMS = [unicodedata.normalize(form, CAFE) for form in ("NFC", "NFD")]


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("[Private]", "[Private]", True),
        ("[Private]", "P", False),
        ("[0-9]?.jpg", "[0-9]1.jpg", True),
        ("[0-9]?.jpg", "11.jpg", False),
        ("a/*.jpg", "a/b.jpg", True),
        ("a/*.jpg", "a/b/c.jpg", False),
        ("a/**/*.jpg", "a/b/c.jpg", True),
        ("a/**/*.jpg", "a/c.jpg", True),
        ("a/**", "a/b/c.jpg", True),
        ("?.jpg", "/.jpg", False),
        ("*", "line\nbreak", True),
        ("a.jpg", "aXjpg", False),
        ("{a,b}", "{a,b}", True),
        (r"\*.jpg", "*.jpg", True),
        (r"\*.jpg", "a.jpg", False),
        (r"a\\b\?", r"a\b?", True),
        (r"a\b", r"a\b", True),
    ],
)
def test_a_pattern_has_three_signs_and_all_else_is_literal(pattern: str, path: str, fits: bool) -> None:
    assert (compile_patterns([pattern]).fullmatch(path) is not None) is fits


@given(name=st.text(alphabet=st.characters(exclude_characters="*?/\\", exclude_categories=["Cs"]), min_size=1))
def test_a_name_without_signs_fits_itself_in_each_form(name: str) -> None:
    for form in ("NFC", "NFD"):
        pattern = compile_patterns([unicodedata.normalize(form, name)])
        assert pattern.fullmatch(composed(unicodedata.normalize("NFC", name)))
        assert pattern.fullmatch(composed(unicodedata.normalize("NFD", name)))


@given(
    name=st.text(alphabet=st.characters(exclude_characters="/", exclude_categories=["Cs"]) | st.sampled_from("*?[]\\"))
)
def test_only_a_name_itself_fits_its_own_pattern(name: str) -> None:
    pattern = compile_patterns([escaped(name)])
    assert pattern.fullmatch(composed(name))
    assert not pattern.fullmatch(composed(name + "x"))


def test_patterns_are_the_same_in_each_form_of_unicode_and_with_brackets_for_folders() -> None:
    root = Path("/photos")
    for pattern in FORMS:
        for name in FORMS:
            by_name = Patterns(FolderSettings(path=root, exclude=(pattern.upper(), f"x/{pattern}/**")))
            assert not by_name.takes(root / name / "a.jpg")
            assert not by_name.takes(root / "x" / name / "a.jpg")
            assert Patterns(FolderSettings(path=root, include=(f"{pattern}*",))).takes(root / f"{name}.jpg")
    brackets = Patterns(FolderSettings(path=root, exclude=("[Private]", "Old/")))
    assert not brackets.takes(root / "[private]" / "a.jpg")
    assert brackets.takes(root / "P" / "a.jpg")
    assert not brackets.takes(root / "old" / "a.jpg")


@pytest.mark.parametrize("text", ["IMG_[0-9]*.jpg", "[a-z]", "a/[!x]b", "[^ab]"])
def test_what_is_a_set_of_characters_elsewhere_is_warned_of(text: str) -> None:
    doubt = doubt_about(text)
    assert doubt is not None
    assert doubt.startswith(f"{text!r}: [")
    assert doubt.endswith("is not a set of characters as in a shell; use ? for any character, or a list of patterns")


@pytest.mark.parametrize("text", ["[Private]", "*.jpg", "[2019] Trip", "a [b", "[]"])
def test_names_with_brackets_are_not_warned_of(text: str) -> None:
    assert doubt_about(text) is None
