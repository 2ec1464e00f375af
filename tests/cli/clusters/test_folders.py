"""familiar clusters export, import: folders as review, by real processes with real photos."""

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import put, put_variants
from familiar.embedding_models import DLIB
from familiar.library.clusters.folders.face_markers import FaceMarker, crop_name, mark_in
from familiar.library.clusters.folders.manifest import MANIFEST_NAME, read_manifest
from familiar.library.clusters.naming import name_cluster
from familiar.store.store import STORE_NAME, Store
from support.household import Household, command
from support.mounts import mounted


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory, obama: Path, biden: Path, couple: Path) -> Household:
    """A state with two clusters, of Barack Obama and Joe Biden, who are in one of the photos together; exported."""
    household = Household(base=tmp_path_factory.mktemp("album"))
    for photo, ways in ((obama, 3), (biden, 2)):
        put_variants(photo, household.inbox, ways)
    put(couple, household.inbox)
    household.scan()
    household.ask("clusters", "run")
    household.json("clusters", "export", folder(household))
    return household


@pytest.fixture
def home(album: Household, tmp_path: Path) -> Household:
    """A household of its own with the state and the export of the album, whose photos it shares."""
    household = Household.like(album, tmp_path)
    shutil.copytree(folder(album), folder(household))
    return household


def folder(household: Household) -> Path:
    return household.base / "faces of clusters"


def crops(household: Household, name: str) -> list[Path]:
    return sorted((folder(household) / name).glob("*.jpg"))


def clusters(household: Household) -> dict[str, tuple[int, int]]:
    """Id and number of faces of each cluster, by name or kind."""
    with opened(household) as store:
        return {row.name or f"{row.kind} {row.id}": (row.id, row.faces) for row in store.clusters.all()}


def name(household: Household, cluster: int, person: str) -> None:
    with opened(household) as store:
        name_cluster(store, cluster, person, model=DLIB.id)


def opened(household: Household) -> Store:
    return Store(household.state / STORE_NAME)


def imported(household: Household, *options: str, exit_code: int = 0) -> dict[str, Any]:
    result = household.ask("clusters", "import", folder(household), "--json", *options, check=False)
    assert result.returncode == exit_code, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def told(plan: dict[str, Any]) -> list[tuple[str, int, list[str], str]]:
    return [(one["what"], len(one["faces"]), one["from"], one["to"]) for one in plan["changes"]]


def test_an_export_is_a_folder_of_square_crops_for_each_cluster_and_each_says_which_face_it_is(home: Household) -> None:
    assert {path.name for path in folder(home).iterdir()} == {
        "cluster-1",
        "cluster-2",
        "_ignore",
        "_not-a-face",
        MANIFEST_NAME,
    }
    assert (len(crops(home, "cluster-1")), len(crops(home, "cluster-2"))) == (4, 3)
    with opened(home) as store:
        photos = {face.id: face.hash for face in store.clusters.faces(1)}
    for path in crops(home, "cluster-1"):
        mark = mark_in(path.read_bytes())
        assert mark is not None
        assert (path.name, mark) == (crop_name(mark.face), FaceMarker(face=mark.face, photo=photos[mark.face]))
        with Image.open(path) as picture:
            assert (picture.format, picture.size) == ("JPEG", (256, 256))
    assert read_manifest(folder(home)).folders["cluster-2"].clusters == (2,)


def test_a_review_by_folders_does_what_its_plan_says_and_all_of_it_can_be_undone(
    home: Household, album: Household
) -> None:
    photos = album.tree(album.inbox)
    before, top = clusters(home), folder(home)
    (top / "cluster-1").rename(top / "Barack Obama")
    crops(home, "Barack Obama")[0].unlink()
    crops(home, "cluster-2")[0].rename(top / "_not-a-face" / crops(home, "cluster-2")[0].name)
    wanted = [
        ("not a face", 1, ["cluster-2"], "_not-a-face"),
        ("take out", 1, ["cluster-1"], ""),
        ("name", 3, ["cluster-1"], "Barack Obama"),
    ]
    for options in ((), ("--dry-run", "--yes")):
        plan = imported(home, *options)
        assert (told(plan), plan["done"], plan["refused"], plan["left"]) == (wanted, False, [], [])
    assert clusters(home) == before
    done = imported(home, "--yes")
    assert (told(done), done["done"], [one["error"] for one in done["changes"]]) == (wanted, True, [None] * 3)
    assert clusters(home) == {"Barack Obama": (1, 3), "unnamed 2": (2, 2)}
    assert home.ask("clusters", "import", folder(home), "--yes").stdout == "Nothing to do.\n"
    with opened(home) as store:
        assert [(one.name, one.faces) for one in store.people.all()] == [("Barack Obama", 3)]
        assert [event.id for event in store.decisions.log.events()] == [3, 2, 1]
        for _ in range(3):
            store.decisions.undo()
    assert clusters(home) == before
    assert album.tree(album.inbox) == photos


def test_without_a_terminal_the_plan_is_shown_and_how_to_apply_it(home: Household) -> None:
    (folder(home) / "cluster-2").rename(folder(home) / "Joe [Biden]")
    shutil.rmtree(folder(home) / "cluster-1")
    shown = home.ask("clusters", "import", folder(home)).stdout.splitlines()
    assert [line.split() for line in shown] == [
        ["what", "faces", "from", "to", "because"],
        ["name", "3", "cluster-2", "Joe", "[Biden]", "a", "new", "person"],
        [
            *("unchanged", "4", "cluster-1", "all", "of", "its", "crops", "are", "gone,", "which", "may", "be"),
            *("an", "accident,", "so", "nothing", "is", "decided"),
        ],
        ["Nothing", "was", "done;", "--yes", "applies", "the", "changes."],
    ]
    assert home.ask("clusters", "import", folder(home), "--yes").stdout.splitlines()[-1] == (
        "1 done, 0 not done, 0 refused; `familiar clusters log` shows the events."
    )


@pytest.mark.parametrize(("answer", "named"), [("n", False), ("y", True)])
def test_on_a_terminal_it_is_asked_first(home: Household, answer: str, named: bool) -> None:
    (folder(home) / "cluster-2").rename(folder(home) / "Joe Biden")
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            command("clusters", "import", folder(home)),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=home.whole_environment(),
        )
        os.write(ours, f"{answer}\n".encode())
        output, _ = process.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (process.returncode, b"Apply 1 change?" in output) == (0, True)
    assert ("Joe Biden" in clusters(home)) is named


def test_what_is_refused_or_fails_is_told_and_the_rest_is_done(home: Household) -> None:
    top = folder(home)
    name(home, 2, "Joe Biden")
    with opened(home) as store:
        store.decisions.clusters.refuse(1, "Joe Biden")
    shutil.rmtree(top / "cluster-2")
    (top / "cluster-1").rename(top / "joe biden")
    first, second, *_ = crops(home, "joe biden")
    first.rename(top / "_ignore" / first.name)
    (top / "notes.txt").write_text("mine")
    told_ = imported(home, "--yes", exit_code=1)
    errors = [(one["what"], one["error"]) for one in told_["changes"]]
    assert errors[0][1].startswith("Cluster 1 was refused for 'Joe Biden' before")
    assert errors[1:] == [("ignore", None)]
    assert [one["path"] for one in told_["refused"]] == ["notes.txt"]
    assert "ignored 3" in clusters(home)
    shown = home.ask("clusters", "import", top, "--yes", check=False)
    assert (shown.returncode, shown.stdout.splitlines()[-1]) == (
        1,
        "0 done, 1 not done, 1 refused; `familiar clusters log` shows the events.",
    )
    assert second.exists()


def test_an_export_leaves_out_what_is_not_asked_for(home: Household) -> None:
    name(home, 2, "Joe/Biden")
    with opened(home) as store:
        store.decisions.clusters.ignore(1)
        nearest = [face.id for face in store.clusters.faces(2)][:2]
    told_ = home.json("clusters", "export", home.base / "new" / "all", "--max", "2")
    assert [(one["folder"], one["person"], one["clusters"], len(one["faces"])) for one in told_["folders"]] == [
        ("Joe_Biden", "Joe/Biden", [2], 2)
    ]
    assert told_["folders"][0]["faces"] == nearest
    nobody = home.ask("clusters", "export", home.base / "nobody", "--unnamed", check=False)
    assert (nobody.returncode, nobody.stderr, (home.base / "nobody").exists()) == (
        1,
        "error: There are no clusters to export; `familiar clusters run` groups faces.\n",
        False,
    )
    both = home.ask("clusters", "export", home.base / "x", "--cluster", "2", "--unnamed", check=False)
    assert (both.returncode, both.stderr.startswith("error: --cluster and --unnamed can't be used together")) == (
        2,
        True,
    )


def test_an_export_is_replaced_only_on_request_and_only_if_nothing_in_it_waits(home: Household) -> None:
    top = folder(home)
    again = home.ask("clusters", "export", top, check=False)
    assert (again.returncode, again.stderr.startswith(f"error: {top}: has an earlier export;")) == (2, True)
    (top / "cluster-1").rename(top / "Obama")
    waiting = home.ask("clusters", "export", top, "--again", check=False)
    assert f"{top}: has 1 change not imported yet" in waiting.stderr
    (top / "Obama").rename(top / "cluster-1")
    (top / "cluster-1" / "notes.txt").write_text("mine")
    foreign = home.ask("clusters", "export", top, "--again", check=False)
    assert f"{top}: cluster-1/notes.txt can't be replaced" in foreign.stderr
    (top / "cluster-1" / "notes.txt").unlink()
    (top / ".familiar-export-0123abcd").mkdir()
    name(home, 1, "Barack Obama")
    home.ask("clusters", "export", top, "--again", "--max", "1")
    found = {str(path.relative_to(top)) for path in top.rglob("*")}
    assert {name.split("/")[0] for name in found} == {
        "Barack Obama",
        "cluster-2",
        "_ignore",
        "_not-a-face",
        MANIFEST_NAME,
    }
    assert len(crops(home, "Barack Obama")) == 1


def test_faces_whose_photos_are_gone_stay_where_they_are(home: Household, album: Household) -> None:
    moved = album.inbox.rename(album.inbox.with_name("elsewhere"))
    try:
        result = home.ask("clusters", "export", home.base / "none", check=False)
        assert (result.returncode, result.stderr) == (
            1,
            "error: Nothing was exported: 7 faces, but no photo of them can be read.\n",
        )
        assert not (home.base / "none").exists()
        album.inbox.mkdir()
        shutil.copy2(moved / "biden-0.jpg", album.inbox)
        some = home.json("clusters", "export", home.base / "some")
        assert (len(some["folders"]), len(some["without_photo"])) == (1, 6)
    finally:
        shutil.rmtree(album.inbox, ignore_errors=True)
        moved.rename(album.inbox)


def test_a_folder_that_can_not_be_used_is_refused_with_what_is_wrong(home: Household, album: Household) -> None:
    top = folder(home)
    full, other = home.base / "full", home.base / "other"
    full.mkdir()
    (full / "holiday.jpg").write_text("")
    shutil.copytree(top, other)
    whole = json.loads((other / MANIFEST_NAME).read_text())
    for face in whole["faces"].values():
        face["photo"] = "0" * 64
    (other / MANIFEST_NAME).write_text(json.dumps(whole))
    (top / MANIFEST_NAME).write_text("{")
    for arguments, message in (
        (("export", album.inbox / "x"), f"{album.inbox / 'x'} is in {album.inbox}, which is watched,"),
        (("export", full), f"{full}: is not empty (it has 'holiday.jpg'); use a folder that is new or empty."),
        (("export", top), f"{top / MANIFEST_NAME}: is damaged or was not written by familiar (Invalid JSON"),
        (("import", full), f"{full}: has no export: there is no {MANIFEST_NAME} in it;"),
        (("import", other), f"{other}: was exported from another store; none of its faces is known here."),
    ):
        result = home.ask("clusters", *arguments, check=False)
        assert (result.returncode, result.stderr.startswith(f"error: {message}")) == (2, True), result.stderr
        assert "Traceback" not in result.stderr


def test_a_full_disk_leaves_the_folder_as_it_was(home: Household) -> None:
    disk = home.base / "disk"
    with mounted(disk, "size=128k"):
        target = disk / "new"
        result = home.ask("clusters", "export", target, check=False)
        assert (result.returncode, result.stderr) == (
            1,
            f"error: {target}: nothing was exported: No space left on device.\n",
        )
        assert list(disk.iterdir()) == []
        home.ask("clusters", "export", disk, "--max", "1")
        small = {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}
        again = home.ask("clusters", "export", disk, "--again", check=False)
        assert (again.returncode, "No space left on device" in again.stderr) == (1, True)
        assert {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()} == small
