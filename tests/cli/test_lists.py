"""familiar move, copy, link, collect, find --copy-to: photos put into folders by commands, and undone."""

import subprocess
import time
from pathlib import Path

import pytest

from conftest import put
from familiar.state import locked
from familiar.store.store import Store
from support.household import Household, command


@pytest.fixture
def photos(household: Household, obama: Path, biden: Path) -> list[Path]:
    """Two photos of the same name in two folders, and a list of them."""
    (household.inbox / "more").mkdir()
    return [put(obama, household.inbox, "a.jpg"), put(biden, household.inbox / "more", "a.jpg")]


def write_list(household: Household, *lines: object) -> Path:
    file = household.base / "list.txt"
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


@pytest.mark.parametrize("action", ["move", "copy", "link"])
def test_listed_photos_are_put_into_a_folder_and_all_of_it_is_taken_back_at_once(
    household: Household, photos: list[Path], action: str
) -> None:
    before = household.tree()
    contents = [photo.read_bytes() for photo in photos]
    times = [photo.stat().st_mtime_ns for photo in photos]
    said = household.ask(action, write_list(household, *photos), "--to", household.out).stdout
    assert said.splitlines()[-2:] == [
        f"2 {action if action != 'copy' else 'copi'}{'d' if action == 'move' else 'ed'}, 0 already there, 0 failed.",
        "To undo: familiar undo --last",
    ]
    placed = [household.out / "a.jpg", household.out / "a (2).jpg"]
    assert [photo.read_bytes() for photo in placed] == contents
    assert [photo.stat().st_mtime_ns for photo in placed] == times
    assert [photo.is_symlink() for photo in placed] == [action == "link"] * 2
    assert [photo.exists() for photo in photos] == [action != "move"] * 2
    household.ask("undo", "--last")
    assert household.tree() == before


def test_photos_that_are_already_there_are_not_put_there_again(household: Household, photos: list[Path]) -> None:
    listed = write_list(household, *photos)
    household.ask("copy", listed, "--to", household.out)
    before = household.tree()
    assert "0 copied, 2 already there, 0 failed." in household.ask("copy", listed, "--to", household.out).stdout
    listed = write_list(household, household.out / "a.jpg")
    assert "0 moved, 1 already there, 0 failed." in household.ask("move", listed, "--to", household.out).stdout
    assert household.tree() == before


def test_a_list_of_scores_or_from_standard_input_is_taken_as_well(household: Household, photos: list[Path]) -> None:
    given = f"{photos[0]}: 0.71\n"
    steps = household.ask("copy", "-", "--to", household.out, "--json", given=given)
    assert '"state": "done"' in steps.stdout
    assert list(household.tree(household.out)) == ["out/a.jpg"]


def test_where_a_listed_photo_is_gone_nothing_is_done_but_if_that_is_asked_for(
    household: Household, photos: list[Path]
) -> None:
    listed = write_list(household, *photos, household.inbox / "gone.jpg")
    before = household.tree()
    result = household.ask("move", listed, "--to", household.out, check=False)
    assert (result.returncode, household.tree()) == (1, before)
    assert f"{household.inbox}/gone.jpg: no longer exists" in result.stderr
    assert "1 of 3 files" in result.stderr
    household.ask("move", listed, "--to", household.out, "--ignore-missing")
    assert len(household.tree(household.out)) == 2


@pytest.mark.parametrize(
    ("content", "target", "message"),
    [
        ("", "out", "list.txt: contains no path; a list has one path a line."),
        ("/\n", "out", "list.txt: / is a folder; a list contains paths of photos."),
        (None, "out", "list.txt: can't be read: No such file or directory."),
        ("/\n", "list.txt", "list.txt is a file; give a folder."),
        (
            "~nobody-here/a.jpg\n",
            "out",
            "~nobody-here/a.jpg: no such home folder; start the path with / or ~/.",
        ),
        ("~nobody-here/a.jpg: 0.5\n", "out", "~nobody-here/a.jpg: no such home folder"),
    ],
)
def test_a_list_or_a_target_that_can_not_be_used_is_told(
    household: Household, content: str | None, target: str, message: str
) -> None:
    file = household.base / "list.txt"
    if content is not None:
        file.write_text(content)
    result = household.ask("move", file, "--to", household.base / target, check=False)
    assert (result.returncode, message in result.stderr) == (2, True), result.stderr


def test_a_name_that_no_file_can_have_counts_as_missing(household: Household, photos: list[Path]) -> None:
    listed = write_list(household, "/" + "x" * 300, photos[0])
    result = household.ask("copy", listed, "--to", household.out, check=False)
    assert (result.returncode, "1 of 2 files" in result.stderr) == (1, True)
    household.ask("copy", listed, "--to", household.out, "--ignore-missing")
    assert list(household.tree(household.out)) == ["out/a.jpg"]


@pytest.mark.parametrize("line", ["~/inbox/a.jpg", "~/inbox/a.jpg: 0.71"])
def test_a_listed_path_may_begin_with_the_home(household: Household, photos: list[Path], line: str) -> None:
    household.ask("move", write_list(household, line), "--to", "~/out")
    assert (photos[0].exists(), (household.out / "a.jpg").is_file()) == (False, True)


def test_what_fails_is_told_and_is_not_tried_again_behind_ones_back(household: Household, photos: list[Path]) -> None:
    nowhere = Path("/proc/out")
    result = household.ask("copy", write_list(household, *photos), "--to", nowhere, check=False)
    assert (result.returncode, "0 copied, 0 already there, 2 failed." in result.stdout) == (1, True)
    assert "failed: /proc/out: No such file or directory" in result.stdout
    with Store(household.state / "familiar.db") as store:
        assert store.journal.counts() == {"refused": 2}
        assert store.journal.open_plans(store.now().replace(year=9999)) == []


def test_listed_files_other_than_photos_are_also_moved(household: Household) -> None:
    notes = household.inbox / "notes.jpg"
    notes.write_text("my diary")
    household.ask("move", write_list(household, notes), "--to", household.out)
    assert household.tree(household.out) == {"out/notes.jpg": b"my diary"}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (("Barack Obama",), ["couple.jpg", "obama.jpg", "obama2.jpg"]),
        (("Barack Obama", "Joe Biden"), ["biden.jpg", "couple.jpg", "obama.jpg", "obama2.jpg"]),
        (("Barack Obama", "Joe Biden", "--all"), ["couple.jpg"]),
        (("Barack Obama", "--only"), ["obama.jpg", "obama2.jpg"]),
        (("Joe Biden", "Barack Obama", "--only", "--all"), ["couple.jpg"]),
    ],
)
def test_the_photos_of_people_are_collected(
    library: Household, tmp_path: Path, who: tuple[str, ...], expected: list[str]
) -> None:
    people = [each for name in who if not name.startswith("--") for each in ("--person", name)]
    options = [name for name in who if name.startswith("--")]
    arguments: tuple[str | Path, ...] = ("collect", *people, *options, "--to", tmp_path / "to", "--link")
    assert f"{len(expected)} linked, 0 already there" in library.ask(*arguments).stdout
    assert names(tmp_path / "to") == expected
    assert {link.readlink().parents[1] for link in (tmp_path / "to").iterdir()} == {library.base / "album"}
    assert f"0 linked, {len(expected)} already there" in library.ask(*arguments).stdout
    library.ask("undo", "--last")


def test_collecting_from_a_folder_looks_through_it_first(household: Household, obama: Path, obama2: Path) -> None:
    household.ask("people", "add", "Barack Obama", obama)
    put(obama2, household.inbox)
    collected = household.json("collect", "--person", "barack obama", household.inbox, "--to", household.out, "--move")
    assert [step["state"] for step in collected] == ["done"]
    assert household.tree() == {"out/obama2.jpg": obama2.read_bytes()}
    again = household.ask("collect", "--person", "barack obama", household.out, "--to", household.base / "b", "--move")
    assert "1 moved" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("album", "--to", "album/2019"), 2, "2019 is in {base}/album, that photos are read from"),
        (("album", "--to", "album"), 2, "album is the folder that photos are read from"),
        (("--person", "Eve", "--to", "x"), 2, "There is no person named 'Eve'"),
        (("--to", "x", "--move", "--link"), 2, "--move and --link can't be combined; give one of them."),
        (("--to", "x", "--any", "--all"), 2, "--any and --all can't be combined; give one of them."),
    ],
)
def test_what_can_not_be_collected_is_told_and_nothing_is_done(
    library: Household, arguments: tuple[str, ...], code: int, message: str
) -> None:
    before = library.tree()
    whole = [
        str(library.base / each) if each in {"album", "album/2019", "album/2020", "x"} else each for each in arguments
    ]
    result = library.ask("collect", "--person", "Barack Obama", *whole, check=False)
    assert (result.returncode, message.format(base=library.base) in result.stderr) == (code, True), result.stderr
    assert library.tree() == before


def test_found_photos_are_copied_and_the_image_itself_is_not_remembered(
    library: Household, biden: Path, tmp_path: Path
) -> None:
    from PIL import Image  # noqa: PLC0415

    query = tmp_path / "query.png"
    with Image.open(biden) as image:
        image.convert("RGB").resize((image.width * 2 // 3, image.height * 2 // 3)).save(query)
    before = library.json("status")["photos"]
    found = library.json("find", query, "--copy-to", tmp_path / "to")
    assert names(tmp_path / "to") == ["biden.jpg", "couple.jpg"]
    (face,) = found["faces"]
    assert face["person"] == "Joe Biden"
    assert sorted(Path(photo["path"]).name for photo in face["photos"]) == ["biden.jpg", "couple.jpg"]
    assert face["photos"][0]["score"] == pytest.approx(1 / (1 + face["photos"][0]["distance"]))
    assert library.json("status")["photos"] == before
    library.ask("undo", "--last")
    assert names(tmp_path / "to") == []


def test_an_unknown_face_says_so_and_the_nearest_are_shown_on_request(library: Household, astronaut: Path) -> None:
    said = library.ask("find", astronaut, "--threshold", "0.1").stdout
    assert "unknown; the nearest is " in said
    assert "too far away" in said
    assert library.json("find", astronaut, "--person", "Joe Biden")["faces"][0]["photos"] == []
    nearest = library.ask("find", astronaut, "--person", "Joe Biden", "--nearest").stdout
    assert ("biden.jpg" in nearest, "distance" in nearest, "obama2.jpg" in nearest) == (True, True, False)


@pytest.mark.parametrize(
    ("image", "options", "code", "message"),
    [
        ("meadow", (), 1, "meadow.png: no face found."),
        ("missing", (), 2, "missing: no such file."),
        ("broken", (), 1, "broken: can't be read: not a picture in a known format"),
        ("meadow", ("--threshold", "3"), 2, "3.0 is not in the range 0<x<=2"),
        ("meadow", ("--threshold", "nan"), 2, "nan is not a number."),
        ("meadow", ("--max", "0"), 2, "0 is not in the range x>=1"),
    ],
)
def test_an_image_in_which_nothing_can_be_found_is_told(
    library: Household, meadow: Path, tmp_path: Path, image: str, options: tuple[str, ...], code: int, message: str
) -> None:
    (tmp_path / "broken").write_text("no picture")
    query = {"meadow": meadow}.get(image, tmp_path / image)
    result = library.ask("find", query, *options, check=False)
    assert (result.returncode, message in result.stderr) == (code, True), result.stderr


def killed_midway(household: Household, listed: Path) -> int:
    """Kill a command that moves photos when it has moved some; return how many it had not."""
    process = subprocess.Popen(
        command("move", listed, "--to", household.out), env=household.whole_environment(), stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not household.out.is_dir() or len(names(household.out)) < 5:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.001)
    process.kill()
    process.wait()
    return len(names(household.inbox))


@pytest.fixture
def many(household: Household) -> Path:
    """A list of many small files, so that moving them takes a while."""
    for number in range(150):
        (household.inbox / f"{number:03}.jpg").write_text(f"no photo {number}")
    return write_list(household, *sorted(household.inbox.iterdir()))


def test_operations_that_a_killed_command_has_not_started_are_never_done_later(
    household: Household, many: Path
) -> None:
    before = household.tree()
    assert killed_midway(household, many) > 1
    household.ask("undo", "--last")
    assert household.tree() == before
    household.scan()
    assert household.tree() == before
    assert "Nothing to undo." in household.ask("undo", "--last", check=False).stderr


def test_a_command_after_a_killed_one_completes_started_steps_and_each_step_is_undone_once(
    household: Household, many: Path
) -> None:
    before = household.tree()
    left = killed_midway(household, many)
    again = household.json("move", many, "--to", household.out, "--ignore-missing")
    assert len(again) >= left - 1
    assert (names(household.inbox), len(names(household.out))) == ([], 150)
    household.ask("undo", "--last")
    household.ask("undo", "--last")
    assert household.tree() == before


def test_a_command_waits_for_the_end_of_another_one(household: Household, photos: list[Path]) -> None:
    listed = write_list(household, *photos)
    household.make_store()
    with locked(household.state):
        waiting = subprocess.Popen(command("copy", listed, "--to", household.out), env=household.whole_environment())
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(2)
    assert waiting.wait(20) == 0
    assert names(household.out) == ["a (2).jpg", "a.jpg"]


def test_where_nobody_of_them_is_there_is_nothing_to_collect(library: Household, tmp_path: Path) -> None:
    arguments = (
        "collect",
        "--person",
        "Barack Obama",
        "--only",
        library.base / "album" / "2020",
        "--to",
        tmp_path / "to",
    )
    assert library.ask(*arguments).stdout.splitlines() == [
        "No photo there shows these people.", "0 copied, 0 already there, 0 failed."
    ]  # fmt: skip


def test_a_file_is_moved_although_a_link_to_it_is_next_to_it(household: Household, obama: Path) -> None:
    household.ask("people", "add", "Barack Obama", obama)
    real = put(obama, household.inbox, "real.jpg")
    (household.inbox / "link.jpg").symlink_to(real)
    household.ask("collect", "--person", "Barack Obama", household.inbox, "--to", household.out, "--move")
    assert names(household.out) == ["real.jpg"]


def test_of_many_failures_some_are_shown_and_all_are_counted(household: Household, many: Path) -> None:
    said = household.ask("move", many, "--to", "/proc/out", check=False).stdout.splitlines()
    assert said[-2:] == [
        "... and 130 more failed; use --json to show all.", "0 moved, 0 already there, 150 failed."
    ]  # fmt: skip


def test_a_link_in_the_folder_is_not_the_photo_that_is_to_be_put_there(household: Household, obama: Path) -> None:
    household.ask("people", "add", "Barack Obama", obama)
    photo = put(obama, household.inbox, "a.jpg")
    album = household.inbox / "album"
    album.mkdir()
    (album / "a.jpg").symlink_to(photo)
    household.scan()
    collect = ("collect", "--person", "barack obama", "--to", album)
    assert "0 linked, 1 already there" in household.ask(*collect, "--link").stdout
    assert "1 copied, 0 already there" in household.ask(*collect).stdout
    assert (album / "a (2).jpg").read_bytes() == obama.read_bytes()
    assert "1 already there" in household.ask(*collect).stdout
    assert (album / "a.jpg").is_symlink()


def test_links_that_familiar_made_are_not_the_photos_to_be_put_there(household: Household, obama: Path) -> None:
    household.ask("people", "add", "Barack Obama", obama)
    put(obama, household.inbox, "a.jpg")
    household.scan()
    collect = ("collect", "--person", "barack obama", "--to", household.out)
    assert "1 linked" in household.ask(*collect, "--link").stdout
    assert "1 copied" in household.ask(*collect).stdout
    assert (household.out / "a (2).jpg").read_bytes() == obama.read_bytes()
