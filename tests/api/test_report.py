"""`Library.report`: one page about all photos."""

import asyncio
from pathlib import Path

import pytest

from familiar import Library
from familiar.errors import FamiliarError, UsageError


def test_a_report_tells_what_is_in_it_and_replaces_the_one_before(opened: Library, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    plain = opened.report(file, faces=False)
    assert (plain.file, plain.size) == (file, file.stat().st_size)
    written = opened.report(str(file))
    assert written.size == file.stat().st_size > plain.size
    totals = written.figures.totals
    assert (totals.photos, totals.faces, totals.recognised, totals.people, totals.without_faces) == (6, 6, 5, 2, 1)
    assert [(person.name, person.photos, person.references) for person in written.figures.people] == [
        ("Barack Obama", 3, 1),
        ("Joe Biden", 2, 1),
    ]
    assert written.figures.created.tzinfo is not None
    assert 0.6 < written.figures.threshold < 0.8
    assert {source.name: source.photos for source in written.figures.sources} == {"album": 6}
    assert file.read_text().startswith("<!DOCTYPE html>")


def test_no_more_people_are_shown_than_asked_for(opened: Library, tmp_path: Path) -> None:
    few = opened.report(tmp_path / "few.html", people=1, faces=False).figures
    assert ([person.name for person in few.people], few.more_people) == (["Barack Obama"], 1)
    none = opened.report(tmp_path / "none.html", people=0, faces=False).figures
    assert (none.people, none.more_people) == ((), 2)
    with pytest.raises(UsageError, match="The option people is -1; it must be at least 0"):
        opened.report(tmp_path / "wrong.html", people=-1)


def test_another_file_is_replaced_only_if_that_is_asked_for(opened: Library, tmp_path: Path) -> None:
    file = tmp_path / "letter.html"
    file.write_text("Dear Eileen")
    with pytest.raises(UsageError, match=r"letter.html already exists"):
        opened.report(file, faces=False)
    assert file.read_text() == "Dear Eileen"
    assert opened.report(file, faces=False, replace=True).size == file.stat().st_size


def test_a_file_that_can_not_be_written_is_an_error(opened: Library, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FamiliarError, match="can't be written: Not a directory"):
        opened.report(tmp_path / "file" / "report.html", faces=False)
    with pytest.raises(UsageError, match="is a folder; give a file in it"):
        opened.report(tmp_path)


def test_a_report_with_faces_is_written_where_an_event_loop_runs(opened: Library, tmp_path: Path) -> None:
    async def cell() -> int:
        return opened.report(tmp_path / "report.html").size

    assert asyncio.run(cell()) > 10_000
