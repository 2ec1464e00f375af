"""What it means to rename, move, copy, add and delete in an exported folder, and what becomes of it in the store."""

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from familiar.errors import UsageError
from familiar.library.clusters.folders.export import check_target, choose_portions, refuse_watched
from familiar.library.clusters.folders.face_markers import FaceMarker, crop_name, face_named, mark_in, marked
from familiar.library.clusters.folders.manifest import (
    MANIFEST_NAME,
    ExportedFolder,
    read_manifest,
)
from familiar.library.clusters.folders.plan import ImportChange
from familiar.library.clusters.naming import name_cluster
from familiar.settings import FolderSettings
from support.reviews import CLUSTERS, MODEL, PICTURE, Review, copied, make_review


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the clusters, and a folder into which they were exported."""
    base = tmp_path_factory.mktemp("original")
    make_review(base)
    return base


@pytest.fixture
def review(original: Path, tmp_path: Path) -> Iterator[Review]:
    with copied(original, tmp_path / "copy") as made:
        yield made


def nothing(_review: Review) -> None:
    pass


def rename_an_unnamed_folder_to_no_name(review: Review) -> None:
    review.rename("cluster-1", "cluster-77 (old)")


def write_a_person_in_another_way(review: Review) -> None:
    review.rename("Eileen Collins", "eileen  COLLINS")


def rename_a_crop(review: Review) -> None:
    review.path(1).rename(review.top / "cluster-1" / "best of all.jpeg")


def copy_a_crop_within_its_folder(review: Review) -> None:
    shutil.copy(review.path(1), review.top / "cluster-1" / "face-000001 (copy).jpg")


def drop_the_comment_of_a_crop(review: Review) -> None:
    review.path(1).write_bytes(PICTURE)
    review.path(1).rename(review.top / "cluster-1" / "FACE-000001 (edited).JPEG")


def let_a_file_manager_leave_its_litter(review: Review) -> None:
    for name in (".DS_Store", "cluster-1/._face-000001.jpg", "cluster-1/Thumbs.db", "_ignore/desktop.ini"):
        (review.top / name).write_bytes(b"litter")
    (review.top / "cluster-1" / "@eaDir").mkdir()


def delete_whole_folders(review: Review) -> None:
    for name in ("cluster-1", "Eileen Collins", "_ignore"):
        shutil.rmtree(review.top / name)


def delete_everything(review: Review) -> None:
    for path in review.top.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def empty_a_folder(review: Review) -> None:
    for path in (review.top / "cluster-1").iterdir():
        path.unlink()


def make_an_empty_folder(review: Review) -> None:
    (review.top / "Bob").mkdir()


def name_it_in_the_store_as_well(review: Review) -> None:
    review.rename("cluster-1", "Bob")
    name_cluster(review.store, 1, "bob", model=MODEL)


def merge_it_in_the_store_as_well(review: Review) -> None:
    for face in CLUSTERS[1]:
        review.move(face, "cluster-1")
    review.store.decisions.clusters.merge(2, 1)


def leave_alone_what_was_decided_since(review: Review) -> None:
    review.store.decisions.faces.take_out(1, [1])
    review.store.decisions.faces.place(2, [3])
    review.store.decisions.clusters.name(5, "Carl", references=())


@pytest.mark.parametrize(
    "act",
    [
        nothing,
        rename_an_unnamed_folder_to_no_name,
        write_a_person_in_another_way,
        rename_a_crop,
        copy_a_crop_within_its_folder,
        drop_the_comment_of_a_crop,
        let_a_file_manager_leave_its_litter,
        delete_whole_folders,
        delete_everything,
        empty_a_folder,
        make_an_empty_folder,
        name_it_in_the_store_as_well,
        merge_it_in_the_store_as_well,
        leave_alone_what_was_decided_since,
    ],
)
def test_what_says_nothing_new_changes_nothing(review: Review, act: Callable[[Review], None]) -> None:
    act(review)
    plan = review.plan()
    assert (plan.changes, plan.refused) == ((), ())
    before = review.groups()
    assert review.done() == before


def test_what_is_gone_as_a_whole_is_told_and_left_as_it_is(review: Review) -> None:
    delete_whole_folders(review)
    assert [(one.folder, one.faces) for one in review.plan().left] == [("cluster-1", 4), ("Eileen Collins", 5)]
    assert "nothing is decided" in review.plan().left[0].reason
    review.done()
    assert [one.folder for one in review.plan().left] == ["cluster-1", "Eileen Collins"]


def test_a_renamed_folder_is_a_name_and_weeding_it_takes_faces_out(review: Review) -> None:
    review.rename("cluster-1", "Bob")
    review.path(1).unlink()
    review.path(3).unlink()
    review.move(6, "Bob")
    assert review.told() == [
        ("take out", (1, 3), ""),
        ("name", (4, 5), "Bob"),
        ("place", (6,), "Bob"),
    ]
    assert [one.note for one in review.plan().changes] == ["", "a new person", ""]
    assert review.done()["Bob"] == [(4, 5, 6)]
    assert read_manifest(review.top).folders["Bob"] == ExportedFolder(person="Bob", clusters=(1,))


@pytest.mark.parametrize("name", ["eileen collins", "EILEEN  Collins"])
def test_a_name_in_another_case_is_the_person_who_is_known(review: Review, name: str) -> None:
    shutil.rmtree(review.top / "Eileen Collins")
    review.rename("cluster-1", name)
    assert (review.told(), review.plan().changes[0].note) == ([("name", (1, 3, 4, 5), "Eileen Collins")], "")
    assert review.done()["Eileen Collins"] == [(1, 3, 4, 5), (9, 10, 11), (12, 13)]


def test_a_name_in_another_unicode_form_is_the_person_who_is_known(review: Review) -> None:
    name_cluster(review.store, 2, "Zoë", model=MODEL)
    review.rename("cluster-1", unicodedata.normalize("NFD", "Zoë"))
    assert review.told() == [("name", (1, 3, 4, 5), "Zoë")]
    assert review.done()["Zoë"] == [(1, 3, 4, 5), (6, 7, 8)]


def test_the_folder_of_a_person_renamed_names_the_clusters_and_leaves_the_person(review: Review) -> None:
    review.rename("Eileen Collins", "Bob")
    assert review.told() == [("name", (9, 10, 11), "Bob"), ("name", (12, 13), "Bob")]
    assert review.plan().changes[0].note == (
        "cluster 3 is not 'Eileen Collins' but 'Bob'; to give the person another name instead: "
        "familiar people rename 'Eileen Collins' Bob"
    )
    assert review.done()["Bob"] == [(9, 10, 11), (12, 13)]
    assert {person.name for person in review.store.people.all()} == {"Bob", "Eileen Collins"}


def test_the_folder_of_a_person_renamed_to_no_name_is_left_as_it_is(review: Review) -> None:
    review.rename("Eileen Collins", "cluster-3")
    (left,) = review.plan().left
    assert (review.told(), left.folder, left.faces) == ([], "Eileen Collins", 5)
    assert "'cluster-3' is not a name, so the cluster remains 'Eileen Collins'" in left.reason


def test_a_moved_crop_belongs_to_the_other_folder_and_for_a_person_to_the_largest_cluster(review: Review) -> None:
    review.move(1, "cluster-2")
    review.move(3, "Eileen Collins")
    assert review.told() == [("place", (3,), "Eileen Collins"), ("place", (1,), "cluster-2")]
    assert review.done() == {
        "unnamed": [(4, 5), (1, 6, 7, 8), (2, 14)],
        "Eileen Collins": [(3, 9, 10, 11), (12, 13)],
    }


def test_crops_in_a_new_folder_are_a_new_cluster_that_stays_apart_from_the_old_one(review: Review) -> None:
    review.move(1, "Bob")
    review.move(3, "Bob")
    review.move(6, "cluster-99")
    review.move(14, "cluster-99")
    assert review.told() == [("new cluster", (1, 3), "Bob"), ("new cluster", (6, 14), "cluster-99")]
    assert review.done() == {
        "unnamed": [(4, 5), (7, 8), (2,), (6, 14)],
        "Eileen Collins": [(9, 10, 11), (12, 13)],
        "Bob": [(1, 3)],
    }
    apart = review.store.rounds.to_group(MODEL, min_size=0, same_photo=True).apart
    assert {frozenset(pair) for pair in apart} >= {frozenset((1, 4))}


def test_a_new_folder_of_a_person_who_was_not_exported_is_that_person(review: Review, tmp_path: Path) -> None:
    again = Review(store=review.store, top=tmp_path / "unnamed")
    again.export(unnamed=True)
    assert not (again.top / "Eileen Collins").exists()
    again.move(1, "eileen collins")
    assert again.told() == [("place", (1,), "eileen collins")]
    assert again.done()["Eileen Collins"] == [(1, 9, 10, 11), (12, 13)]


@pytest.mark.parametrize("gone", [True, False])
def test_all_crops_of_a_folder_in_another_one_merge_the_two(review: Review, gone: bool) -> None:
    for face in CLUSTERS[1]:
        review.move(face, "Eileen Collins")
    if gone:
        (review.top / "cluster-2").rmdir()
    assert review.told() == [("merge", (6, 7, 8), "Eileen Collins")]
    assert review.done()["Eileen Collins"] == [(6, 7, 8, 9, 10, 11), (12, 13)]


def test_crops_of_several_folders_in_a_new_one_are_one_cluster_of_that_name(review: Review) -> None:
    for face in (*CLUSTERS[0], *CLUSTERS[1]):
        review.move(face, "Bob")
    assert review.told() == [("name", (1, 3, 4, 5), "Bob"), ("merge", (6, 7, 8), "Bob")]
    assert review.done()["Bob"] == [(1, 3, 4, 5, 6, 7, 8)]


def test_some_crops_of_a_folder_that_is_gone_are_placed_and_the_rest_is_left(review: Review) -> None:
    review.move(6, "cluster-1")
    shutil.rmtree(review.top / "cluster-2")
    assert review.told() == [("place", (6,), "cluster-1")]
    assert [(one.folder, one.faces) for one in review.plan().left] == [("cluster-2", 2)]
    assert review.done()["unnamed"] == [(1, 3, 4, 5, 6), (7, 8), (2, 14)]


def test_two_faces_of_one_photo_are_not_merged_and_the_others_go_on(review: Review) -> None:
    for face in CLUSTERS[4]:
        review.move(face, "cluster-1")
    review.rename("cluster-2", "Bob")
    (error,) = [outcome.error for outcome in review.carry_out() if outcome.error]
    assert error.startswith("Clusters 5 and 1 have faces in one photo")
    assert review.groups()["Bob"] == [(6, 7, 8)]
    assert review.told() == [("merge", (2, 14), "cluster-1")]


def test_nothing_comes_into_a_cluster_that_could_not_be_named(review: Review) -> None:
    review.store.decisions.clusters.refuse(1, "Eileen Collins")
    shutil.rmtree(review.top / "Eileen Collins")
    review.rename("cluster-1", "eileen collins")
    review.move(6, "eileen collins")
    before = review.groups()
    errors = [outcome.error or "" for outcome in review.carry_out()]
    assert errors[0].startswith("Cluster 1 was refused for 'Eileen Collins' before")
    assert errors[1:] == ["not tried, because 'eileen collins' could not be named"]
    assert review.groups() == before


def test_a_deleted_crop_is_taken_out_and_never_comes_back(review: Review) -> None:
    review.path(1).unlink()
    review.path(12).unlink()
    assert review.told() == [("take out", (1,), ""), ("take out", (12,), "")]
    assert review.done()["unnamed"] == [(3, 4, 5), (6, 7, 8), (2, 14)]
    (review.top / "cluster-1" / crop_name(1)).write_bytes(review.crop(1))
    assert review.told() == [("place", (1,), "cluster-1")]


def test_faces_that_were_not_exported_stay_where_they_are(review: Review, tmp_path: Path) -> None:
    again = Review(store=review.store, top=tmp_path / "few")
    again.export(most=2)
    assert again.told() == []
    again.path(1).unlink()
    again.rename("cluster-1", "Bob")
    assert again.done()["Bob"] == [(3, 4, 5)]


def test_a_folder_in_ignore_is_ignored_and_so_are_crops_as_clusters_of_their_own(review: Review) -> None:
    review.rename("cluster-2", "_ignore/cluster-2")
    review.move(1, "_ignore")
    review.move(9, "_ignore")
    assert sorted(review.told()) == [
        ("ignore", (1,), "_ignore"),
        ("ignore", (6, 7, 8), "_ignore"),
        ("ignore", (9,), "_ignore"),
    ]
    assert review.done()["ignored"] == [(6, 7, 8), (1,), (9,)]
    review.move(6, "cluster-1")
    assert review.told() == [("place", (6,), "cluster-1")]


def test_a_person_is_not_ignored(review: Review) -> None:
    review.rename("Eileen Collins", "_ignore/Eileen Collins")
    assert review.told() == []
    assert "'Eileen Collins' can't be ignored" in review.refused()["_ignore: Eileen Collins"]


def test_what_is_put_into_not_a_face_is_none(review: Review) -> None:
    review.move(1, "_not-a-face")
    review.rename("cluster-2", "_not-a-face/cluster-2")
    assert review.told() == [("not a face", (1,), "_not-a-face"), ("not a face", (6, 7, 8), "_not-a-face")]
    assert review.done()["unnamed"] == [(3, 4, 5), (2, 14)]


def test_a_copy_in_another_folder_is_refused_and_neither_is_applied(review: Review) -> None:
    shutil.copy(review.path(1), review.top / "cluster-2")
    assert review.told() == []
    reason = "face 1 is in cluster-1 and in cluster-2; keep it in one of them, and delete the copies"
    assert review.refused() == {"cluster-1/face-000001.jpg": reason, "cluster-2/face-000001.jpg": reason}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("any", "The name 'any' is reserved in rules; choose another"),
        ("Unknown", "The name 'Unknown' is reserved in rules; choose another"),
        ("a\nb", "The name 'a�b' has the control character U+000A; leave it out"),
        ("x" * 201, "The name 'xxxxxxxxxxxxxxxxxxxx'... has 201 characters; at most 200 are allowed"),
    ],
)
def test_a_folder_with_a_name_that_nobody_can_have_is_refused_with_all_in_it(
    review: Review, name: str, reason: str
) -> None:
    review.rename("cluster-1", name)
    review.path(1).unlink()
    review.move(6, name)
    assert (review.told(), review.refused()) == ([], {name: reason})


def test_foreign_files_are_refused_and_stop_nothing(review: Review, tmp_path: Path) -> None:
    top = review.top
    (top / "notes.txt").write_text("mine")
    (top / "cluster-1" / "holiday.png").write_bytes(b"\x89PNG")
    (top / "cluster-1" / "face-000099.jpg").write_bytes(PICTURE)
    (top / "cluster-2" / "strange.jpg").write_bytes(marked(PICTURE, FaceMarker(face=1, photo="f" * 64)))
    (top / "cluster-2" / "newer.jpg").write_bytes(marked(PICTURE, FaceMarker(face=99, photo="f" * 64)))
    (top / "cluster-2" / "link.jpg").symlink_to(review.path(1))
    (top / "linked").symlink_to(tmp_path)
    os.mkfifo(top / "cluster-2" / "pipe.jpg")
    (top / "cluster-2" / "deeper").mkdir()
    (top / os.fsdecode(b"caf\xe9")).mkdir()
    (top / "cluster-5" / os.fsdecode(b"caf\xe9.jpg")).write_bytes(review.crop(3))
    review.move(5, "", origin="cluster-1")
    before = signatures(top)
    review.move(9, "cluster-5")
    foreign = "it is not a crop of this export: neither a comment in it nor its name says which face it shows"
    assert review.refused() == {
        "notes.txt": foreign,
        "cluster-1/holiday.png": foreign,
        "cluster-1/face-000099.jpg": foreign,
        "cluster-2/strange.jpg": "its face 1 is in another photo in this store: it was exported from another store",
        "cluster-2/newer.jpg": "its face 99 is unknown in this store",
        "cluster-2/link.jpg": "a symbolic link, which is not followed",
        "linked": "a symbolic link, which is not followed",
        "cluster-2/pipe.jpg": "not a regular file",
        "cluster-2/deeper": "a folder within a folder; move its content one level up",
        os.fsdecode(b"caf\xe9"): "its name is not UTF-8",
        os.fsdecode(b"cluster-5/caf\xe9.jpg"): "its name is not UTF-8",
        "face-000005.jpg": "it is not in a folder; move it into one",
    }
    review.carry_out()
    assert review.groups()["unnamed"][2] == (2, 9, 14)
    moved = top / "Eileen Collins" / crop_name(9)
    assert {path: found for path, found in before.items() if path != moved}.items() <= signatures(top).items()


def signatures(top: Path) -> dict[Path, tuple[int, ...]]:
    """Return what tells a change of each file below a folder, but for the manifest."""
    found = {path: os.lstat(path) for path in top.rglob("*") if path.name != MANIFEST_NAME and not path.is_dir()}
    return {path: (one.st_ino, one.st_mode, one.st_size, one.st_mtime_ns) for path, one in found.items()}


@pytest.mark.parametrize("what", ["an edited crop", "a folder", "an unreadable name"])
def test_crops_are_not_taken_for_deleted_while_they_may_be_in_what_can_not_be_read(review: Review, what: str) -> None:
    if what == "an edited crop":
        review.path(1).write_bytes(PICTURE)
        review.path(1).rename(review.top / "cluster-1" / "eileen at the beach.jpg")
    elif what == "a folder":
        review.move(1, "cluster-1/wrong")
    else:
        review.move(1, os.fsdecode(b"caf\xe9"))
    (left,) = review.plan().left
    assert (review.told(), len(review.refused())) == ([], 1)
    assert (left.folder, left.faces, "may be among the files that are refused" in left.reason) == ("cluster-1", 1, True)


def test_the_comment_wins_over_the_file_name(review: Review) -> None:
    review.path(1).rename(review.top / "aside.jpg")
    review.path(3).rename(review.top / "cluster-1" / crop_name(1))
    (review.top / "aside.jpg").rename(review.top / "cluster-2" / crop_name(3))
    assert review.told() == [("place", (1,), "cluster-2")]


def test_a_crop_of_another_export_of_the_same_store_can_be_added(review: Review, tmp_path: Path) -> None:
    again = Review(store=review.store, top=tmp_path / "one")
    again.export(wanted=(1,))
    (again.top / "cluster-1" / crop_name(6)).write_bytes(review.crop(6))
    (again.top / "Bob").mkdir()
    (again.top / "Bob" / "anything.jpg").write_bytes(review.crop(14))
    assert again.told() == [("new cluster", (14,), "Bob"), ("place", (6,), "cluster-1")]
    assert again.done()["Bob"] == [(14,)]


def test_what_was_decided_since_the_export_is_not_reverted(review: Review) -> None:
    decisions = review.store.decisions
    decisions.faces.place(2, [1])
    decisions.faces.take_out(1, [3])
    name_cluster(review.store, 5, "Carl", model=MODEL)
    review.move(1, "Eileen Collins")
    review.move(3, "_ignore")
    review.rename("cluster-5", "Bob")
    since = "now, decided after the export, so it is not moved; export again"
    assert review.told() == []
    assert review.refused() == {
        "Bob": "cluster 5 was named 'Carl' after the export, so it is not named 'Bob'",
        "Eileen Collins": f"face 1 is in cluster 2 {since}",
        "_ignore": f"face 3 is in no cluster {since}",
    }


def test_clusters_that_became_one_are_named_once(review: Review) -> None:
    review.store.decisions.clusters.merge(2, 1)
    review.rename("cluster-2", "Bob")
    assert review.told() == [("name", (6, 7, 8), "Bob")]
    review.rename("cluster-1", "Carl")
    assert review.told() == []
    assert review.refused()["Bob"] == "cluster 1 would get two names, 'Bob' and 'Carl'"
    review.rename("Carl", "cluster-1")
    assert review.done()["Bob"] == [(1, 3, 4, 5, 6, 7, 8)]


def test_all_that_was_done_can_be_undone(review: Review) -> None:
    before = review.groups()
    review.rename("cluster-1", "Bob")
    review.path(1).unlink()
    review.move(2, "Carl")
    for face in CLUSTERS[1]:
        review.move(face, "Eileen Collins")
    review.move(9, "_ignore")
    review.move(12, "_not-a-face")
    after = review.done()
    assert after == {
        "Eileen Collins": [(6, 7, 8, 10, 11), (13,)],
        "Bob": [(3, 4, 5)],
        "unnamed": [(14,)],
        "Carl": [(2,)],
        "ignored": [(9,)],
    }
    while review.groups() != before:
        review.store.decisions.undo()
    assert len([event for event in review.store.decisions.log.events() if event.undone_at is None]) == 2


FOLDERS = (
    "cluster-1",
    "cluster-2",
    "cluster-5",
    "Eileen Collins",
    "_ignore",
    "_not-a-face",
    "Bob",
    "bob",
    "any",
    "cluster-9",
)

ACTS = st.one_of(
    st.tuples(st.just("move"), st.sampled_from(range(1, 15)), st.sampled_from(FOLDERS)),
    st.tuples(st.just("empty"), st.sampled_from(FOLDERS), st.sampled_from(FOLDERS)),
    st.tuples(st.just("rename"), st.sampled_from(FOLDERS), st.sampled_from(FOLDERS)),
    st.tuples(st.just("delete"), st.sampled_from(range(1, 15)), st.just("")),
)


def act(review: Review, what: str, which: int | str, folder: str) -> None:
    crops = list(review.top.rglob(crop_name(which))) if isinstance(which, int) else []
    source = review.top / str(which)
    if what == "move" and crops:
        review.move(int(which), folder)
    elif what == "delete" and crops:
        crops[0].unlink()
    elif what == "empty" and source.is_dir() and which != folder:
        (review.top / folder).mkdir(exist_ok=True)
        for path in source.glob("*.jpg"):
            path.rename(review.top / folder / path.name)
    elif what == "rename" and source.is_dir() and not (review.top / folder).exists():
        review.rename(str(which), folder)


def faces_in(changes: Sequence[ImportChange]) -> set[int]:
    return {face for change in changes for face in change.faces}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rounds=st.lists(st.lists(ACTS, max_size=12), min_size=1, max_size=2))
@example(rounds=[[("move", 2, "cluster-1"), ("move", 3, "cluster-5"), ("empty", "cluster-1", "cluster-2")]])
def test_whatever_is_done_importing_twice_is_once_and_undoing_it_brings_all_back(
    original: Path, rounds: list[list[tuple[str, int | str, str]]]
) -> None:
    with tempfile.TemporaryDirectory() as base, copied(original, Path(base) / "copy") as review:
        before = review.groups()
        for acts in rounds:
            for one in acts:
                act(review, *one)
            refused = review.refused()
            failed = [outcome.change for outcome in review.carry_out() if outcome.error]
            left = review.plan().changes  # what failed may be told in other steps, now that the rest is done
            assert faces_in(left) <= faces_in(failed), (left, failed)
            assert set(review.refused()) <= set(refused)
        while len([event for event in review.store.decisions.log.events() if event.undone_at is None]) > 2:
            review.store.decisions.undo()
        assert review.groups() == before


def test_a_person_whose_name_no_folder_can_have_is_known_by_the_safe_one(review: Review) -> None:
    name_cluster(review.store, 2, "AC/DC", model=MODEL)
    review.rename("cluster-1", "AC_DC")
    assert review.told() == [("name", (1, 3, 4, 5), "AC/DC")]


def test_a_mark_is_read_back_wherever_it_stands_and_nothing_else_is() -> None:
    mark = FaceMarker(face=123, photo="0123456789abcdef" * 4)
    whole = marked(PICTURE, mark)
    exif = b"\xff\xe1\x00\x06abcd"
    assert whole.startswith(PICTURE[:9])
    assert mark_in(whole) == mark
    assert mark_in(marked(b"\xff\xd8\xff\xdb\x00\x04ab\xff\xda", mark)) == mark
    assert mark_in(PICTURE[:2] + b"\xff\xff" + exif[1:] + whole[2:]) == mark
    for damaged in (PICTURE, b"", b"\xff\xd8", whole[:40], b"GIF89a" + whole, PICTURE[:-2] + whole[9:]):
        assert mark_in(damaged) is None
    assert mark_in(marked(PICTURE, FaceMarker(face=10**30, photo="0" * 64))) is None


@pytest.mark.parametrize(
    ("name", "face"),
    [
        ("face-000123.jpg", 123),
        ("face-000123 (2).JPG", 123),
        ("Face-1234567_edited.jpeg", 1234567),
        ("face-000123.png", None),
        ("my face-000123.jpg", None),
        (f"face-{'9' * 30}.jpg", None),
    ],
)
def test_a_file_name_says_which_face_it_is(name: str, face: int | None) -> None:
    assert face_named(name) == face


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "has no export: there is no .familiar-clusters.json in it"),
        (b"{", "is damaged or was not written by familiar (Invalid JSON"),
        (
            b"{}",
            "(folders: Field required), and was left unchanged; export into an empty folder.",
        ),
        (b'{"folders": {}, "faces": {"-1": {}}, "format": "familiar clusters 1"}', "written by familiar (faces."),
    ],
)
def test_a_folder_without_a_sound_manifest_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / MANIFEST_NAME).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_manifest(tmp_path)
    assert message in str(caught.value)


def test_crops_come_only_into_a_folder_that_is_new_or_empty(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").write_bytes(b"litter")
    check_target(tmp_path)
    check_target(tmp_path / "new")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="file: is not a folder."):
        check_target(tmp_path / "file")
    with pytest.raises(UsageError, match=r"is not empty \(it has 'file'\); use a folder that is new or empty."):
        check_target(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: the folder does not exist."):
        read_manifest(tmp_path / "nowhere")


def test_crops_come_not_where_they_would_be_taken_for_photos(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    watched = [FolderSettings(path=tmp_path / "photos", exclude=("/left out",))]
    refuse_watched(tmp_path / "photos" / "left out", watched)
    refuse_watched(tmp_path / "photos beside", watched)
    refuse_watched(tmp_path, watched)
    with pytest.raises(UsageError, match="link/faces is in .*/photos, which is watched, so that"):
        refuse_watched(tmp_path / "link" / "faces", watched)


def test_only_clusters_that_are_there_are_exported(review: Review) -> None:
    review.store.decisions.clusters.ignore(1)
    with pytest.raises(UsageError, match="Cluster 1 is ignored, so it is not exported; undo that first"):
        choose_portions(review.store, wanted=(1,), unnamed=False, most=None)
    with pytest.raises(UsageError, match="There is no cluster 9"):
        choose_portions(review.store, wanted=(9,), unnamed=False, most=None)
    names = [one.name for one in choose_portions(review.store, wanted=(), unnamed=False, most=1)]
    assert names == ["cluster-2", "cluster-5", "Eileen Collins"]
