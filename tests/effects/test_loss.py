"""A name is not a file: what leads elsewhere, is replaced, edited or not there costs no photo."""

import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from familiar.effects.hidden import Hidden
from familiar.effects.journal import Reservation
from familiar.effects.kinds.move_sidecar import MoveSidecar
from familiar.effects.placement import place_move
from familiar.errors import ChangedError, FamiliarError, WriterError
from familiar.filesystem.files import hold
from familiar.filesystem.folders import Entry, Folder
from familiar.filesystem.removal import prove_copy, prove_second_name, remove
from familiar.model import Copy, Link, Move, Operation
from support.workbench import Workbench, undo_of


def move(target: Path, *, top: Path | None = None) -> Move:
    return Move(target=target, rule="r", top=top)


def copy(target: Path) -> Copy:
    return Copy(target=target, rule="r")


def once(act: Callable[[], None]) -> Callable[[], None]:
    """Return a pulse that acts at its first beat."""
    left = [act]
    return lambda: left.pop()() if left else None


def reasons(bench: Workbench) -> list[str]:
    return [obstacle.reason for obstacle in undo_of(bench).obstacles(bench.store.journal.select_last())]


# The last copy


def test_a_link_to_a_copy_is_not_a_second_copy(bench: Workbench) -> None:
    photo = bench.photo()
    bench.done(copy(bench.base / "out/a.jpg"), path=photo)
    photo.unlink()
    photo.symlink_to(bench.base / "out/a.jpg")
    assert reasons(bench) == [f"{bench.base}/out/a.jpg is the last known copy of its photo"]
    with pytest.raises(FamiliarError, match="last known copy"):
        bench.undo_all()
    assert bench.tree() == {"in/a.jpg": "-> out/a.jpg", "out/a.jpg": b"a photo"}


def test_the_same_file_through_a_linked_folder_is_not_a_second_copy(bench: Workbench) -> None:
    photo = bench.photo()
    bench.done(copy(bench.base / "out/a.jpg"), path=photo)
    (bench.base / "alias").symlink_to(bench.base / "out")
    alias = bench.base / "alias/a.jpg"
    (step,) = bench.store.journal.select_last()
    found = alias.stat()
    bench.store.files.place(alias, photo_id=step.photo_id, size=found.st_size, mtime_ns=found.st_mtime_ns)
    photo.unlink()
    assert reasons(bench) == [f"{bench.base}/out/a.jpg is the last known copy of its photo"]
    with pytest.raises(FamiliarError, match="last known copy"):
        undo_of(bench).undo(step)
    assert (bench.base / "out/a.jpg").read_bytes() == b"a photo"


def test_a_hard_link_whose_photo_is_gone_is_the_last_name_of_it(bench: Workbench) -> None:
    photo = bench.photo()
    bench.done(Link(target=bench.base / "out/a.jpg", rule="r", symbolic=False), path=photo)
    photo.unlink()
    assert reasons(bench) == [f"{bench.base}/out/a.jpg is the last known copy of its photo"]


def test_a_copied_sidecar_whose_original_is_gone_is_the_last_copy_of_it(bench: Workbench) -> None:

    sidecar = bench.photo("in/a.jpg.xmp", b"xmp")
    along = MoveSidecar(target=bench.base / "out/a.jpg.xmp", rule="r", file=sidecar, behind=0, moves=False)
    bench.done(copy(bench.base / "out/a.jpg"), along)
    sidecar.unlink()
    assert f"{bench.base}/out/a.jpg.xmp is the last known copy of its sidecar" in reasons(bench)


@pytest.mark.parametrize("is_link", [False, True])
def test_a_copy_that_is_replaced_in_the_middle_of_its_undo_is_not_removed(bench: Workbench, *, is_link: bool) -> None:
    photo, target = bench.photo(), bench.base / "out/a.jpg"
    bench.done(copy(target), path=photo)

    def exchange() -> None:
        target.unlink()
        target.symlink_to(photo) if is_link else target.write_bytes(b"work of hours")

    (step,) = bench.store.journal.select_last()
    beats = [lambda: None, exchange]
    with pytest.raises(FamiliarError):
        undo_of(bench, pulse=lambda: beats.pop(0)() if beats else None).undo(step)
    assert bench.tree()["out/a.jpg"] == ("-> in/a.jpg" if is_link else b"work of hours")
    assert photo.read_bytes() == b"a photo"


# Links where a file is expected


@pytest.mark.parametrize("moves_across", [False, True])
def test_a_link_to_the_photo_in_the_targets_place_is_not_the_photo(
    bench: Workbench, elsewhere: Path, *, moves_across: bool
) -> None:
    photo, target = bench.photo(), (elsewhere if moves_across else bench.base / "out") / "a.jpg"
    plan = bench.plan(photo, move(target))
    (step,) = bench.store.journal.steps(plan)
    temporary = target.with_name(Hidden.fresh(step.id).new)
    reservation = Reservation(source=photo, target=target, temporary=temporary, hash=step.photo_hash)
    bench.store.journal.reserve(step, reservation)
    target.parent.mkdir(exist_ok=True)
    target.symlink_to(photo)
    (outcome,) = bench.perform(plan)
    assert (outcome.state, outcome.target) == ("done", target.with_name("a (2).jpg"))
    assert target.with_name("a (2).jpg").read_bytes() == b"a photo"
    assert target.is_symlink()


def test_a_copy_does_not_take_a_link_to_the_photo_for_itself(bench: Workbench) -> None:
    photo = bench.photo()
    (bench.base / "out").mkdir()
    (bench.base / "out/a.jpg").symlink_to(photo)
    (outcome,) = bench.done(copy(bench.base / "out/a.jpg"), path=photo)
    assert (outcome.state, outcome.target) == ("done", bench.base / "out/a (2).jpg")


def test_a_link_that_is_there_already_is_not_made_again(bench: Workbench) -> None:
    operation = Link(target=bench.base / "out/a.jpg", rule="r", symbolic=True)
    photo = bench.photo()
    states = [bench.done(operation, path=photo)[0].state for _ in range(2)]
    assert states == ["done", "kept"]
    assert bench.tree() == {"in/a.jpg": b"a photo", "out/a.jpg": "-> in/a.jpg"}


@pytest.mark.parametrize("kind", ["fifo", "socket", "dangling link", "folder"])
def test_only_regular_files_are_moved_or_copied_and_nothing_waits_for_others(bench: Workbench, kind: str) -> None:
    import socket  # noqa: PLC0415 - by this test alone

    photo = bench.photo()
    plan = bench.plan(photo, copy(bench.base / "c/a.jpg"), move(bench.base / "m/a.jpg"))
    photo.unlink()
    with socket.socket(socket.AF_UNIX) as unix:
        match kind:
            case "fifo":
                os.mkfifo(photo)
            case "socket":
                folder = os.open(photo.parent, os.O_RDONLY)
                unix.bind(f"/proc/self/fd/{folder}/a.jpg")  # a whole path can be too long for a socket
                os.close(folder)
            case "folder":
                photo.mkdir()
            case _:
                photo.symlink_to(bench.base / "nowhere")
        outcomes = bench.perform(plan)
    assert [outcome.state for outcome in outcomes] == ["refused", "refused"]
    assert os.path.lexists(photo)
    assert not any(path.is_file() for path in (*bench.base.glob("c/*"), *bench.base.glob("m/*")))


@pytest.mark.parametrize("kind", ["fifo", "dangling link", "folder"])
def test_a_name_taken_by_something_other_than_a_file_gives_the_photo_a_number(bench: Workbench, kind: str) -> None:
    taken = bench.base / "out/a.jpg"
    taken.parent.mkdir()
    match kind:
        case "fifo":
            os.mkfifo(taken)
        case "folder":
            taken.mkdir()
        case _:
            taken.symlink_to(bench.base / "nowhere")
    (outcome,) = bench.done(move(taken))
    assert (outcome.state, outcome.target) == ("done", bench.base / "out/a (2).jpg")
    assert os.path.lexists(taken)


# What changes in the middle


def test_an_edit_in_place_that_hides_itself_during_a_copy_to_another_disk_is_kept(
    bench: Workbench, elsewhere: Path
) -> None:
    photo = bench.photo()
    before = photo.stat()

    def edit() -> None:
        photo.write_bytes(b"A PHOTO")
        os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns))

    beats = [lambda: None, edit]
    plan = bench.plan(photo, move(elsewhere / "a.jpg"))
    (outcome,) = bench.perform(plan, pulse=lambda: beats.pop(0)() if beats else None)
    assert outcome.state == "refused"
    assert photo.read_bytes() == b"A PHOTO"
    assert bench.tree(elsewhere) == {"in/a.jpg": b"A PHOTO"}


def test_a_photo_that_is_replaced_between_check_and_rename_stays_and_the_other_file_too(bench: Workbench) -> None:
    photo = bench.photo()

    def exchange() -> None:
        photo.rename(photo.with_name("kept.jpg"))
        photo.write_bytes(b"another")

    plan = bench.plan(photo, move(bench.base / "out/a.jpg"))
    (outcome,) = bench.perform(plan, pulse=once(exchange))
    assert outcome.state == "refused"
    assert bench.tree() == {"in/a.jpg": b"another", "in/kept.jpg": b"a photo"}


def test_a_target_folder_that_is_replaced_by_a_link_is_not_followed(bench: Workbench) -> None:
    top, outside = bench.base / "people", bench.base / "outside"
    outside.mkdir()
    photo = bench.photo()
    bench.done(Copy(target=top / "ann/a.jpg", rule="r", top=top), path=photo)
    (top / "ann").rename(bench.base / "away")
    (top / "ann").symlink_to(outside)
    (outcome,) = bench.done(Copy(target=top / "ann/b.jpg", rule="r", top=top), path=photo)
    assert outcome.state == "failed"
    assert outcome.error == (
        f"{top}/ann: is a symbolic link, which is not followed here; to allow it, run `familiar disks trust {top}/ann`"
    )
    assert list(outside.iterdir()) == []
    bench.disks().trust(top / "ann")
    assert bench.done(Copy(target=top / "ann/b.jpg", rule="r", top=top), path=photo)[0].state == "done"
    assert (outside / "b.jpg").read_bytes() == b"a photo"


def test_a_top_that_is_replaced_by_a_link_waits_until_it_is_trusted(bench: Workbench) -> None:
    top, outside = bench.base / "people", bench.base / "outside"
    outside.mkdir()
    photo = bench.photo()
    operation = Copy(target=top / "b.jpg", rule="r", top=top)
    bench.done(Copy(target=top / "a.jpg", rule="r", top=top), path=photo)
    top.rename(bench.base / "away")
    top.symlink_to(outside)
    (outcome,) = bench.done(operation, path=photo)
    assert (outcome.state, outcome.waits_for) == ("failed", top)
    assert outcome.error == (
        f"{top}: leads to {outside} now, and led to {top} before; fix the link, or, if the change is intended, run "
        f"`familiar disks trust {top}`"
    )
    bench.disks().trust(top)
    assert bench.done(operation, path=photo)[0].state == "done"
    assert (outside / "b.jpg").read_bytes() == b"a photo"


def test_a_link_that_the_user_has_made_on_purpose_is_followed(bench: Workbench) -> None:
    real = bench.base / "real"
    real.mkdir()
    (bench.base / "people").symlink_to(real)
    top = bench.base / "people"
    (outcome,) = bench.done(Copy(target=top / "ann/a.jpg", rule="r", top=top))
    assert (outcome.state, outcome.target) == ("done", top / "ann/a.jpg")
    assert (real / "ann/a.jpg").read_bytes() == b"a photo"


def test_a_photo_that_somebody_writes_waits_until_that_is_done(bench: Workbench, elsewhere: Path) -> None:
    photo = bench.photo()
    plan = bench.plan(photo, move(elsewhere / "a.jpg"))
    with photo.open("ab") as writer:
        (outcome,) = bench.perform(plan)
        assert (outcome.state, outcome.error) == ("failed", f"{photo}: is open for writing in another program")
        assert bench.tree(elsewhere) == {"in/a.jpg": b"a photo"}
        writer.write(b"")
    assert [outcome.state for outcome in bench.perform(plan)] == ["done"]
    assert bench.tree(elsewhere) == {"a.jpg": b"a photo"}


# Chains


def test_moves_one_after_the_other_are_undone_together(bench: Workbench) -> None:
    photo = bench.photo()
    bench.done(move(bench.base / "one/a.jpg"), path=photo)
    bench.done(move(bench.base / "two/a.jpg"), path=bench.base / "one/a.jpg")
    steps = bench.store.journal.select([1, 2])
    assert [step.id for step in steps] == [2, 1]
    assert undo_of(bench).obstacles(steps) == ()
    bench.undo_all()
    assert bench.tree() == {"in/a.jpg": b"a photo"}


def test_a_copy_of_a_copy_that_was_moved_is_undone_with_all_before_it(bench: Workbench) -> None:
    base, photo = bench.base, bench.photo()
    operations: list[tuple[Path, Operation]] = [
        (photo, copy(base / "c/a.jpg")),
        (base / "c/a.jpg", move(base / "d/a.jpg")),
        (base / "d/a.jpg", Link(target=base / "l/a.jpg", rule="r", symbolic=True)),
        (photo, move(base / "e/a.jpg")),
    ]
    for path, operation in operations:
        assert bench.done(operation, path=path)[0].state == "done"
    steps = bench.store.journal.select([1, 2, 3, 4])
    assert undo_of(bench).obstacles(steps) == ()
    bench.undo_all()
    assert bench.tree() == {"in/a.jpg": b"a photo"}


def test_what_was_done_last_is_undone_last_of_all_though_the_clock_was_set_back(bench: Workbench) -> None:
    photo = bench.photo()
    bench.done(copy(bench.base / "one/a.jpg"), path=photo)
    now = bench.store.now()
    bench.store.journal._now = lambda: now.replace(year=now.year - 1)
    bench.done(copy(bench.base / "two/a.jpg"), path=photo)
    assert [step.target for step in bench.store.journal.select_last()] == [bench.base / "two/a.jpg"]


# The proof


def test_no_name_is_removed_where_the_other_copy_goes_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"1")
    with Folder.open(tmp_path) as folder, hold(Entry(folder, "a")) as doomed, hold(Entry(folder, "b")) as other:
        proof = prove_copy(doomed, other, other.hash(), pulse=lambda: None)
        (tmp_path / "b").unlink()
        with pytest.raises(ChangedError):
            remove(doomed, proof, hidden=".familiar-1.source")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_two_names_of_one_file_prove_nothing_about_a_copy(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    with Folder.open(tmp_path) as folder, hold(Entry(folder, "a")) as doomed, hold(Entry(folder, "b")) as other:
        with pytest.raises(ChangedError, match="is the same file as"):
            prove_copy(doomed, other, other.hash(), pulse=lambda: None)
        remove(doomed, prove_second_name(doomed, other.entry), hidden=".familiar-1.source")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_second_path_to_one_and_the_same_name_is_noticed_before_it_is_removed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a").write_bytes(b"1")
    with Folder.open(tmp_path / "real") as one, Folder.open(tmp_path / "real") as other:
        with hold(Entry(one, "a")) as held, pytest.raises(ChangedError, match="is not a second name"):
            prove_second_name(held, Entry(other, "a"))
        digest = hashlib.sha256(b"1").hexdigest()
        place_move(Entry(one, "a"), Entry(other, "a"), Hidden("x"), hash_=digest, pulse=lambda: None)
    assert (tmp_path / "real/a").read_bytes() == b"1"


def test_a_file_of_another_user_is_moved_to_another_disk_only_after_minutes_without_a_change(
    bench: Workbench, elsewhere: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    photo = bench.photo()
    for folder in (bench.base, *bench.base.parents[:2], photo.parent, elsewhere):
        folder.chmod(0o777)
    with Folder.open(photo.parent) as source, Folder.open(elsewhere) as target:
        child = os.fork()
        if child == 0:
            try:
                os.setresuid(65534, 65534, 65534)
                hash_ = hashlib.sha256(b"a photo").hexdigest()
                place_move(Entry(source, "a.jpg"), Entry(target, "a.jpg"), Hidden("x"), hash_=hash_, pulse=lambda: None)
            except WriterError as error:
                os._exit(7 if "after 10 minutes without a change" in str(error) else 8)
            finally:
                os._exit(9)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert bench.tree(elsewhere) == {"in/a.jpg": b"a photo"}


def test_a_move_is_undone_though_its_photo_was_copied_back_by_hand(bench: Workbench) -> None:
    photo = bench.photo()
    bench.done(move(bench.base / "out/a.jpg"), path=photo)
    photo.write_bytes(b"a photo")
    bench.undo_all()
    assert bench.tree() == {"in/a.jpg": b"a photo"}


def test_a_sidecar_that_is_a_link_to_nothing_stays_and_is_named(bench: Workbench) -> None:
    sidecar = bench.photo("in/a.jpg.xmp")
    sidecar.unlink()
    sidecar.symlink_to("/nowhere")
    along = MoveSidecar(target=bench.base / "out/a.jpg.xmp", rule="r", file=sidecar, behind=0, moves=True)
    _, outcome = bench.done(move(bench.base / "out/a.jpg"), along)
    assert (outcome.state, outcome.error) == (
        "refused",
        f"{sidecar}: is a symbolic link, which is neither moved nor copied",
    )
    assert sidecar.is_symlink()


def test_what_was_done_while_the_clock_was_years_ahead_is_not_undone_as_if_it_were_new(bench: Workbench) -> None:
    photo, now = bench.photo(), bench.store.now()
    bench.store.journal._now = lambda: now.replace(year=now.year + 4)
    bench.done(copy(bench.base / "wrong/a.jpg"), path=photo)
    bench.store.journal._now = lambda: now - timedelta(hours=2)
    bench.done(copy(bench.base / "old/a.jpg"), path=photo)
    bench.store.journal._now = lambda: now
    bench.done(copy(bench.base / "new/a.jpg"), path=photo)
    steps = bench.store.journal.select_since(now - timedelta(hours=1))
    assert [step.target for step in steps] == [bench.base / "new/a.jpg"]
