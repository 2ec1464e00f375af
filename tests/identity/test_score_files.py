import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.identity.score_files import read_list, read_scores, write_list, write_scores

PATHS = (
    st.binary(min_size=1, max_size=30)
    .filter(lambda raw: b"\0" not in raw)
    .map(lambda raw: "/" + raw.decode("utf-8", "surrogateescape"))
)
SCORES = st.floats(0, 1)


@given(st.dictionaries(PATHS, SCORES, max_size=5))
def test_scores_come_back_with_all_their_digits_whatever_is_in_the_paths(scores: dict[str, float]) -> None:
    assert read_scores(write_scores(scores)) == (scores, ())


@given(st.lists(PATHS, unique=True, max_size=5))
def test_a_list_comes_back_whatever_is_in_the_paths(paths: list[str]) -> None:
    assert read_list(write_list(paths)) == paths


def test_a_line_is_the_path_a_colon_and_the_score_in_the_order_of_paths() -> None:
    assert write_scores({"/b:c/x.jpg": 0.7, "/a/y.jpg": 1 / 3}) == b"/a/y.jpg: 0.3333333333333333\n/b:c/x.jpg: 0.7\n"


def test_a_path_with_a_line_break_is_written_as_checksum_tools_do() -> None:
    assert write_list(["/a\nb\\c.jpg"]) == b"\\/a\\nb\\\\c.jpg\n"


def test_files_of_other_tools_are_read() -> None:
    old = "\ufeffphotos/10:30: start.jpg: 0.61\r\nC:\\photos\\b.jpg:0.5\r\n\r\n".encode()
    assert read_scores(old) == ({"photos/10:30: start.jpg": 0.61, "C:\\photos\\b.jpg": 0.5}, ())


def test_a_path_on_a_windows_server_is_read_and_listed_as_it_is() -> None:
    old = rb"\\srv\share\new.jpg: 0.25"
    path = r"\\srv\share\new.jpg"
    assert read_scores(old) == ({path: 0.25}, ())
    assert read_list(write_list([path])) == [path]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no score here", "it is not `path: score`"),
        ("/a.jpg: high", "it is not `path: score`"),
        ("/a.jpg: nan", "it is not `path: score`"),
        (": 0.5", "it is not `path: score`"),
        ("/a.jpg: 7", "the score is not between 0 and 1"),
        ("/a.jpg: -0.1", "the score is not between 0 and 1"),
    ],
)
def test_a_line_that_is_wrong_is_told_with_its_number(line: str, reason: str) -> None:
    scores, (bad,) = read_scores(f"/good.jpg: 0.5\n{line}\n".encode())
    assert (scores, bad.number, bad.text, bad.reason) == ({"/good.jpg": 0.5}, 2, line, reason)
