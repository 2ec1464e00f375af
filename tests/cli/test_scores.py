"""familiar scores: write, count, filter, plot."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from conftest import put
from familiar.identity.score_files import read_scores
from familiar.store.store import Store
from support.household import Household
from support.people import add_person

OBAMA = ("--person", "Barack Obama")


@pytest.fixture
def album(library: Household) -> Iterator[Path]:
    """The album of the library; files of scores go afterwards."""
    folder = library.base / "album"
    yield folder
    for file in folder.rglob("*.txt"):
        file.unlink()


def scores_in(file: Path) -> dict[str, float]:
    scores, wrong = read_scores(file.read_bytes())
    assert wrong == ()
    return {Path(path).name: score for path, score in scores.items()}


def test_each_folder_gets_a_file_with_a_score_for_each_photo_with_a_face_and_one_file_has_all(
    library: Household, album: Path
) -> None:
    said = library.ask("scores", "write", *OBAMA, album, "--recursive").stdout
    assert said == (
        "Barack Obama: 5 photos scored, 1 without a face, 0 not readable; 3 files written, all scores in "
        f"{album}/all_similarity_scores.txt\n"
    )
    assert sorted(path.name for path in album.iterdir()) == ["2019", "2020", "all_similarity_scores.txt"]
    early, late = (scores_in(album / year / "similarity_scores.txt") for year in ("2019", "2020"))
    assert (set(early), set(late)) == ({"obama.jpg", "obama2.jpg"}, {"biden.jpg", "couple.jpg", "astronaut.jpg"})
    assert scores_in(album / "all_similarity_scores.txt") == early | late
    assert early["obama.jpg"] == pytest.approx(1)
    assert min(early["obama2.jpg"], late["couple.jpg"]) > 0.65 > late["biden.jpg"]
    line = (album / "2019" / "similarity_scores.txt").read_text().splitlines()[1]
    assert line == f"{album}/2019/obama2.jpg: {early['obama2.jpg']!r}"


def test_photos_that_did_not_change_are_not_even_read_again(
    household: Household, obama2: Path, obama: Path, tasks: list[str]
) -> None:
    household.ask("people", "add", "Barack Obama", obama)
    photo = put(obama2, household.inbox)
    (first,) = household.json("scores", "write", *OBAMA, household.inbox)["photos"]
    tasks.clear()
    assert household.json("scores", "write", *OBAMA, household.inbox)["photos"] == [first]
    assert tasks == []
    photo.touch()
    household.ask("scores", "write", *OBAMA, household.inbox)
    assert tasks == ["fingerprint"]


def test_without_a_face_the_files_that_can_not_be_used_are_told(
    household: Household, obama: Path, meadow: Path
) -> None:
    household.ask("people", "add", "Barack Obama", obama)
    put(meadow, household.inbox)
    broken = household.inbox / "broken.jpg"
    broken.write_bytes(b"no photo")
    result = household.ask("scores", "write", *OBAMA, household.inbox, check=False)
    assert result.stderr == (
        f"error: {household.inbox}: no face found in 1 photo; nothing was written. 1 file can't be used; the first is "
        f"{broken}: not a picture in a known format.\n"
    )


def test_a_file_of_scores_is_replaced_and_any_other_file_is_not(library: Household, album: Path) -> None:
    mine = album / "2019" / "similarity_scores.txt"
    mine.write_text("/old.jpg: 0.5\n")
    library.ask("scores", "write", *OBAMA, album / "2019")
    assert set(scores_in(mine)) == {"obama.jpg", "obama2.jpg"}
    mine.write_text("my diary\n")
    result = library.ask("scores", "write", *OBAMA, album / "2019", check=False)
    assert (result.returncode, mine.read_text()) == (2, "my diary\n")
    assert "similarity_scores.txt: already exists and is not a file of scores; it was not replaced." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--person", "Eve", "2019"), 2, "There is no person named 'Eve'; `familiar people list` shows the names."),
        ((*OBAMA, "nowhere"), 2, "nowhere: no such folder."),
        ((*OBAMA, "empty"), 2, "empty: no photos in this folder."),
        ((*OBAMA, "faceless"), 1, "faceless: no face found in 1 photo; nothing was written."),
        (("--person", "Nobody", "2019"), 2, "'Nobody' has no references of the current model"),
    ],
)
def test_where_there_is_nothing_to_score_it_is_said_and_nothing_is_written(
    library: Household, album: Path, meadow: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (album / "empty").mkdir(exist_ok=True)
    (album / "faceless").mkdir(exist_ok=True)
    put(meadow, album / "faceless", "field.png")
    with Store(library.state / "familiar.db") as store:
        add_person(store, "Nobody")
    result = library.ask("scores", "write", *arguments[:-1], album / arguments[-1], check=False)
    assert (result.returncode, message in result.stderr) == (code, True), result.stderr
    assert list(album.rglob("*.txt")) == []
    (album / "faceless" / "field.png").unlink()
    library.ask("people", "remove", "Nobody", "--yes")


def test_statistics_are_those_of_numpy_as_a_table_as_json_and_as_csv(library: Household, album: Path) -> None:
    library.ask("scores", "write", *OBAMA, album, "--recursive")
    values = np.array(list(scores_in(album / "all_similarity_scores.txt").values()))
    found = library.json("scores", "stats", album)
    assert found["count"] == 5
    assert (found["mean"], found["median"]) == pytest.approx((values.mean(), np.median(values)))
    assert found["standard_deviation"] == pytest.approx(values.std())
    assert [each["score"] for each in found["percentiles"]] == pytest.approx(np.percentile(values, range(101)).tolist())
    assert library.json("scores", "stats", *OBAMA) == found
    assert library.json("scores", "stats", album / "all_similarity_scores.txt") == found
    rows = list(csv.DictReader(io.StringIO(library.ask("scores", "stats", album, "--csv").stdout)))
    assert [float(row["score"]) for row in rows] == [each["score"] for each in found["percentiles"]]
    table = library.ask("scores", "stats", album).stdout
    assert "standard deviation" in table
    assert len(table.splitlines()) == 110


def test_photos_within_bounds_are_listed_the_best_first(library: Household, album: Path, tmp_path: Path) -> None:
    library.ask("scores", "write", *OBAMA, album, "--recursive")
    best = library.ask("scores", "filter", album, "--min-percentile", "75").stdout.splitlines()
    assert [Path(path).name for path in best] == ["obama.jpg", "couple.jpg"]
    middle = library.json("scores", "filter", *OBAMA, "--max-percentile", "75", "--min-score", "0.65")
    assert {Path(row["path"]).name for row in middle} == {"couple.jpg", "obama2.jpg"}
    out = tmp_path / "list.txt"
    said = library.ask("scores", "filter", album, "--min-percentile", "75", "--out", out).stdout
    assert (out.read_text().splitlines(), said) == (best, f"2 of 5 photos listed in {out}\n")
    again = library.ask("scores", "filter", album, "--out", out, check=False)
    assert (again.returncode, "already exists; choose another file, or replace it with --force" in again.stderr) == (
        2,
        True,
    )
    library.ask("scores", "filter", album, "--out", out, "--force")
    assert len(out.read_text().splitlines()) == 5


def test_an_empty_list_within_bounds_is_reported(household: Household, tmp_path: Path) -> None:
    (tmp_path / "scores.txt").write_text("/a.jpg: 0.5\n/b.jpg: 0.4\n")
    result = household.ask("scores", "filter", tmp_path / "scores.txt", "--min-score", "0.9")
    assert (result.stdout, result.stderr) == ("", "0 of 2 photos have scores within the bounds.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("filter", "album", "--min-percentile", "101"), "101.0 is not in the range 0<=x<=100"),
        (("filter", "album", "--min-score", "-1"), "-1.0 is not in the range 0<=x<=1"),
        (("filter", "album", "--min-score", "nan"), "nan is not a number."),
        (("filter", "album", "--min-percentile", "nan"), "nan is not a number."),
        (
            ("filter", *OBAMA, "--min-score", "0.9", "--max-score", "0.1"),
            "No score can satisfy these bounds: the minimum 0.9 is above the maximum 0.1.",
        ),
        (("stats",), "Give either a file or folder with scores, or --person for all known photos."),
        (("stats", "album", "--person", "Barack Obama"), "or --person for all known photos."),
        (("stats", "album"), "no similarity_scores.txt in this folder or its subfolders; create it with"),
        (("stats", "missing.txt"), "missing.txt: no such file or folder."),
        (("stats", "broken"), "similarity_scores.txt:2: 'no score': it is not `path: score`"),
        (("plot", "album", "--out", "plot.bmp"), "plot.bmp: the name of a plot must end in .png or .svg."),
    ],
)
def test_what_is_asked_for_wrongly_is_said_with_what_would_be_right(
    library: Household, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "similarity_scores.txt").write_text("/a.jpg: 0.5\nno score\n")
    places = {"album": library.base / "album", "missing.txt": tmp_path / "missing.txt", "broken": tmp_path / "broken"}
    result = library.ask("scores", *(places.get(each, each) for each in arguments), check=False)
    assert (result.returncode, message in result.stderr) == (2, True), result.stderr


def test_scores_are_drawn_as_a_picture_and_as_text(library: Household, tmp_path: Path) -> None:
    for name, begin in (("plot.png", b"\x89PNG"), ("plot.svg", b"<?xml")):
        library.ask("scores", "plot", *OBAMA, "--out", tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begin)
    text = library.ask("scores", "plot", *OBAMA).stdout
    assert ("█" in text, "P90" in text) == (True, True)
    numbers = library.json("scores", "plot", *OBAMA)
    assert (sum(numbers["photos"]), len(numbers["edges"])) == (5, len(numbers["photos"]) + 1)


def test_scores_of_an_earlier_time_are_told_and_left_as_they_are(library: Household, album: Path) -> None:
    (album / "2018").mkdir(exist_ok=True)
    older = album / "2018" / "similarity_scores.txt"
    older.write_text("/gone.jpg: 0.5\n")
    said = library.ask("scores", "write", *OBAMA, album, "--recursive").stdout.splitlines()
    assert said[1] == (
        f"note: {older} is from an earlier run and was left unchanged; this run scored no photo in that folder."
    )
    assert older.read_text() == "/gone.jpg: 0.5\n"


def test_the_file_of_all_scores_is_neither_that_of_a_folder_nor_a_link(library: Household, album: Path) -> None:
    own = album / "2019" / "similarity_scores.txt"
    result = library.ask("scores", "write", *OBAMA, album / "2019", "--out", own, check=False)
    assert (result.returncode, "is the score file of that folder alone" in result.stderr, own.exists()) == (
        2,
        True,
        False,
    )
    own.symlink_to(album / "2020" / "biden.jpg")
    result = library.ask("scores", "write", *OBAMA, album / "2019", check=False)
    assert (result.returncode, own.is_symlink()) == (2, True)
