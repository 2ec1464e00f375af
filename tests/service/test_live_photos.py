"""Live photos whose parts come, change and go, through whole scans and a running daemon."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from familiar.store.store import Store
from support.household import Household
from support.live_photos import write_clip, write_still

TAKEN = datetime(2018, 1, 20, 11, 46)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, obama: Path) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mov", obama)


def put(photo: Path, target: Path) -> Path:
    return Path(shutil.copy(photo, target))


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def kinds(household: Household) -> list[tuple[str, int]]:
    """Return the kind of each photo, and how many faces it has."""
    with Store(household.state / "familiar.db") as store:
        photos = [store.photos.load(photo) for photo in store.photos.seen()]
    return sorted((photo.kind, len(photo.faces)) for photo in photos)


def shown(household: Household) -> dict[str, Any]:
    """Return what people see of faces, clusters and people."""
    return {
        "faces": household.json("status")["photos"]["faces"],
        "clusters": [(row["id"], row["name"], row["faces"]) for row in household.json("clusters", "list", "--all")],
        "people": [(row["name"], row["faces"], row["references"]) for row in household.json("people", "list")],
    }


def named_video(household: Household, clip: Path) -> dict[str, Any]:
    """Scan a video, let a person name its face, and return what is shown of it."""
    put(clip, household.inbox / "IMG_9.mov")
    household.scan()
    with Store(household.state / "familiar.db") as store:
        (face,) = store.photos.load(next(store.photos.seen())).faces
        assert face.id is not None
        _, cluster = store.decisions.faces.gather([face.id])
        store.decisions.clusters.name(cluster, "Barack Obama", references=[face.id])
    household.scan()
    found = shown(household)
    assert found == {
        "faces": 1,
        "clusters": [(1, "Barack Obama", 1)],
        "people": [("Barack Obama", 1, 1)],
    }
    return found


def test_a_video_that_was_a_clip_for_a_while_has_its_faces_and_names_again(household: Household, clip: Path) -> None:
    before = named_video(household, clip)
    still = write_still(household.inbox / "IMG_9.jpg")
    household.scan()
    assert kinds(household) == [("clip", 0), ("photo", 0)]
    assert shown(household) == {"faces": 0, "clusters": [], "people": [("Barack Obama", 0, 1)]}
    still.unlink()
    household.scan()
    assert kinds(household) == [("photo", 0), ("video", 1)]
    assert shown(household) == before


def test_what_is_decided_or_undone_while_a_video_is_a_clip_holds_for_its_faces_too(
    household: Household, clip: Path
) -> None:
    named_video(household, clip)
    still = write_still(household.inbox / "IMG_9.jpg")
    household.scan()
    household.ask("people", "rename", "Barack Obama", "President")
    still.unlink()
    household.scan()
    assert shown(household)["people"] == [("President", 1, 1)]
    write_still(household.inbox / "IMG_9.jpg")
    household.scan()
    with Store(household.state / "familiar.db") as store:
        for _ in range(3):  # the new name, the name of the cluster, and the cluster
            store.decisions.undo()
    (household.inbox / "IMG_9.jpg").unlink()
    household.scan()
    assert shown(household) == {"faces": 1, "clusters": [], "people": []}


def rename(household: Household) -> None:
    (household.inbox / "IMG_9.jpg").rename(household.inbox / "other.jpg")


def exclude(household: Household) -> None:
    household.configure({"folders": [{"path": str(household.inbox), "exclude": ["*.jpg"]}]})


def damage(household: Household) -> None:
    (household.inbox / "IMG_9.jpg").write_bytes(b"damaged")


def date_otherwise(household: Household) -> None:
    write_still(household.inbox / "IMG_9.jpg", taken=TAKEN + timedelta(days=17))


def identify_otherwise(household: Household) -> None:
    write_still(household.inbox / "IMG_9.jpg", identifier="another")


@pytest.mark.parametrize("part", [Path.unlink, rename, exclude, damage, date_otherwise, identify_otherwise])
def test_a_clip_that_has_lost_its_still_is_a_video_with_faces(
    household: Household, obama: Path, part: Callable[[Any], None]
) -> None:
    still = write_still(household.inbox / "IMG_9.jpg")
    write_clip(household.inbox / "IMG_9.mov", obama, identifier="one", taken=TAKEN)
    household.scan()
    assert kinds(household) == [("clip", 0), ("photo", 0)]
    household.rule({"name": "people", "when": {"kind": "video"}, "then": [{"copy": f"{household.out}/"}]})
    part(still if part is Path.unlink else household)
    household.scan()
    assert ("video", 1) in kinds(household)
    assert below(household.out) == ["IMG_9.mov"]


def test_a_still_that_is_included_again_has_its_clip_again(household: Household, clip: Path) -> None:
    write_still(household.inbox / "IMG_9.jpg")
    put(clip, household.inbox / "IMG_9.mov")
    household.scan()
    exclude(household)
    household.scan()
    household.configure({})
    household.scan()
    assert kinds(household) == [("clip", 0), ("photo", 0)]


@pytest.mark.parametrize("first", ["still", "video"])
@pytest.mark.parametrize(
    ("seconds", "days", "own", "other", "belong"),
    [(8, 17, "A", "A", True), (2, 0, "A", "B", False), (2, 0, "A", None, True), (8, 0, None, "A", False)],
)
def test_identifiers_join_and_part_stills_and_videos_whichever_comes_first(
    household: Household,
    obama: Path,
    first: str,
    seconds: int,
    days: int,
    own: str | None,
    other: str | None,
    belong: bool,
) -> None:
    def put_still() -> None:
        write_still(household.inbox / "IMG_9.jpg", identifier=own, taken=TAKEN)

    def put_video() -> None:
        date = TAKEN + timedelta(days=days)
        write_clip(household.inbox / "IMG_9.mov", obama, seconds, identifier=other, taken=date)

    for step in [put_still, put_video] if first == "still" else [put_video, put_still]:
        step()
        household.scan()
    assert kinds(household) == ([("clip", 0), ("photo", 0)] if belong else [("photo", 0), ("video", 1)])


@pytest.mark.parametrize(
    ("still", "name", "target", "follows"),
    [
        ("IMG_1.HEIC", "IMG_1_HEVC.MOV", "2018.HEIC", "2018_HEVC.MOV"),
        ("IMG_1.JPG", "IMG_1.JPG.MP4", "2018.JPG", "2018.JPG.MP4"),
        ("PXL_1.MP.jpg", "PXL_1.MP", "2018.jpg", "2018.MP"),
        ("IMG_1.JPG", "img_1.mov", "2018.JPG", "2018.mov"),
    ],
)
def test_a_clip_follows_its_still_and_back_and_keeps_the_form_of_its_name(
    household: Household, clip: Path, still: str, name: str, target: str, follows: str
) -> None:
    household.rule({"name": "by year", "then": [{"move": f"{household.out}/{{taken:%Y}}{{suffix}}"}]})
    write_still(household.inbox / still, taken=TAKEN)
    put(clip, household.inbox / name)
    planned = [step["target"] for plan in household.json("plan")["plans"] for step in plan["operations"]]
    assert sorted(planned) == sorted(str(household.out / moved) for moved in (target, follows))
    household.scan()
    assert kinds(household) == [("clip", 0), ("photo", 0)]
    assert below(household.out) == sorted([target, follows])
    household.ask("undo", "--last")
    assert below(household.inbox) == sorted([still, name])


def test_of_two_short_videos_beside_a_still_the_one_with_the_nearest_name_is_its_clip(
    household: Household, clip: Path
) -> None:
    put(clip, household.inbox / "IMG_1.MOV")
    write_still(household.inbox / "IMG_1.HEIC")
    household.scan()
    assert kinds(household) == [("clip", 0), ("photo", 0)]
    write_clip(household.inbox / "IMG_1_HEVC.MOV", None, 1)
    household.scan()
    assert kinds(household) == [("clip", 0), ("photo", 0), ("video", 1)]


def test_a_pair_that_is_moved_by_hand_stays_a_pair(household: Household, clip: Path) -> None:
    write_still(household.inbox / "IMG_9.jpg")
    put(clip, household.inbox / "IMG_9.mov")
    household.scan()
    household.rule({"name": "videos", "when": {"kind": "video"}, "then": [{"copy": f"{household.out}/"}]})
    (household.inbox / "trip").mkdir()
    for name in ("IMG_9.mov", "IMG_9.jpg"):
        (household.inbox / name).rename(household.inbox / "trip" / name)
    household.scan()
    assert kinds(household) == [("clip", 0), ("photo", 0)]
    assert below(household.out) == []


def test_a_clip_of_which_another_copy_has_the_still_stays_a_clip(household: Household, clip: Path) -> None:
    still = write_still(household.inbox / "IMG_9.jpg")
    put(clip, household.inbox / "IMG_9.mov")
    (household.inbox / "album").mkdir()
    for name in ("IMG_9.jpg", "IMG_9.mov"):
        put(household.inbox / name, household.inbox / "album" / name)
    household.scan()
    still.unlink()
    household.scan()
    assert kinds(household) == [("clip", 0), ("photo", 0)]
    (household.inbox / "album" / "IMG_9.jpg").unlink()
    household.scan()
    assert kinds(household) == [("photo", 0), ("video", 1)]


def test_a_running_daemon_joins_and_parts_them_and_so_does_one_that_was_stopped(
    household: Household, clip: Path
) -> None:
    put(clip, household.inbox / "IMG_9.mov")
    still = household.inbox / "IMG_9.jpg"
    with household.running() as daemon:
        daemon.wait_for("photo.seen", faces=1)
        write_still(still)
        daemon.wait_for("clip.joined", path=str(still.with_suffix(".mov")))
        still.unlink()
        daemon.wait_for("clip.parted", path=str(still.with_suffix(".mov")))
        daemon.wait_for("photo.recognised", count=2)
    assert kinds(household) == [("photo", 0), ("video", 1)]
    write_still(still)
    with household.running() as daemon:
        daemon.wait_for("file.pending", path=str(still))
        daemon.wait_for("clip.joined", path=str(still.with_suffix(".mov")))
    still.unlink()
    household.scan()
    assert kinds(household) == [("photo", 0), ("video", 1)]
