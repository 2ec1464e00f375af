"""An export replaces what familiar wrote itself, and nothing else: whoever comes in between, and wherever it dies."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from familiar.errors import RetryError, UsageError
from familiar.filesystem.files import no_pulse
from familiar.library.clusters.folders.contents import read_folder
from familiar.library.clusters.folders.descriptors import move_new, opened_in
from familiar.library.clusters.folders.export import choose_portions
from familiar.library.clusters.folders.face_markers import FaceMarker, crop_name, marked
from familiar.library.clusters.folders.manifest import (
    MANIFEST_NAME,
    ClusterManifest,
    ExportedFace,
    ExportedFolder,
    read_manifest,
    write_manifest,
)
from familiar.library.clusters.folders.recovery import recover
from familiar.library.clusters.folders.removal import give_names_back, has_sha256, remove_crop, sha256_of
from familiar.library.clusters.folders.replacement import PreviousExport, former_of, held, staging
from familiar.store.store import Store
from support.reviews import PICTURE, Review, copied, make_review

MINE = b"a picture of somebody else"
NEWER = PICTURE.replace(b"picture", b"another")


class Death:
    """Kills its own process at the n-th step."""

    def __init__(self, step: int) -> None:
        self._left = step

    def __call__(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


def dies_at(step: int, act: Callable[[Death], object]) -> bool:
    """Do something in a process that dies at the n-th step; return whether it got so far."""
    child = os.fork()
    if child == 0:
        try:
            act(Death(step))
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("original")
    make_review(base)
    with Store(base / "familiar.db") as store:
        export(Review(store=store, top=base / "faces"))
    return base


@pytest.fixture
def review(original: Path, tmp_path: Path) -> Iterator[Review]:
    with copied(original, tmp_path / "copy") as made:
        yield made


def former(review: Review) -> PreviousExport:
    return former_of(read_manifest(review.top), read_folder(review.top))


def export(
    review: Review,
    picture: bytes = PICTURE,
    before: PreviousExport | None = None,
    meanwhile: Callable[[], object] = no_pulse,
    pulse: Callable[[], None] = no_pulse,
    **wishes: object,
) -> tuple[str, ...]:
    """Export as the command does, also in a copy of this process; return what stays of the former crops."""
    review.store.use_in_this_thread()
    portions = choose_portions(review.store, **{"wanted": (), "unnamed": False, "most": None, **wishes})  # type: ignore[arg-type]
    before = before or (former(review) if (review.top / MANIFEST_NAME).exists() else None)
    with staging(review.top, before, pulse) as stage:
        faces = {face.id: stage.add(portion.name, face, picture) for portion in portions for face in portion.faces}
        meanwhile()
        folders = {one.name: ExportedFolder(person=one.person, clusters=one.clusters) for one in portions}
        return stage.finish(ClusterManifest(folders=folders, faces=faces))[1]


def rename_a_cluster(review: Review) -> None:
    review.store.decisions.clusters.name(1, "Bob", references=())


def tree(top: Path) -> dict[str, bytes]:
    """All files below a folder, the manifest apart."""
    files = (path for path in top.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(top)): path.read_bytes() for path in files if path.name != MANIFEST_NAME}


THEIRS = {
    "cluster-1/.picasa.ini": MINE,
    "cluster-1/@eaDir/small.jpg": MINE,
    "cluster-2/.deep/down/a.jpg": MINE,
    "_ignore/.hidden.jpg": MINE,
    ".familiar-export-notes": MINE,
}


def add_theirs(top: Path) -> None:
    for name, content in THEIRS.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content)


@pytest.mark.parametrize("picture", [PICTURE, NEWER])
def test_wherever_an_export_is_killed_nothing_of_others_is_gone_and_the_next_command_completes_it(
    original: Path, tmp_path: Path, picture: bytes
) -> None:
    with copied(original, tmp_path / "begun") as review:
        edited = review.path(6)
        edited.write_bytes(edited.read_bytes() + b"edited")
        export(review)
        theirs = THEIRS | {"cluster-2/face-000006.jpg": edited.read_bytes()}
        before = tree(review.top).keys() | theirs.keys()
        add_theirs(review.top)
    assert "cluster-2/face-000006 (2).jpg" in before
    after = {name.replace("cluster-1/face", "Bob/face") for name in before}
    finished, step, completed = False, 0, set()
    while not finished:
        with copied(tmp_path / "begun", tmp_path / str(step)) as review:
            rename_a_cluster(review)
            finished = not dies_at(step, lambda death: export(review, picture, pulse=death))
            assert theirs.items() <= tree(review.top).items()
            if step % 3 == 1:
                dies_at(step % 7, lambda death: recover(review.top, death))
                assert theirs.items() <= tree(review.top).items()
            recover(review.top)
            assert theirs.items() <= tree(review.top).items()
            assert (review.plan().changes, review.plan().refused) == ((), ())
            assert tree(review.top).keys() in (before, after)
            completed.add(tree(review.top).keys() == after)
            export(review, picture)
            assert tree(review.top).keys() == after
            assert read_manifest(review.top).unfinished is None
        shutil.rmtree(tmp_path / str(step))
        step += 1
    assert step > 50
    assert completed == {False, True}


def test_wherever_a_first_export_is_killed_the_next_one_finds_a_folder_that_it_can_use(
    original: Path, tmp_path: Path
) -> None:
    finished, step = False, 0
    while not finished:
        with copied(original, tmp_path / str(step)) as review:
            wanted = tree(review.top)
            shutil.rmtree(review.top)
            review.top.mkdir()
            (review.top / ".hidden").write_bytes(MINE)
            finished = not dies_at(step, lambda death: export(review, pulse=death))
            recover(review.top)
            if (review.top / MANIFEST_NAME).exists():
                assert tree(review.top) == wanted | {".hidden": MINE}
            else:
                assert tree(review.top) == {".hidden": MINE}
            export(review)
            assert tree(review.top) == wanted | {".hidden": MINE}
        step += 1
    assert step > 30


@pytest.mark.parametrize("cut", [0, 5, 115, -1])
def test_a_crop_that_was_half_written_when_an_export_was_killed_is_cleared_away(review: Review, cut: int) -> None:
    before = tree(review.top)

    def half() -> None:
        (staged,) = review.top.glob(".familiar-export-*/face-000001.*.jpg")
        staged.write_bytes(staged.read_bytes()[:cut])
        os.kill(os.getpid(), signal.SIGKILL)

    assert dies_at(10**9, lambda _death: export(review, meanwhile=half))
    recover(review.top)
    left = tree(review.top).keys() - before.keys()
    assert [name.partition(".")[0] for name in left] == (["face-000001"] if cut == 5 else [])


def test_what_others_put_into_the_hidden_folder_of_a_killed_export_comes_back_under_its_own_name(
    review: Review,
) -> None:
    before, edited = tree(review.top), marked(NEWER, FaceMarker(face=1, photo="0" * 64))

    def put_and_die() -> None:
        (hidden,) = review.top.glob(".familiar-export-*")
        (hidden / "cluster-1").mkdir()
        (hidden / "cluster-1" / crop_name(1)).write_bytes(MINE)
        (hidden / "album").mkdir()
        (hidden / "album" / "a.jpg").write_bytes(MINE)
        (hidden / "link.jpg").symlink_to(review.path(3))
        next(hidden.glob("face-000003.*")).write_bytes(edited)
        os.kill(os.getpid(), signal.SIGKILL)

    assert dies_at(10**9, lambda _death: export(review, meanwhile=put_and_die))
    recover(review.top)
    now = tree(review.top)
    assert {name: now[name] for name in before} == before
    left = {name: now[name] for name in now.keys() - before.keys()}
    (staged,) = [name for name in left if name.startswith("face-000003.")]
    assert left == {"cluster-1/face-000001 (2).jpg": MINE, "album/a.jpg": MINE, staged: edited}
    assert (review.top / "link.jpg").readlink() == review.top / "cluster-1" / crop_name(3)
    assert not list(review.top.glob(".familiar-export-*"))


def test_an_export_by_an_earlier_version_is_replaced_as_far_as_its_crops_are_what_is_written_now(
    review: Review,
) -> None:
    whole = read_manifest(review.top)
    faces = {
        face: ExportedFace(folder=one.folder, cluster=one.cluster, photo=one.photo) for face, one in whole.faces.items()
    }
    write_manifest(review.top, ClusterManifest(folders=whole.folders, faces=faces))
    other = review.path(1)
    other.write_bytes(marked(NEWER, FaceMarker(face=1, photo=whole.faces[1].photo)))
    content = other.read_bytes()
    rename_a_cluster(review)
    assert export(review) == ("cluster-1/face-000001.jpg",)
    assert other.read_bytes() == content
    assert {str(path.relative_to(review.top)) for path in review.top.rglob("*.jpg")} == {*tree(review.top)}
    assert [path.name for path in (review.top / "cluster-1").iterdir()] == [other.name]


def test_a_crop_that_is_moved_or_edited_while_an_export_runs_stays_so(review: Review) -> None:
    moved, edited = review.path(6), review.path(7)
    content = edited.read_bytes() + b"edited"

    def meanwhile() -> None:
        (review.top / "Bob").mkdir()
        moved.rename(review.top / "Bob" / moved.name)
        edited.write_bytes(content)

    assert export(review, NEWER, meanwhile=meanwhile) == (f"cluster-2/{edited.name}",)
    assert (review.top / "Bob" / moved.name).exists()
    assert edited.read_bytes() == content


def test_crops_that_were_imported_are_replaced_wherever_they_lie_by_then(review: Review) -> None:
    review.rename("cluster-1", "Bob")
    review.move(6, "Bob")
    review.rename("cluster-5", "_ignore/cluster-5")
    (review.top / "_ignore" / ".mine").write_bytes(MINE)
    review.done()
    assert export(review, NEWER) == ()
    assert {name.rpartition("/")[0] for name in tree(review.top)} == {"Bob", "cluster-2", "Eileen Collins", "_ignore"}
    assert (review.top / "_ignore" / ".mine").read_bytes() == MINE
    assert review.path(6).parent.name == "Bob"
    assert not (review.top / "_ignore" / "cluster-5").exists()


def test_what_takes_the_name_of_a_new_folder_stays_and_the_folder_has_a_number(review: Review) -> None:
    rename_a_cluster(review)
    export(review, meanwhile=lambda: (review.top / "Bob").write_bytes(MINE))
    assert (review.top / "Bob").read_bytes() == MINE
    assert read_manifest(review.top).folders["Bob (2)"] == ExportedFolder(person="Bob", clusters=(1,))
    (review.top / "Bob").unlink()
    assert (review.plan().changes, review.plan().refused) == ((), ())


def test_an_export_that_another_one_has_overtaken_touches_nothing(review: Review) -> None:
    before = former(review)
    export(review, NEWER)
    after = tree(review.top)
    with pytest.raises(UsageError, match="was changed by another export or import in the meantime; export again"):
        export(review, before=before)
    assert tree(review.top) == after


def test_what_gets_in_the_way_at_the_last_moment_is_told_and_the_export_completed_later(review: Review) -> None:
    rename_a_cluster(review)
    steps: list[int] = []

    def pulse() -> None:
        steps.append(1)
        if read_manifest(review.top).unfinished is not None and not (review.top / "Bob").exists():
            (review.top / "Bob").write_bytes(MINE)

    with pytest.raises(RetryError) as caught:
        export(review, NEWER, pulse=pulse)
    assert str(caught.value) == (
        f"{review.top}: the export is incomplete; the next export or import there completes it: Bob is not a "
        "folder; move it elsewhere."
    )
    with pytest.raises(RetryError, match="can't be completed for now: Bob is not a folder; move it elsewhere"):
        recover(review.top)
    assert (review.top / "Bob").read_bytes() == MINE
    (review.top / "Bob").rename(review.top / ".bob")
    recover(review.top)
    assert len(list((review.top / "Bob").iterdir())) == 4
    assert not list(review.top.glob(".familiar-export-*"))


def test_a_manifest_that_leads_out_of_its_folder_removes_nothing_there(review: Review, tmp_path: Path) -> None:
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(MINE)
    (review.top / "link").symlink_to(tmp_path)
    with held(review.top, "") as top:
        sha256 = sha256_of(top, "cluster-1/" + crop_name(1))
        for path in ("../../outside.jpg", "link/outside.jpg", "cluster-1/../../../outside.jpg", str(outside)):
            assert sha256_of(top, path) is None
            with pytest.raises(NotADirectoryError), opened_in(top, path.rpartition("/")[0]):
                pass
    assert sha256 is not None


def test_a_file_that_takes_the_name_of_a_crop_just_before_it_is_removed_gets_its_name_back(tmp_path: Path) -> None:
    crop, holiday = tmp_path / "face-000001.jpg", tmp_path / "holiday.jpg"
    crop.write_bytes(PICTURE)
    holiday.write_bytes(MINE)

    def replaced_by_theirs(_data: bytes) -> bool:
        holiday.replace(crop)
        return True

    with held(tmp_path, "") as folder:
        assert not remove_crop(folder, crop.name, replaced_by_theirs)
    assert tree(tmp_path) == {"face-000001.jpg": MINE}


def test_a_file_that_takes_the_name_of_a_crop_while_it_is_removed_stays(tmp_path: Path) -> None:
    crop = tmp_path / "face-000001.jpg"
    crop.write_bytes(PICTURE)

    def put_mine() -> None:
        crop.write_bytes(MINE)

    with held(tmp_path, "") as folder:
        assert remove_crop(folder, crop.name, lambda data: data == PICTURE, put_mine)
    assert tree(tmp_path) == {"face-000001.jpg": MINE}


def test_a_file_that_a_killed_removal_has_renamed_gets_its_name_back_or_that_with_a_number(tmp_path: Path) -> None:
    crop = tmp_path / "deep" / "face-000001.jpg"
    crop.parent.mkdir()
    crop.write_bytes(PICTURE)

    def act(death: Death) -> None:
        with held(crop.parent, "") as folder:
            remove_crop(folder, crop.name, lambda _data: True, death)

    assert dies_at(0, act)
    assert not crop.exists()
    crop.write_bytes(MINE)
    with held(tmp_path, "") as top:
        give_names_back(top)
    assert tree(tmp_path) == {"deep/face-000001.jpg": MINE, "deep/face-000001 (2).jpg": PICTURE}


@pytest.mark.parametrize("what", ["a link", "a folder", "a pipe", "other content", "nothing", "too long a name"])
def test_what_is_not_proven_to_be_ours_is_not_removed(tmp_path: Path, what: str) -> None:
    name = "f" * 230 + ".jpg" if what == "too long a name" else "face-000001.jpg"
    crop, other = tmp_path / name, tmp_path / "other.jpg"
    other.write_bytes(PICTURE)
    acts: dict[str, Callable[[], object]] = {
        "a link": lambda: crop.symlink_to(other),
        "a folder": crop.mkdir,
        "a pipe": lambda: os.mkfifo(crop),
        "other content": lambda: crop.write_bytes(MINE),
        "nothing": crop.unlink,
        "too long a name": lambda: crop.write_bytes(PICTURE),
    }
    with suppress(FileNotFoundError):
        acts[what]()
    before = [(path.name, os.lstat(path)) for path in sorted(tmp_path.iterdir())]
    with held(tmp_path, "") as folder:
        proof = has_sha256(sha256_of(folder, "other.jpg") or "")
        assert not remove_crop(folder, crop.name, proof)
    assert [(path.name, os.lstat(path)) for path in sorted(tmp_path.iterdir())] == before


def test_a_name_that_is_taken_gets_a_number_that_fits(tmp_path: Path) -> None:
    name = "ä" * 125 + ".jpg"
    (tmp_path / name).write_bytes(MINE)
    (tmp_path / "a.jpg").write_bytes(PICTURE)
    with held(tmp_path, "") as folder:
        assert move_new(folder, "a.jpg", folder, name) == "ä" * 123 + " (2).jpg"
