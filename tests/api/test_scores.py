"""`Library.scores` and `Library.write_scores`: how near photos come to a person."""

from pathlib import Path

import numpy as np
import pytest

from conftest import put
from familiar import Library
from familiar.errors import FamiliarError, UsageError
from support.household import Household
from support.qualities import rate


@pytest.fixture
def pictures(tmp_path: Path, obama: Path, couple: Path, meadow: Path) -> Path:
    """A folder with two photos of Obama, one of them in a folder below, a meadow, and a file that is no photo."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    put(obama, folder)
    put(couple, folder / "below")
    put(meadow, folder)
    (folder / "broken.jpg").write_bytes(b"no photo")
    return folder


def test_scores_are_an_array_with_a_path_for_each(opened: Library, album: Path) -> None:
    found = opened.scores("barack obama")
    assert (found.scores.shape, str(found.scores.dtype), len(found)) == ((5,), "float64", 5)
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    score = dict(zip(found.paths, found.scores.tolist(), strict=True))
    assert score[album / "2019" / "obama.jpg"] == pytest.approx(1)
    assert score[album / "2020" / "couple.jpg"] > 0.65 > score[album / "2020" / "biden.jpg"]
    assert album / "2019" / "meadow.png" not in score
    statistics = found.statistics()
    assert statistics.count == 5
    assert statistics.mean == pytest.approx(found.scores.mean())
    assert found.percentile(50) == statistics.median == pytest.approx(float(np.median(found.scores)))


def test_photos_within_bounds_come_best_first_and_make_a_list_that_can_be_copied(
    opened: Library, album: Path, tmp_path: Path
) -> None:
    best = opened.scores("Barack Obama").between(min_score=0.65)
    assert (best.paths[0], len(best)) == (album / "2019" / "obama.jpg", 3)
    assert (np.diff(best.scores) <= 0).all()
    best.write_list(tmp_path / "best.txt")
    copied = opened.copy(tmp_path / "best.txt", tmp_path / "best")
    assert [step.target for step in copied.steps] == [tmp_path / "best" / path.name for path in best.paths]


def test_scores_are_written_into_folders_and_read_again(opened: Library, pictures: Path) -> None:
    written = opened.write_scores(pictures, "barack obama", recursive=True)
    assert written.person == "Barack Obama"
    assert set(written.scores) == {pictures / "obama.jpg", pictures / "below" / "couple.jpg"}
    assert written.files[-1] == pictures / "all_similarity_scores.txt"
    assert set(written.files[:-1]) == {folder / "similarity_scores.txt" for folder in (pictures, pictures / "below")}
    assert (written.without_face, written.older) == (1, ())
    assert [(one.path, one.reason) for one in written.failed] == [
        (pictures / "broken.jpg", "not a picture in a known format")
    ]
    for source in (pictures, pictures / "all_similarity_scores.txt"):
        read = opened.scores(source=source)
        assert dict(zip(read.paths, read.scores.tolist(), strict=True)) == written.scores


def test_a_photo_has_the_score_of_its_best_face_that_is_good_enough(
    opened: Library, own: Household, album: Path, pictures: Path
) -> None:
    rate(own, {"couple.jpg": [0.2, 0.9], "obama.jpg": [0.3], "obama2.jpg": [0.6], "biden.jpg": [0.9]})
    every, good = opened.scores("Barack Obama"), opened.scores("Barack Obama", min_quality=0.5)
    assert album / "2019" / "obama.jpg" not in good.paths
    score = {
        where: dict(zip(found.paths, found.scores, strict=True)) for where, found in (("every", every), ("good", good))
    }
    obama2, couple = album / "2019" / "obama2.jpg", album / "2020" / "couple.jpg"
    assert score["good"][obama2] == score["every"][obama2]
    assert score["good"][couple] < 0.65 < score["every"][couple]
    written = opened.write_scores(pictures, "Barack Obama", recursive=True, min_quality=0.5)
    assert ([path.name for path in written.scores], written.without_face) == (["couple.jpg"], 2)


def test_what_was_written_before_beside_photos_that_are_not_scored_now_is_named(
    opened: Library, pictures: Path
) -> None:
    opened.write_scores(pictures, "Barack Obama", recursive=True)
    (pictures / "below" / "couple.jpg").unlink()
    older = opened.write_scores(pictures, "Barack Obama", recursive=True).older
    assert older == (pictures / "below" / "similarity_scores.txt",)


def test_scores_that_can_not_be_had_are_errors(opened: Library, meadow: Path, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("no scores")
    faceless = tmp_path / "faceless"
    faceless.mkdir()
    put(meadow, faceless)
    for kind, complaint, ask in (
        (UsageError, "Give either a file or folder with scores, or --person", opened.scores),
        (
            UsageError,
            "Give either a file or folder with scores, or --person",
            lambda: opened.scores("Joe Biden", source=tmp_path),
        ),
        (UsageError, "'Eve'", lambda: opened.scores("Eve")),
        (UsageError, "no such file or folder", lambda: opened.scores(source=tmp_path / "nothing.txt")),
        (UsageError, "diary.txt:1: 'no scores'", lambda: opened.scores(source=tmp_path / "diary.txt")),
        (UsageError, "no such folder", lambda: opened.write_scores(tmp_path / "nothing", "Joe Biden")),
        (UsageError, "'Eve'", lambda: opened.write_scores(faceless, "Eve")),
        (FamiliarError, "no face", lambda: opened.write_scores(faceless, "Joe Biden")),
        (UsageError, "min-quality is 2; it must be from 0 to 1", lambda: opened.scores("Joe Biden", min_quality=2)),
        (
            UsageError,
            "min-quality is -1; it must be from 0 to 1",
            lambda: opened.write_scores(faceless, "Joe Biden", min_quality=-1),
        ),
        (
            UsageError,
            "--min-quality requires --person: a file of scores has no faces",
            lambda: opened.scores(source=tmp_path / "diary.txt", min_quality=0.5),
        ),
        (UsageError, "percentile 101", lambda: opened.scores("Joe Biden").between(min_percentile=101)),
        (UsageError, "score nan", lambda: opened.scores("Joe Biden").between(max_score=float("nan"))),
        (UsageError, "No score can satisfy", lambda: opened.scores("Joe Biden").between(min_score=1, max_score=0)),
    ):
        with pytest.raises(kind, match=complaint):
            ask()
    assert [path.name for path in faceless.iterdir()] == ["meadow.png"]


def test_where_no_face_is_good_enough_nothing_is_scored_and_nothing_written(
    opened: Library, own: Household, pictures: Path
) -> None:
    names = ("obama.jpg", "obama2.jpg", "biden.jpg", "astronaut.jpg")
    rate(own, {"couple.jpg": [0.1, 0.1], **{name: [0.1] for name in names}})
    with pytest.raises(FamiliarError, match=r"No known photo has a face with a quality of at least 0.5; lower --min-q"):
        opened.scores("Barack Obama", min_quality=0.5)
    with pytest.raises(FamiliarError, match=r"no face with a quality of at least 0.5 found in 2 photos; nothing was"):
        opened.write_scores(pictures, "Barack Obama", min_quality=0.5)
    assert not list(pictures.rglob("*scores.txt"))


def test_where_no_photo_with_a_face_is_known_there_are_no_scores(household: Household, tmp_path: Path) -> None:
    np.save(tmp_path / "ann.npy", np.full(128, 0.01))
    with household.library() as library:
        library.people.import_embeddings("Ann", tmp_path / "ann.npy")
        with pytest.raises(FamiliarError, match="No known photo has a face; scan photos first: familiar scan"):
            library.scores("Ann")
