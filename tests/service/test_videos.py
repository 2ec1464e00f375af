"""Videos and live photos through whole scans."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from familiar.store.store import Store
from support.household import Household
from support.videos import write_video


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, obama: Path) -> Path:
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mov", [(obama, 2)])


def put(photo: Path, target: Path) -> Path:
    return Path(shutil.copy(photo, target))


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def by_person(household: Household) -> None:
    household.rule(
        {
            "name": "people",
            "when": {"person": "any"},
            "then": [
                {"crop": {"to": f"{household.out}/faces/", "size": 64}},
                {"move": f"{household.out}/{{person}}/"},
            ],
        }
    )


def test_the_rules_apply_to_a_video_as_to_a_photo(household: Household, obama2: Path, clip: Path) -> None:
    household.ask("people", "add", "Barack Obama", obama2)
    by_person(household)
    put(clip, household.inbox / "party.mov")
    (shown,) = household.json("plan")["plans"]
    assert [(face["person"], [round(at) for at in face["times"]]) for face in shown["faces"]] == [
        ("Barack Obama", [0, 1])
    ]
    household.scan()
    assert below(household.out) == ["Barack Obama/party.mov", "faces/party.jpg"]
    assert (household.out / "Barack Obama" / "party.mov").read_bytes() == clip.read_bytes()
    assert household.json("status")["photos"]["seen"] == 2


def test_videos_can_be_turned_off(household: Household, obama: Path, clip: Path) -> None:
    household.configure({"vision": {"workers": 1, "videos": False}})
    put(clip, household.inbox / "party.mov")
    put(obama, household.inbox / "photo.jpg")
    household.scan()
    household.scan(household.inbox)
    assert household.json("status")["photos"]["seen"] == 1


def test_references_are_registered_from_photos_and_not_from_videos_beside_them(
    household: Household, obama: Path, clip: Path
) -> None:
    put(obama, household.base / "IMG_1.jpg")
    put(clip, household.base / "IMG_1.mov")
    household.ask("people", "add", "Barack Obama", household.base)
    assert household.json("people", "list")[0]["references"] == 1


def test_a_live_photo_is_one_photo_and_is_moved_and_moved_back_as_a_pair(
    household: Household, obama: Path, obama2: Path, clip: Path
) -> None:
    household.ask("people", "add", "Barack Obama", obama2)
    by_person(household)
    for name in ("IMG_1.jpg", "IMG_1.MOV"):
        (household.out / "Barack Obama").mkdir(parents=True, exist_ok=True)
        (household.out / "Barack Obama" / name).write_text("taken")
    put(obama, household.inbox / "IMG_1.jpg")
    put(clip, household.inbox / "IMG_1.MOV")
    shown = household.json("plan")
    assert [[step["kind"] for step in plan["operations"]] for plan in shown["plans"]] == [["crop", "move"], ["move"]]
    household.scan()
    assert below(household.inbox) == []
    moved = below(household.out)
    assert moved == [
        "Barack Obama/IMG_1 (2).MOV", "Barack Obama/IMG_1 (2).jpg", "Barack Obama/IMG_1.MOV",
        "Barack Obama/IMG_1.jpg", "faces/IMG_1.jpg",
    ]  # fmt: skip
    household.ask("undo", "--last")
    assert below(household.inbox) == ["IMG_1.MOV", "IMG_1.jpg"]


def test_a_clip_that_comes_after_its_still_was_moved_follows_it(
    household: Household, obama: Path, obama2: Path, clip: Path
) -> None:
    household.ask("people", "add", "Barack Obama", obama2)
    by_person(household)
    put(obama, household.inbox / "IMG_2.jpg")
    household.scan()
    put(clip, household.inbox / "IMG_2.mov")
    household.scan()
    assert below(household.out) == ["Barack Obama/IMG_2.jpg", "Barack Obama/IMG_2.mov", "faces/IMG_2.jpg"]


def test_a_clip_that_came_before_its_still_follows_it(household: Household, obama: Path, clip: Path) -> None:
    put(clip, household.inbox / "IMG_7.mov")
    household.scan()
    assert household.json("status")["photos"]["faces"] == 1
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/"}]})
    put(obama, household.inbox / "IMG_7.jpg")
    household.scan()
    assert below(household.out) == ["IMG_7.jpg", "IMG_7.mov"]
    assert household.json("status")["photos"]["faces"] == 1
    household.ask("undo", "--last")
    assert below(household.inbox) == ["IMG_7.jpg", "IMG_7.mov"]


@pytest.mark.parametrize("first", ["still", "video"])
@pytest.mark.parametrize(("days", "kinds"), [(17, ["photo", "video"]), (0, ["clip", "photo"]), (1, ["clip", "photo"])])
def test_a_short_video_of_another_day_is_no_clip_of_a_still_that_has_its_name(
    household: Household, obama: Path, first: str, days: int, kinds: list[str]
) -> None:
    taken = datetime(2018, 1, 20, 11, 46)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = taken.strftime("%Y:%m:%d %H:%M:%S")

    def put_still() -> None:
        Image.new("RGB", (60, 40)).save(household.inbox / "IMG_9.jpg", exif=exif)

    def put_video() -> None:
        date = (taken + timedelta(days=days)).isoformat()
        write_video(household.inbox / "IMG_9.mp4", [(obama, 2)], metadata={"creation_time": f"{date}Z"})

    steps = [put_still, put_video] if first == "still" else [put_video, put_still]
    for step in steps:
        step()
        household.scan()
    with Store(household.state / "familiar.db") as store:
        photos = [store.photos.load(photo) for photo in store.photos.seen()]
        assert sorted(photo.kind for photo in photos) == kinds
        assert sum(len(photo.faces) for photo in photos) == (1 if "video" in kinds else 0)


def test_rules_that_are_applied_later_take_the_clip_along(
    household: Household, obama: Path, obama2: Path, clip: Path
) -> None:
    household.ask("people", "add", "Barack Obama", obama2)
    put(obama, household.inbox / "IMG_3.jpg")
    put(clip, household.inbox / "IMG_3.mov")
    household.scan()
    assert below(household.inbox) == ["IMG_3.jpg", "IMG_3.mov"]
    by_person(household)
    household.ask("rules", "apply")
    assert below(household.out) == ["Barack Obama/IMG_3.jpg", "Barack Obama/IMG_3.mov", "faces/IMG_3.jpg"]


def test_a_video_next_to_an_invalid_still_is_a_separate_video(household: Household, obama2: Path, clip: Path) -> None:
    household.ask("people", "add", "Barack Obama", obama2)
    by_person(household)
    (household.inbox / "IMG_4.jpg").write_bytes(b"damaged")
    put(clip, household.inbox / "IMG_4.mov")
    household.scan()
    assert below(household.out) == ["Barack Obama/IMG_4.mov", "faces/IMG_4.jpg"]


def test_a_plan_does_not_change_how_a_scan_handles_a_video_next_to_an_invalid_still(
    household: Household, obama2: Path, clip: Path
) -> None:
    household.ask("people", "add", "Barack Obama", obama2)
    by_person(household)
    (household.inbox / "IMG_5.jpg").write_bytes(b"damaged")
    put(clip, household.inbox / "IMG_5.mov")
    household.ask("plan", check=False)
    household.scan()
    assert below(household.out) == ["Barack Obama/IMG_5.mov", "faces/IMG_5.jpg"]


def test_a_target_without_suffix_keeps_its_dots_for_the_clip_too(household: Household, obama: Path, clip: Path) -> None:
    household.rule({"name": "dots", "then": [{"move": f"{household.out}/2026.11.21"}]})
    put(obama, household.inbox / "IMG_6.jpg")
    put(clip, household.inbox / "IMG_6.mov")
    household.scan()
    assert below(household.out) == ["2026.11.21", "2026.11.21.mov"]


def test_two_short_videos_of_one_name_are_not_a_live_photo(household: Household, obama2: Path, clip: Path) -> None:
    household.ask("people", "add", "Barack Obama", obama2)
    put(clip, household.inbox / "IMG_8.mov")
    write_video(household.inbox / "IMG_8.mp4", [(None, 2)])
    household.scan()
    household.rule({"name": "his", "when": {"person": "any"}, "then": [{"move": f"{household.out}/"}]})
    household.ask("rules", "apply")
    assert below(household.out) == ["IMG_8.mov"]
    assert below(household.inbox) == ["IMG_8.mp4"]
    household.rule({"name": "videos", "when": {"kind": "video"}, "then": [{"copy": f"{household.out}/all/"}]})
    household.ask("rules", "apply")
    assert below(household.out / "all") == ["IMG_8.mov", "IMG_8.mp4"]
