"""familiar crop: data sets of one person's faces."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from PIL import Image

from conftest import put
from familiar.library.crops.manifest import MANIFEST_NAME
from support.household import Household, command
from support.mounts import mounted

OBAMA = ("--person", "Barack Obama")
BIDEN = ("--person", "Joe Biden")


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "crops"


def manifest(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / MANIFEST_NAME).read_bytes())
    return read


def crops(folder: Path) -> dict[str, bytes]:
    """All files but faces.json, hidden ones included."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != MANIFEST_NAME}


def sources(folder: Path) -> dict[str, str]:
    """The crops by the names of their photos."""
    return {Path(face["source"]).name: face["file"] for face in manifest(folder)["faces"]}


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_each_photo_of_a_person_gives_a_crop_and_faces_json_says_where_it_comes_from_and_why_others_have_none(
    library: Household, to: Path
) -> None:
    album = library.base / "album"
    told = library.ask("crop", *OBAMA, "--to", to, "--size", "64").stdout.splitlines()
    assert told[1].split() == [str(to), "3", "0", "0", "3", "0"]
    assert told[2:] == [
        "3 crops added, 0 failed; faces.json lists the source of each crop.",
        "To undo: familiar undo --last",
    ]
    read = manifest(to)
    names = {
        name: f"{Path(name).stem}-{hash_of(album / name)[:8]}.jpg"
        for name in ("2019/obama.jpg", "2019/obama2.jpg", "2020/couple.jpg")
    }
    assert {face["source"]: face["file"] for face in read["faces"]} == {
        str(album / name): file for name, file in names.items()
    }
    assert set(crops(to)) == set(names.values())
    for file in names.values():
        with Image.open(to / file) as image:
            assert (image.format, image.size) == ("JPEG", (64, 64))
    portrait = album / "2019" / "obama.jpg"
    (face,) = [face for face in read["faces"] if face["source"] == str(portrait)]
    assert (face["hash"], face["distance"], face["score"], face["engine"]) == (hash_of(portrait), 0, 1, read["engine"])
    assert face["size"] == min(face["width"], face["height"])
    assert face["x"] < 450 < face["x"] + face["width"]
    assert face["sharpness"] > 100
    assert face["scale"] == pytest.approx(64 / (1.8 * face["width"]), abs=0.01)
    with Image.open(portrait) as image:
        size = {"width": image.width, "height": image.height}
    used = {"path": str(portrait), "hash": hash_of(portrait), **size}
    assert len(read["reference"]["photos"][0].pop("embedding")) == 64
    assert read["reference"] == {"person": "Barack Obama", "count": 1, "photos": [used]}
    assert (read["settings"]["faces"], read["settings"]["threshold"], read["settings"]["size"]) == ("matched", 0.44, 64)
    reasons = {Path(one["path"]).name: one["reason"] for one in read["unmatched"]}
    assert reasons.pop("meadow.png") == "no face found"
    assert set(reasons) == {"biden.jpg", "astronaut.jpg"}
    assert all(reason.endswith("; the threshold is 0.44") for reason in reasons.values())


def test_a_second_run_reads_no_photo_and_writes_nothing_and_a_new_photo_gives_one_crop(
    household: Household, obama: Path, obama2: Path, meadow: Path, to: Path, tasks: list[str]
) -> None:
    reference = put(obama, household.base)
    put(obama2, household.inbox)
    put(meadow, household.inbox)
    arguments = ("crop", "--reference", reference, household.inbox, "--to", to, "--size", "48", "--threshold", "0.6")
    (first,) = household.json(*arguments)["folders"]
    assert ([Path(face["source"]).name for face in first["added"]], first["crops"]) == (["obama2.jpg"], 1)
    with Image.open(reference) as image:
        used = manifest(to)["reference"]
        assert (used["image"], used["hash"], used["image_width"]) == (str(reference), hash_of(reference), image.width)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in to.iterdir()}
    tasks.clear()
    (again,) = household.json(*arguments)["folders"]
    assert (again["added"], again["crops"], tasks) == ([], 1, [])
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in to.iterdir()} == before
    shutil.copy(obama, household.inbox / "late.jpg")
    (household.inbox / "obama2.jpg").unlink()
    (late,) = household.json(*arguments)["folders"]
    assert ([Path(face["source"]).name for face in late["added"]], late["crops"]) == (["late.jpg"], 2)
    assert set(sources(to)) == {"obama2.jpg", "late.jpg"}


def test_threshold_1_takes_every_face_once_a_photo_or_all_of_them(library: Household, to: Path) -> None:
    album = library.base / "album"
    arguments = ("crop", "--reference", album / "2020" / "biden.jpg", album, "--threshold", "1", "--format", "png")
    (once,) = library.json(*arguments, "--to", to)["folders"]
    assert sorted(Path(face["source"]).name for face in once["added"]) == [
        "astronaut.jpg", "biden.jpg", "couple.jpg", "obama.jpg", "obama2.jpg",
    ]  # fmt: skip
    (couple,) = [face for face in once["added"] if face["source"].endswith("couple.jpg")]
    assert couple["distance"] < 0.2
    (each,) = library.json(*arguments, "--all-faces", "--to", to.with_name("all"))["folders"]
    assert len(each["added"]) == 6
    both = sorted(face["file"] for face in each["added"] if face["source"].endswith("couple.jpg"))
    assert [name.rpartition("-")[2] for name in both] == ["1.png", "2.png"]


def test_several_people_get_one_folder_each_and_a_face_goes_to_the_person_that_it_matches(
    library: Household, to: Path
) -> None:
    told = library.json("crop", *OBAMA, *BIDEN, "--person", "barack  OBAMA", "--to", to)["folders"]
    assert [(one["person"], one["folder"], one["crops"]) for one in told] == [
        ("Barack Obama", str(to / "Barack Obama"), 3),
        ("Joe Biden", str(to / "Joe Biden"), 2),
    ]
    assert set(sources(to / "Joe Biden")) == {"biden.jpg", "couple.jpg"}
    assert not (to / MANIFEST_NAME).exists()


def test_all_crops_of_a_run_are_taken_back_at_once_and_made_again_but_one_that_was_deleted_stays_away(
    library: Household, to: Path
) -> None:
    library.ask("crop", *OBAMA, *BIDEN, "--to", to)
    made = {**crops(to / "Barack Obama"), **crops(to / "Joe Biden")}
    assert len(made) == 5 - 1  # both have one of the same name
    library.ask("undo", "--last")
    assert (crops(to / "Barack Obama"), crops(to / "Joe Biden")) == ({}, {})
    library.ask("crop", *OBAMA, *BIDEN, "--to", to)
    assert {**crops(to / "Barack Obama"), **crops(to / "Joe Biden")} == made
    (to / "Joe Biden" / sources(to / "Joe Biden")["couple.jpg"]).unlink()
    library.ask("crop", *OBAMA, *BIDEN, "--to", to)
    assert len(crops(to / "Joe Biden")) == 1


def test_crops_without_an_entry_get_it_and_are_not_made_twice(library: Household, to: Path) -> None:
    library.ask("crop", *OBAMA, "--to", to)
    whole, files = manifest(to), crops(to)
    (to / MANIFEST_NAME).write_text(json.dumps(whole | {"faces": whole["faces"][:1]}))
    assert library.json("crop", *OBAMA, "--to", to)["folders"][0]["crops"] == 3
    assert (manifest(to)["faces"], crops(to)) == (whole["faces"], files)
    (to / MANIFEST_NAME).unlink()
    library.ask("crop", *OBAMA, "--to", to)
    assert (manifest(to), crops(to)) == (whole, files)


def test_after_a_kill_another_run_makes_exactly_what_is_missing(household: Household, obama: Path, to: Path) -> None:
    with Image.open(obama) as image:
        small = image.resize((image.width // 4, image.height // 4))
    for number in range(25):
        small.save(household.inbox / f"{number}.jpg", quality=70 + number)
    arguments = ("crop", "--reference", household.inbox / "24.jpg", household.inbox, "--threshold", "1", "--to")
    household.ask(*arguments, to.with_name("whole"))
    process = subprocess.Popen(command(*arguments, to), env=household.whole_environment(), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not to.is_dir() or len(list(to.glob("*.jpg"))) < 3:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    survived = {path.name: path.stat().st_ino for path in to.glob("*.jpg")}
    assert 3 <= len(survived) < 25
    household.ask(*arguments, to)
    assert {path.name: path.stat().st_ino for path in to.glob("*.jpg")}.items() >= survived.items()
    household.scan()  # what the killed run left in the journal
    assert crops(to) == crops(to.with_name("whole"))
    assert manifest(to) == manifest(to.with_name("whole"))


def test_what_is_too_small_or_not_sharp_or_would_be_enlarged_is_left_out_with_the_reason(
    library: Household, to: Path
) -> None:
    def reasons(*arguments: str) -> dict[str, str]:
        shutil.rmtree(to, ignore_errors=True)
        (told,) = library.json("crop", *OBAMA, "--to", to, *arguments)["folders"]
        return {Path(one["path"]).name: one["reason"] for one in told["unmatched"]}

    assert reasons("--min-size", "300")["obama.jpg"].endswith("pixels; the minimum is 300")
    assert "sharpness of" in reasons("--min-sharpness", "100000")["obama2.jpg"]
    assert reasons("--size", "2000", "--no-enlarge")["couple.jpg"].startswith("the face would have to be enlarged ")
    assert crops(to) == {}
    library.ask("crop", *OBAMA, "--to", to.with_name("large"), "--size", "700")
    assert all(face["scale"] > 1 for face in manifest(to.with_name("large"))["faces"])


def test_crops_keep_the_shape_of_the_box_or_are_squares_and_have_the_size_that_was_asked_for(
    library: Household, to: Path
) -> None:
    def sizes(*arguments: str) -> list[tuple[int, int]]:
        shutil.rmtree(to, ignore_errors=True)
        library.ask("crop", *OBAMA, "--to", to, *arguments)
        return list(map(size_of, sorted(to.glob("*.jpg"))))

    assert sizes("--original", "--size", "80", "--margin", "2") != [(80, 80)] * 3
    assert {max(size) for size in sizes("--original", "--size", "80", "--margin", "2")} == {80}
    assert sizes("--aligned", "--size", "96") == [(96, 96)] * 3
    assert all(width == height > 100 for width, height in sizes("--aligned"))
    small = sum(len(data) for data in crops(to).values())
    sizes("--aligned", "--quality", "20")
    assert sum(len(data) for data in crops(to).values()) < small / 2


def test_crops_of_another_kind_are_never_mixed_into_a_folder_and_other_files_are_never_replaced(
    library: Household, to: Path
) -> None:
    library.ask("crop", *OBAMA, "--to", to)
    before = {path: path.read_bytes() for path in to.iterdir()}
    for arguments, message in (
        ((*OBAMA, "--margin", "0.2"), "its crops have other settings: margin was 0.4, not 0.2. Use the same settings,"),
        ((*OBAMA, "--min-size", "1"), "its crops have other settings: min-size was 0, not 1."),
        ((*OBAMA, "--size", "64"), "its crops have other settings: size was not given, not 64."),
        ((*OBAMA, "--aligned"), "its crops have other settings: aligned was no, not yes."),
        ((*OBAMA, "--threshold", "0.5"), "its crops have other settings: threshold was 0.44, not 0.5; faces was"),
        (BIDEN, "has crops of 'Barack Obama', not of 'Joe Biden'; choose another folder with --to."),
    ):
        result = library.ask("crop", *arguments, "--to", to, check=False)
        assert (result.returncode, result.stderr.startswith(f"error: {to}: {message}")) == (2, True), result.stderr
    assert {path: path.read_bytes() for path in to.iterdir()} == before
    for other in ("my notes", "[]", '{"faces": {}}', json.dumps(manifest(to) | {"notes": "mine"})):
        (to / MANIFEST_NAME).write_text(other)
        result = library.ask("crop", *OBAMA, "--to", to, check=False)
        assert (result.returncode, (to / MANIFEST_NAME).read_text()) == (2, other)
        assert result.stderr.startswith(f"error: {to / MANIFEST_NAME}: is damaged or was not written by familiar (")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "Give either --person NAME, or --reference PHOTO of the face to look for."),
        ((*OBAMA, "--reference", "x.jpg"), 2, "Give either --person NAME, or --reference PHOTO of the face to look"),
        (("--person", "Eve"), 2, "There is no person named 'Eve'; `familiar people list` shows the names."),
        ((*OBAMA, "--largest"), 2, "--largest requires --reference."),
        ((*OBAMA, "--aligned", "--original"), 2, "--aligned makes square crops and can't be combined with --original."),
        ((*OBAMA, "--format", "png", "--quality", "90"), 2, "--quality applies to jpg and webp only; png is lossless."),
        ((*OBAMA, "--threshold", "nan"), 2, "Invalid value for '--threshold': nan is not a number."),
        ((*OBAMA, "{album}/nowhere"), 2, "{album}/nowhere: no such folder or file."),
        ((*OBAMA, "{empty}"), 2, "{empty}: no photos in this folder."),
        (("--reference", "{album}/2020/couple.jpg"), 1, "{album}/2020/couple.jpg: 2 faces found; use --largest"),
        (("--reference", "{album}/2019/meadow.png"), 1, "{album}/2019/meadow.png: no face found; give a photo"),
        (("--reference", "{album}"), 2, "{album} is a folder; give a photo of the face to look for."),
    ],
)
def test_wrong_use_is_refused_with_what_would_be_right_and_nothing_is_written(
    library: Household, to: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (empty := to.with_name("empty")).mkdir()
    places = {"album": library.base / "album", "empty": empty}
    given = [argument.format(**places) for argument in arguments]
    result = library.ask("crop", *given, "--to", to, check=False)
    assert (result.returncode, f"rror: {message.format(**places)}" in result.stderr) == (code, True)
    assert not to.exists()


@pytest.mark.parametrize("threshold", ["0", "1.1", "-0.5", "near"])
def test_a_threshold_that_is_none_is_refused(library: Household, to: Path, threshold: str) -> None:
    result = library.ask("crop", *OBAMA, "--threshold", threshold, "--to", to, check=False)
    assert (result.returncode, "Invalid value for '--threshold'" in result.stderr) == (2, True)


def test_a_target_among_the_photos_or_that_is_a_file_is_refused(library: Household, to: Path) -> None:
    album = library.base / "album"
    link = to.with_name("link")
    link.symlink_to(album)
    to.write_text("a file")
    for target, message in (
        (album, "is the folder that photos are read from"),
        (album / "faces", f"is in {album}, that photos are read from"),
        (link / "faces", f"is in {album}, that photos are read from"),
        (to, "is a file; give a folder."),
    ):
        result = library.ask("crop", *OBAMA, album, "--to", target, check=False)
        assert (result.returncode, result.stderr.startswith(f"error: {target} {message}")) == (2, True), result.stderr
    assert not (album / "faces").exists()


def test_a_folder_without_a_face_ends_with_an_error_and_nothing_written(
    household: Household, obama: Path, meadow: Path, to: Path
) -> None:
    household.ask("people", "add", "Barack Obama", obama)
    put(meadow, household.inbox)
    result = household.ask("crop", *OBAMA, household.inbox, "--to", to, check=False)
    assert (result.returncode, result.stderr) == (
        1,
        "error: No face found in 1 photo; nothing was written.\n",
    )
    assert not to.exists()


def test_an_unreadable_photo_is_reported_and_an_invalid_one_is_recorded(
    household: Household, obama: Path, to: Path
) -> None:
    reference, photo = put(obama, household.base), put(obama, household.inbox)
    (household.inbox / "broken.jpg").write_bytes(b"no photo")
    arguments = ("crop", "--reference", reference, household.inbox, "--to", to)
    household.ask(*arguments)
    assert [(Path(one["path"]).name, one["reason"]) for one in manifest(to)["unmatched"]] == [
        ("broken.jpg", "set aside: not a picture in a known format")
    ]
    household.obeys_permissions = True
    photo.chmod(0)
    result = household.call(*arguments[:-1], to.with_name("late"), check=False)
    assert result.returncode == 1
    assert result.stderr == (
        "error: No face found in 1 photo; nothing was written. 1 file can't be used; the first is "
        f"{photo}: can't be read: Permission denied.\n"
    )
    assert not to.with_name("late").exists()
    put(obama, household.inbox, "readable.jpg")
    result = household.call(*arguments[:-1], to.with_name("later"), check=False)
    assert result.returncode == 1
    assert f"{photo}  can't be read: Permission denied" in result.stdout
    assert set(sources(to.with_name("later"))) == {"readable.jpg"}


def test_without_recursion_only_photos_directly_in_the_folders_are_used(library: Household, to: Path) -> None:
    album = library.base / "album"
    library.ask("crop", *OBAMA, album / "2019", album / "2020", "--no-recursive", "--to", to)
    assert len(crops(to)) == 3
    result = library.ask("crop", *OBAMA, album, "--no-recursive", "--to", to, check=False)
    assert (result.returncode, result.stderr) == (2, f"error: {album}: no photos in this folder.\n")


def test_after_the_model_has_changed_references_are_encoded_again_and_old_folders_are_left_alone(
    household: Household, obama: Path, obama2: Path, to: Path
) -> None:
    household.ask("people", "add", "Barack Obama", obama)
    put(obama2, household.inbox)
    household.ask("crop", *OBAMA, household.inbox, "--to", to)
    household.configure({"vision": {"workers": 1, "model": "dlib", "mirror": False}})
    result = household.ask("crop", *OBAMA, household.inbox, "--to", to, check=False)
    assert (result.returncode, "the model was sface, not dlib" in result.stderr) == (2, True)
    (told,) = household.json("crop", *OBAMA, household.inbox, "--to", to.with_name("plain"))["folders"]
    assert [face["engine"] for face in told["added"]] == ["dlib-resnet-v1"]


def test_a_disk_that_fills_up_is_told_and_what_was_made_is_whole(library: Household, to: Path) -> None:
    library.ask("crop", *OBAMA, "--size", "300", "--format", "png", "--to", to.with_name("whole"))
    with mounted(to, "size=300k"):
        result = library.ask("crop", *OBAMA, "--size", "300", "--format", "png", "--to", to, check=False)
        assert (result.returncode, result.stderr) == (1, "")
        assert "No space left on device" in result.stdout
        left = crops(to)
        assert 0 < len(left) < 3
        assert f"{len(left)} crops added, {3 - len(left)} failed" in result.stdout
        assert left.items() <= crops(to.with_name("whole")).items()
        assert set(sources(to).values()) == set(left)
        assert "failed" not in library.json("status")["operations"]


def test_crops_that_faces_json_has_no_room_for_are_taken_back_and_told_and_made_by_another_run(
    library: Household, to: Path
) -> None:
    arguments = ("crop", *OBAMA, "--size", "300", "--format", "png", "--to", to)
    library.ask(*arguments[:-1], to.with_name("whole"))
    smallest = min(len(data) for data in crops(to.with_name("whole")).values())
    pages = -(-smallest // 4096)
    with mounted(to, f"size={4 * (pages + 1)}k"):  # one crop, and a faces.json of a page; none that replaces it
        result = library.ask(*arguments, check=False)
        assert (result.returncode, result.stderr) == (1, "")
        assert "0 crops added, 3 failed" in result.stdout
        assert f"undone: {to}/faces.json: can't be written: No space left on device." in result.stdout
        assert (crops(to), manifest(to)["faces"]) == ({}, [])
        subprocess.run(["mount", "-o", "remount,size=2m", str(to)], check=True)
        assert "3 crops added, 0 failed" in library.ask(*arguments).stdout
        assert crops(to) == crops(to.with_name("whole"))


def test_without_room_for_faces_json_nothing_is_made_and_no_folder_stays(library: Household, to: Path) -> None:
    with mounted(to, "size=4k"):
        result = library.ask("crop", *OBAMA, *BIDEN, "--to", to / "of" / "people", check=False)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.endswith("faces.json: can't be written: No space left on device.\n")
        assert list(to.iterdir()) == []


def test_crops_that_were_there_without_an_entry_do_not_count_as_new(library: Household, to: Path) -> None:
    library.ask("crop", *OBAMA, "--to", to)
    whole = manifest(to)
    (to / MANIFEST_NAME).write_text(json.dumps(whole | {"faces": whole["faces"][:1]}))
    (to / whole["faces"][1]["file"]).unlink()
    told = library.ask("crop", *OBAMA, "--to", to).stdout.splitlines()
    assert told[1].split()[:4] == [str(to), "1", "0", "2"]
    assert told[2].startswith("1 crop added, 0 failed")


def test_a_folder_is_continued_after_the_person_was_renamed_and_has_the_new_name_then(
    household: Household, obama: Path, biden: Path, to: Path
) -> None:
    household.ask("people", "add", "Obama", put(obama, household.inbox))
    household.ask("people", "add", "Biden", put(biden, household.inbox))
    household.ask("crop", "--person", "Obama", household.inbox, "--to", to)
    before = crops(to)
    household.ask("people", "rename", "Obama", "Barack")
    (told,) = household.json("crop", "--person", "Barack", household.inbox, "--to", to)["folders"]
    assert (told["added"], told["crops"], told["person"]) == ([], 1, "Barack")
    assert (manifest(to)["reference"]["person"], crops(to)) == ("Barack", before)
    read = manifest(to)
    for photo in read["reference"]["photos"]:
        del photo["embedding"]
    (to / MANIFEST_NAME).write_text(json.dumps(read))
    assert household.ask("crop", "--person", "Biden", household.inbox, "--to", to, check=False).returncode == 2
    household.ask("crop", "--person", "Barack", household.inbox, "--to", to)
    assert all(photo["embedding"] for photo in manifest(to)["reference"]["photos"])


def test_a_pipe_in_the_place_of_faces_json_is_refused_at_once(library: Household, to: Path) -> None:
    to.mkdir()
    os.mkfifo(to / MANIFEST_NAME)
    result = library.call("crop", *OBAMA, "--to", to, check=False)
    assert (result.returncode, result.stderr) == (
        2,
        f"error: {to / MANIFEST_NAME}: can't be read: it is a pipe, not a regular file.\n",
    )


def test_a_photo_with_an_odd_name_has_a_uri_that_opens_it(household: Household, obama: Path, to: Path) -> None:
    odd = household.inbox / os.fsdecode(b"caf\xe9 #1\n.jpg")
    shutil.copy(obama, odd)
    household.ask("crop", "--reference", odd, household.inbox, "--to", to)
    (face,) = manifest(to)["faces"]
    assert face["source"].endswith("caf\\xe9 #1\\n.jpg")
    assert os.fsdecode(unquote_to_bytes(face["uri"].removeprefix("file://"))) == str(odd)


def test_other_paths_of_the_same_content_are_written_down_and_counted(
    household: Household, obama: Path, meadow: Path, to: Path
) -> None:
    for photo in (obama, meadow):
        shutil.copy(put(photo, household.inbox), household.inbox / f"twin-{photo.name}")
    arguments = ("crop", "--reference", household.inbox / "obama.jpg", household.inbox, "--to", to)
    told = household.ask(*arguments).stdout.splitlines()
    assert told[1].split() == [str(to), "1", "0", "0", "1", "2"]
    read = manifest(to)
    for (one,), place in ((read["faces"], "source"), (read["unmatched"], "path")):
        assert one[place] not in one["copies"]
        assert len(one["copies"]) == 1
    shutil.copy(obama, household.inbox / "third.jpg")
    (household.inbox / "twin-obama.jpg").unlink()
    household.ask(*arguments)
    (face,) = manifest(to)["faces"]
    names = {Path(path).name for path in (face["source"], *face["copies"])}
    assert names == {"obama.jpg", "twin-obama.jpg", "third.jpg"}
