import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from familiar.effects.journal import Reservation
from familiar.filesystem.folders import Entry, Folder, rename_new
from familiar.model import Box, Copy, Crop, Link, Move, Operation
from support.mounts import mounted
from support.workbench import PICTURE, Death, Workbench, dies_at

FACE = Box(left=0, top=0, right=5, bottom=5)


def crop(target: Path) -> Crop:
    return Crop(target=target, rule="r", box=FACE, margin=0.4, size=None)


def everything(base: Path, away: Path) -> tuple[Operation, ...]:
    """One operation of each kind; the move leads to another file system if `away` does."""
    return (
        Copy(target=base / "copies" / "a.jpg", rule="r"),
        crop(base / "faces" / "a.jpg"),
        Move(target=away / "moved" / "a.jpg", rule="r"),
        Link(target=base / "links" / "a.jpg", rule="r", symbolic=True),
    )


def test_a_copy_has_content_and_time_of_the_photo(bench: Workbench) -> None:
    path = bench.photo()
    (outcome,) = bench.done(Copy(target=bench.base / "out" / "b.jpg", rule="r"), path=path)
    assert (outcome.state, outcome.target) == ("done", bench.base / "out" / "b.jpg")
    assert bench.tree() == {"in/a.jpg": b"a photo", "out/b.jpg": b"a photo"}
    assert (bench.base / "out" / "b.jpg").stat().st_mtime_ns == path.stat().st_mtime_ns


def test_a_move_leaves_nothing_behind(bench: Workbench) -> None:
    bench.done(Move(target=bench.base / "out" / "b.jpg", rule="r"))
    assert bench.tree() == {"out/b.jpg": b"a photo"}


def test_a_move_to_another_file_system_is_a_verified_copy_and_keeps_the_time(bench: Workbench, elsewhere: Path) -> None:
    path = bench.photo()
    time = path.stat().st_mtime_ns
    bench.done(Move(target=elsewhere / "b.jpg", rule="r"), path=path)
    assert bench.tree(elsewhere) == {"b.jpg": b"a photo"}
    assert (elsewhere / "b.jpg").stat().st_mtime_ns == time


def test_a_taken_name_gets_a_number_and_nothing_is_overwritten(bench: Workbench) -> None:
    bench.photo("out/a.jpg", b"another")
    bench.photo("out/a (2).jpg", b"a third")
    (outcome,) = bench.done(Move(target=bench.base / "out" / "a.jpg", rule="r"))
    assert outcome.target == bench.base / "out" / "a (3).jpg"
    assert bench.tree() == {"out/a.jpg": b"another", "out/a (2).jpg": b"a third", "out/a (3).jpg": b"a photo"}


@pytest.mark.parametrize("kind", [Move, Copy])
def test_the_same_content_is_left_as_it_is(bench: Workbench, kind: type[Move | Copy]) -> None:
    bench.photo("out/a.jpg", b"another")
    bench.photo("out/a (2).jpg", b"a photo")
    before = bench.tree() | {"in/a.jpg": b"a photo"}
    (outcome,) = bench.done(kind(target=bench.base / "out" / "a.jpg", rule="r"))
    assert (outcome.state, outcome.target) == ("kept", bench.base / "out" / "a (2).jpg")
    assert bench.tree() == before


def test_a_long_name_gets_its_number_within_what_a_file_system_allows(bench: Workbench) -> None:
    name = "ä" * 125 + ".jpg"
    bench.photo(f"out/{name}", b"another")
    (outcome,) = bench.done(Copy(target=bench.base / "out" / name, rule="r"))
    assert outcome.target is not None
    assert outcome.target.name.endswith("ä (2).jpg")
    assert len(outcome.target.name.encode()) <= 255


def test_a_name_that_is_not_utf_8_is_moved_as_it_is(bench: Workbench) -> None:
    name = os.fsdecode(b"\xff\xfe.jpg")
    bench.photo(f"out/{name}", b"another")
    bench.done(Move(target=bench.base / "out" / name, rule="r"), path=bench.photo(f"in/{name}"))
    names = sorted(os.fsencode(path.name) for path in (bench.base / "out").iterdir())
    assert names == [b"\xff\xfe (2).jpg", b"\xff\xfe.jpg"]


def test_links_lead_to_where_the_photo_is_in_the_end(bench: Workbench) -> None:
    base = bench.base
    bench.done(
        Move(target=base / "out" / "a.jpg", rule="r"), Link(target=base / "links" / "a.jpg", rule="r", symbolic=True)
    )
    assert bench.tree() == {"out/a.jpg": b"a photo", "links/a.jpg": "-> out/a.jpg"}


def test_a_hard_link_is_the_same_file_and_can_not_reach_another_file_system(bench: Workbench, elsewhere: Path) -> None:
    path = bench.photo()
    near, far = bench.done(
        Link(target=bench.base / "links" / "a.jpg", rule="r", symbolic=False),
        Link(target=elsewhere / "a.jpg", rule="r", symbolic=False),
        path=path,
    )
    assert near.state == "done"
    assert (bench.base / "links" / "a.jpg").samefile(path)
    assert far.state == "refused"
    assert far.error is not None
    assert far.error.endswith("ReadWritePaths= of a service is a mount); use kind: symbolic, or copy")


def test_a_symbolic_link_is_copied_as_its_photo_and_never_moved(bench: Workbench) -> None:
    photo = bench.photo("album/a.jpg")
    link = bench.base / "in" / "link.jpg"
    link.parent.mkdir()
    link.symlink_to(photo)
    outcomes = bench.done(
        Copy(target=bench.base / "out/a.jpg", rule="r"), Move(target=bench.base / "done/a.jpg", rule="r"), path=link
    )
    assert [outcome.state for outcome in outcomes] == ["done", "refused"]
    assert outcomes[1].error == f"{link}: is a symbolic link, which is not moved; its photo is at {photo}"
    assert bench.tree() == {"album/a.jpg": b"a photo", "in/link.jpg": "-> album/a.jpg", "out/a.jpg": b"a photo"}


def test_a_photo_that_changed_since_the_plan_stays_where_it_is(bench: Workbench) -> None:
    path = bench.photo()
    plan = bench.plan(
        path, Copy(target=bench.base / "c" / "a.jpg", rule="r"), Move(target=bench.base / "m" / "a.jpg", rule="r")
    )
    path.write_bytes(b"edited!")
    outcomes = bench.perform(plan)
    assert [outcome.state for outcome in outcomes] == ["refused", "refused"]
    assert outcomes[0].error == f"{path}: was changed after the plan was made"
    assert bench.tree() == {"in/a.jpg": b"edited!"}


def test_a_photo_that_is_gone_is_reported(bench: Workbench) -> None:
    path = bench.photo()
    plan = bench.plan(path, Move(target=bench.base / "m" / "a.jpg", rule="r"))
    path.unlink()
    (outcome,) = bench.perform(plan)
    assert (outcome.state, outcome.error) == ("refused", f"{path}: no longer exists")


def test_a_target_folder_that_is_a_file_fails_and_the_rest_of_the_plan_waits(bench: Workbench) -> None:
    bench.photo("out", b"a file")
    plan = bench.plan(
        bench.photo(),
        Copy(target=bench.base / "out" / "a.jpg", rule="r"),
        Move(target=bench.base / "moved" / "a.jpg", rule="r"),
    )
    (outcome,) = bench.perform(plan)
    assert (outcome.state, outcome.retry_in) == ("failed", 60)
    assert outcome.error == f"{bench.base / 'out'}: Not a directory"
    assert bench.tree() == {"in/a.jpg": b"a photo", "out": b"a file"}
    (bench.base / "out").unlink()
    assert [outcome.state for outcome in bench.perform(plan)] == ["done", "done"]
    assert bench.tree() == {"out/a.jpg": b"a photo", "moved/a.jpg": b"a photo"}


def test_each_further_try_waits_longer_up_to_an_hour(bench: Workbench) -> None:
    bench.photo("out", b"a file")
    plan = bench.plan(bench.photo(), Copy(target=bench.base / "out" / "a.jpg", rule="r"))
    waits = [bench.perform(plan)[0].retry_in for _ in range(8)]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_name_that_is_too_long_is_refused_for_good(bench: Workbench) -> None:
    (outcome,) = bench.done(Copy(target=bench.base / ("x" * 300), rule="r"))
    assert outcome.state == "refused"
    assert outcome.error is not None
    assert outcome.error.endswith("File name too long; use a shorter name")


def test_a_rename_never_replaces_a_file(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    with Folder.open(tmp_path) as folder, pytest.raises(FileExistsError) as caught:
        rename_new(Entry(folder, "one"), Entry(folder, "other"))
    assert caught.value.errno == errno.EEXIST
    assert other.read_bytes() == b"2"


@pytest.mark.parametrize("far", [False, True], ids=["one file system", "two file systems"])
def test_killed_at_any_instant_each_operation_has_happened_exactly_once(
    tmp_path: Path, elsewhere: Path, *, far: bool
) -> None:
    expected = {
        "copies/a.jpg": b"a photo",
        "faces/a (2).jpg": PICTURE,
        "faces/a.jpg": b"another",
        "moved/a.jpg": b"a photo",
    }
    instant = 0
    while True:
        base, away = tmp_path / str(instant), (elsewhere if far else tmp_path) / str(instant)
        away.mkdir(exist_ok=True)
        bench = Workbench.at(base)
        bench.photo("faces/a.jpg", b"another")
        plan = bench.plan(bench.photo(), *everything(base, away)[:3])
        bench.close()

        def act(own: Workbench, death: Death, plan: int = plan) -> None:
            own.perform(plan, journal=death, pulse=death.pulse)

        died = dies_at(base, act, instant)
        bench = Workbench.at(base)
        bench.perform(plan)
        tree = bench.tree(*([away] if far else []))
        states = [step.state for step in bench.store.journal.steps(plan)]
        bench.close()
        assert (instant, tree, states) == (instant, expected, ["done"] * 3)
        if not died:
            break
        instant += 1
    assert instant > 12


@pytest.mark.parametrize("far", [False, True], ids=["one file system", "two file systems"])
def test_killed_at_any_instant_of_an_undo_everything_is_as_it_was(
    tmp_path: Path, elsewhere: Path, *, far: bool
) -> None:
    instant = 0
    while True:
        base, away = tmp_path / str(instant), (elsewhere if far else tmp_path) / str(instant)
        away.mkdir(exist_ok=True)
        bench = Workbench.at(base)
        bench.perform(bench.plan(bench.photo(), *everything(base, away)))
        bench.close()
        died = dies_at(base, lambda own, death: own.undo_all(journal=death, pulse=death.pulse), instant)
        bench = Workbench.at(base)
        bench.undo_all()
        tree, counts = bench.tree(*([away] if far else [])), bench.store.journal.counts()
        bench.close()
        assert (instant, tree, counts) == (instant, {"in/a.jpg": b"a photo"}, {"undone": 4})
        if not died:
            break
        instant += 1
    assert instant > 10


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder with a photo on a file system that can't be written."""
    folder = tmp_path / "base" / "card"
    folder.mkdir(parents=True)
    with mounted(folder):
        (folder / "a.jpg").write_bytes(b"a photo")
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        yield folder


def test_where_the_original_can_not_be_removed_no_copy_stays_behind(read_only: Path, tmp_path: Path) -> None:
    bench = Workbench.at(tmp_path / "base")
    (outcome,) = bench.done(Move(target=bench.base / "out" / "a.jpg", rule="r"), path=read_only / "a.jpg")
    mount = "mount the file system writable (for a service, name the folder in ReadWritePaths=)"
    remedy = f"{mount}, then run `familiar rules apply`"
    assert (outcome.state, outcome.error) == ("refused", f"{read_only}/a.jpg: Read-only file system; {remedy}")
    assert bench.tree() == {"card/a.jpg": b"a photo"}
    bench.close()


def test_what_another_operation_put_at_a_reserved_name_is_its_own(bench: Workbench) -> None:
    path, target = bench.photo(), bench.base / "out" / "a.jpg"
    first, second = (bench.plan(path, Copy(target=target, rule="r")) for _ in range(2))
    (step,) = bench.store.journal.steps(first)
    target.parent.mkdir()
    temporary = target.with_name(".familiar-1.tmp")
    reservation = Reservation(source=path, target=target, temporary=temporary, hash=step.photo_hash)
    bench.store.journal.reserve(step, reservation)
    assert [outcome.state for outcome in bench.perform(second)] == ["done"]
    assert [outcome.state for outcome in bench.perform(first)] == ["kept"]
    bench.undo_all()
    assert bench.tree() == {"in/a.jpg": b"a photo"}
