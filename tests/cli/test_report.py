"""familiar report and familiar export, on photos of real people."""

import base64
import io
import os
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image

from conftest import put
from support.household import Household, command


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, obama: Path, biden: Path, couple: Path, meadow: Path) -> Household:
    """A state that has seen three photos of two people, one without, and a broken one; one person is registered."""
    household = Household(base=tmp_path_factory.mktemp("seen"))
    for photo in (obama, biden, couple, meadow):
        put(photo, household.inbox)
    (household.inbox / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    household.scan()
    household.ask("people", "add", "Barack <Obama>", household.inbox / "obama.jpg")
    return household


@pytest.fixture
def home(seen: Household, tmp_path: Path) -> Household:
    """A household of its own, with the state of the other; the photos are where they lay."""
    return Household.like(seen, tmp_path)


def faces_in(page: str) -> list[tuple[str, bytes]]:
    """Return the pictures of a page, with what they are said to show."""
    found = re.findall(r'<img src="data:image/webp;base64,([^"]+)"[^>]* alt="([^"]*)">', page)
    return [(name, base64.b64decode(picture)) for picture, name in found]


def test_a_report_shows_people_with_their_faces_and_is_replaced_by_the_next_one(home: Household) -> None:
    file = home.base / "report.html"
    said = home.ask("report", file).stdout
    assert said == f"{file} written; photos: 4, faces: 4, people: 1.\n"
    page = file.read_text()
    ((name, picture),) = faces_in(page)
    assert name == "Barack &lt;Obama&gt;"
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size) == ("WEBP", (112, 112))
    printed = home.json("report", "--no-faces", file)
    assert printed["bytes"] == file.stat().st_size < len(page)
    assert printed["totals"] == {
        "photos": 4,
        "videos": 0,
        "clips": 0,
        "faces": 4,
        "recognised": 2,
        "people": 1,
        "without_faces": 1,
        "set_aside": 1,
    }
    assert [(person["name"], person["photos"], person["references"]) for person in printed["people"]] == [
        ("Barack <Obama>", 2, 1)
    ]
    assert [path.name for path in home.base.iterdir() if path.is_file()] == ["report.html"]


def test_a_photo_that_is_gone_leaves_a_place_until_it_is_seen_elsewhere(home: Household, seen: Household) -> None:
    away = seen.base / "away"
    seen.inbox.rename(away)
    file = home.base / "report.html"
    try:
        home.ask("report", file)
        gone = file.read_text()
        home.ask("people", "add", "Barack <Obama>", away / "obama.jpg")
        home.ask("report", file)
    finally:
        away.rename(seen.inbox)
    assert faces_in(gone) == []
    assert 'aria-label="No picture: the photo is gone"' in gone
    assert len(faces_in(file.read_text())) == 1


def test_another_file_is_replaced_only_by_force(home: Household) -> None:
    file = home.base / "letter.html"
    file.write_text("Dear Eileen")
    refused = home.ask("report", "--no-faces", file, check=False)
    complaint = "letter.html already exists; choose another file, or replace it with --force."
    assert (refused.returncode, complaint in refused.stderr) == (2, True)
    assert file.read_text() == "Dear Eileen"
    home.ask("report", "--no-faces", "--force", file)
    assert "<title>Photos and faces" in file.read_text()


def wait_for_children(pid: int) -> None:
    """Wait until one of the threads of a process has started another process."""
    deadline = time.monotonic() + 60
    while not any(children.read_text() for children in Path("/proc", str(pid), "task").glob("*/children")):
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("there", [False, True])
def test_a_file_that_takes_the_name_of_a_report_while_it_is_made_is_not_replaced(home: Household, there: bool) -> None:
    file = home.base / "report.html"
    if there:
        home.ask("report", "--no-faces", file)
    process = subprocess.Popen(
        command("report", file), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=home.whole_environment()
    )
    with process:
        wait_for_children(process.pid)
        file.write_text("mine")
        _, said = process.communicate(timeout=60)
    assert (process.returncode, file.read_text()) == (1, "mine"), said
    assert said.decode().splitlines()[-1] == f"error: {file}: can't be written: File exists."


def test_only_files_are_replaced_even_with_force(home: Household) -> None:
    for odd, complaint in ((home.base, "is a folder; give a file in it."), (Path(os.devnull), "is not a regular file")):
        refused = home.ask("report", odd, "--force", check=False)
        assert (refused.returncode, complaint in refused.stderr) == (2, True), refused.stderr


def test_tables_are_written_to_files_or_to_standard_output(home: Household) -> None:
    file = home.base / "faces.parquet"
    assert home.ask("export", "faces", "--embeddings", "--out", file).stdout == f"{file}: 4 faces written.\n"
    assert home.json("export", "photos", "--out", home.base / "photos.csv") == {
        "file": str(home.base / "photos.csv"),
        "format": "csv",
        "rows": 5,
    }
    header, *rows = home.ask("export", "matches").stdout.splitlines()
    assert header.startswith("face,photo,hash,person,nearest")
    assert len(rows) == 4


def test_a_table_that_is_there_is_replaced_only_by_force(home: Household) -> None:
    file = home.base / "photos.csv"
    file.write_text("mine")
    refused = home.ask("export", "photos", "--out", file, check=False)
    assert (refused.returncode, "already exists" in refused.stderr, file.read_text()) == (2, True, "mine")
    home.ask("export", "photos", "--out", file, "--force")
    assert file.read_text().startswith("id,hash,")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("photos", "--embeddings"), "--embeddings applies to faces only; photos have no embeddings."),
        (("photos", "--json"), "--json requires --out; use --format jsonl to write the rows as JSON."),
    ],
)
def test_what_can_not_be_exported_is_said(home: Household, arguments: tuple[str, ...], complaint: str) -> None:
    result = home.ask("export", *arguments, check=False)
    assert result.returncode == 2
    assert complaint in result.stdout + result.stderr


def test_a_reader_that_closes_the_pipe_is_not_an_error(home: Household) -> None:
    script = f"{shlex.join(command('export', 'photos', '--format', 'jsonl'))} | head -c 1"
    result = subprocess.run(
        ["bash", "-c", script], env=home.whole_environment(), capture_output=True, text=True, check=True, timeout=60
    )
    assert (result.stdout, result.stderr) == ("{", "")
