"""One cleaning of file names, for targets of rules, folders of people and crops; and one numbering."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.file_names import LONGEST, clean_name, number_name, shorten_name

BYTES = b"\xff\xfe".decode("utf-8", "surrogateescape")


def size_of(name: str) -> int:
    return len(name.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(
    ("text", "here", "everywhere"),
    [
        ("Eileen Collins", "Eileen Collins", "Eileen Collins"),
        ("AC/DC", "AC_DC", "AC_DC"),
        ("a\\b\tc", "a_b_c", "a_b_c"),
        ("what? <1>: *", "what? <1>: *", "what_ _1__ _"),
        ("../../etc", "___.._etc", "___.._etc"),
        (".hidden", "_hidden", "_hidden"),
        ("Dr. No.", "Dr. No", "Dr. No_"),
        ("so. ", "so", "so_"),
        ("...", "_", "___"),
        ("  ", "_", "_"),
        ("", "_", "_"),
        (f"IMG{BYTES}", f"IMG{BYTES}", "IMG\ufffd\ufffd"),
    ],
)
def test_a_text_becomes_a_name_here_and_one_for_all_file_systems(text: str, here: str, everywhere: str) -> None:
    assert (clean_name(text), clean_name(text, portable=True)) == (here, everywhere)


@given(text=st.text(), portable=st.booleans(), longest=st.none() | st.integers(8, 300))
def test_no_text_leads_elsewhere_or_hides_or_is_too_long(text: str, portable: bool, longest: int | None) -> None:
    name = clean_name(text, portable=portable, longest=longest)
    assert Path("/top", name).parts == ("/", "top", name)
    assert not name.startswith(".")
    assert "\0" not in name
    assert longest is None or size_of(name) <= longest
    assert not portable or clean_name(name, portable=True, longest=longest) == name


@pytest.mark.parametrize(
    ("name", "longest", "shortened"),
    [
        ("short.jpg", 9, "short.jpg"),
        ("longer.jpg", 9, "longe.jpg"),
        ("éééé.jpg", 9, "éé.jpg"),
        ("one two.jpg", 8, "one.jpg"),
        ("a.longer-than-a-suffix", 9, "a.longer-"),
        (f"a{BYTES}bcd.jpg", 8, f"a{BYTES}b.jpg"),
    ],
)
def test_a_name_that_is_too_long_keeps_its_suffix_and_whole_characters(name: str, longest: int, shortened: str) -> None:
    assert shorten_name(name, longest=longest) == shortened


@pytest.mark.parametrize(
    ("name", "number", "numbered"),
    [
        ("face-000123.jpg", 2, "face-000123 (2).jpg"),
        ("archive.tar.gz", 12, "archive.tar (12).gz"),
        ("no suffix", 2, "no suffix (2)"),
        (f"{BYTES}.jpg", 2, f"{BYTES} (2).jpg"),
        ("é" * 125 + ".jpg", 2, "é" * 123 + " (2).jpg"),
    ],
)
def test_a_number_stands_before_the_suffix(name: str, number: int, numbered: str) -> None:
    assert number_name(name, number) == numbered
    assert size_of(numbered) <= LONGEST


def test_signs_that_turn_a_name_around_are_replaced_and_no_joiner_is_left_at_the_end_of_a_cut_name() -> None:
    assert clean_name("\u202egpj.exe\u2066") == "_gpj.exe_"
    assert clean_name("👩\u200d👧", longest=8) == "👩"
