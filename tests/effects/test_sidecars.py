import os
from pathlib import Path

import pytest

from familiar.effects.kinds.move_sidecar import MoveSidecar
from familiar.effects.kinds.write_sidecar import WriteSidecar
from familiar.errors import FamiliarError
from familiar.model import Move, SidecarContent
from familiar.xmp.rdf import Packet
from support.sidecars import DIGIKAM
from support.workbench import Workbench, dies_at, undo_of

ANN = SidecarContent(names=("Ann",))
EVE = SidecarContent(names=("Eve",))


def says(path: Path) -> list[str]:
    return Packet(path.read_bytes()).items("dc:subject")


def inscribe(bench: Workbench, wanted: SidecarContent = ANN, name: str = "in/a.jpg.xmp") -> WriteSidecar:
    return WriteSidecar(target=bench.base / name, rule="sidecars", wanted=wanted)


def test_a_sidecar_is_made_beside_a_photo_and_undone(bench: Workbench) -> None:
    (outcome,) = bench.done(inscribe(bench))
    assert outcome.state == "done"
    assert says(bench.base / "in/a.jpg.xmp") == ["Ann"]
    bench.undo_all()
    assert bench.tree() == {"in/a.jpg": b"a photo"}


def test_what_was_there_before_comes_back_byte_for_byte(bench: Workbench) -> None:
    bench.photo("in/a.jpg.xmp", DIGIKAM)
    before = bench.tree() | {"in/a.jpg": b"a photo"}
    bench.done(inscribe(bench))
    assert says(bench.base / "in/a.jpg.xmp") == ["Käthe O'Neil", "Rome", "Ann"]
    bench.undo_all()
    assert bench.tree() == before


def test_a_sidecar_keeps_its_rights(bench: Workbench) -> None:
    path = bench.photo("in/a.jpg.xmp", DIGIKAM)
    path.chmod(0o640)
    bench.done(inscribe(bench))
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_a_sidecar_says_already_is_not_written_again(bench: Workbench) -> None:
    photo = bench.photo()
    bench.done(inscribe(bench), path=photo)
    before = identity(bench.base / "in/a.jpg.xmp")
    (outcome,) = bench.done(inscribe(bench), path=photo)
    assert outcome.state == "kept"
    assert identity(bench.base / "in/a.jpg.xmp") == before


def identity(path: Path) -> tuple[int, int, int]:
    """Return what changes when somebody writes a file; reading it sets its time of access."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def test_a_sidecar_that_was_changed_since_is_not_undone(bench: Workbench) -> None:
    bench.done(inscribe(bench))
    path = bench.photo("in/a.jpg.xmp", DIGIKAM)
    steps = bench.store.journal.select_last()
    (obstacle,) = undo_of(bench).obstacles(steps)
    assert obstacle.reason == f"{path} was changed since"
    with pytest.raises(FamiliarError, match="was changed since"):
        bench.undo_all()
    assert path.read_bytes() == DIGIKAM


def test_two_changes_of_a_sidecar_are_undone_together_or_the_last_alone(bench: Workbench) -> None:
    photo = bench.photo()
    bench.done(inscribe(bench), path=photo)
    once = bench.tree()
    bench.done(inscribe(bench, EVE), path=photo)
    newest, oldest = bench.store.journal.select_since(bench.store.now().replace(year=1999))
    undo = undo_of(bench)
    assert len(undo.obstacles([oldest])) == 1
    assert undo.obstacles([newest, oldest]) == ()
    undo.undo(newest)
    assert bench.tree() == once
    undo.undo(oldest)
    assert bench.tree() == {"in/a.jpg": b"a photo"}


def test_a_sidecar_that_somebody_changes_meanwhile_is_left_to_them_and_tried_again(bench: Workbench) -> None:
    path = bench.photo("in/a.jpg.xmp", DIGIKAM)
    theirs = DIGIKAM.replace(b"Rome", b"Oslo")
    changes = iter([path])

    def somebody_writes() -> None:
        for one in changes:
            one.write_bytes(theirs)

    plan = bench.plan(bench.photo(), inscribe(bench))
    (outcome,) = bench.perform(plan, pulse=somebody_writes)
    assert (outcome.state, outcome.error) == ("failed", f"{path}: was changed by another program in the meantime")
    assert path.read_bytes() == theirs
    (outcome,) = bench.perform(plan)
    assert outcome.state == "done"
    assert "Oslo" in says(path)


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_something_other_than_a_file_is_left_unchanged(bench: Workbench, kind: str) -> None:
    path = bench.base / "in/a.jpg.xmp"
    real = bench.photo("elsewhere/real.xmp", DIGIKAM)
    if kind == "link":
        path.parent.mkdir()
        path.symlink_to(real)
        (outcome,) = bench.done(inscribe(bench))
        assert (outcome.state, outcome.error) == (
            "refused",
            f"{path}: is a link or not a regular file, and was left unchanged",
        )
        assert real.read_bytes() == DIGIKAM
    else:
        path.mkdir(parents=True)
        with pytest.raises(FamiliarError, match="is not a regular file"):
            bench.done(inscribe(bench))


def moved(bench: Workbench, name: str = "a.jpg") -> tuple[Move, MoveSidecar]:
    out = bench.base / "out"
    escort = MoveSidecar(target=out / f"{name}.xmp", rule="r", file=bench.base / "in/a.jpg.xmp", behind=0, moves=True)
    return Move(target=out / name, rule="r"), escort


def test_a_sidecar_goes_with_its_photo_and_comes_back_with_it_whatever_it_says_by_then(bench: Workbench) -> None:
    bench.photo("in/a.jpg.xmp", DIGIKAM)
    bench.done(*moved(bench))
    assert bench.tree() == {"out/a.jpg": b"a photo", "out/a.jpg.xmp": DIGIKAM}
    bench.photo("out/a.jpg.xmp", b"edited since")
    assert undo_of(bench).obstacles(bench.store.journal.select_last()) == ()
    bench.undo_all()
    assert bench.tree() == {"in/a.jpg": b"a photo", "in/a.jpg.xmp": b"edited since"}


def test_a_sidecar_that_was_moved_and_then_written_is_undone_as_a_whole(bench: Workbench) -> None:
    photo = bench.photo()
    bench.done(inscribe(bench), path=photo)
    bench.done(*moved(bench), path=photo)
    bench.done(inscribe(bench, EVE, "out/a.jpg.xmp"), path=bench.base / "out/a.jpg")
    steps = bench.store.journal.select_since(bench.store.now().replace(year=1999))
    assert undo_of(bench).obstacles(steps) == ()
    bench.undo_all()
    assert bench.tree() == {"in/a.jpg": b"a photo"}


def test_a_photo_that_is_undone_by_its_number_takes_its_sidecar_back(bench: Workbench) -> None:
    bench.photo("in/a.jpg.xmp", DIGIKAM)
    bench.done(*moved(bench))
    number = next(step.id for plan in bench.plans() for step in bench.store.journal.steps(plan) if step.position == 0)
    undo = undo_of(bench)
    for step in bench.store.journal.select([number]):
        undo.undo(step)
    assert bench.tree() == {"in/a.jpg": b"a photo", "in/a.jpg.xmp": DIGIKAM}


def test_where_nothing_may_be_written_it_is_not_tried_again(bench: Workbench) -> None:
    if os.getuid() == 0:
        pytest.skip("the superuser may write everywhere")
    photo = bench.photo()
    plan = bench.plan(photo, inscribe(bench))
    photo.parent.chmod(0o555)
    (outcome,) = bench.perform(plan)
    photo.parent.chmod(0o755)
    assert outcome.state == "refused"


def test_a_sidecar_whose_name_is_taken_stays_and_nothing_is_overwritten(bench: Workbench) -> None:
    bench.photo("in/a.jpg.xmp", DIGIKAM)
    other = bench.photo("out/a.jpg.xmp", b"of another")
    _, outcome = bench.done(*moved(bench))
    assert outcome.state == "refused"
    assert outcome.error == f"{other}: already exists; the sidecar stays at {bench.base / 'in/a.jpg.xmp'}"
    assert bench.tree() == {"out/a.jpg": b"a photo", "out/a.jpg.xmp": b"of another", "in/a.jpg.xmp": DIGIKAM}


def prepare(base: Path, there: bytes | None) -> int:
    bench = Workbench.at(base)
    if there is not None:
        bench.photo("in/a.jpg.xmp", there)
    out = base / "out"
    along = MoveSidecar(target=out / "a.jpg.xmp", rule="r", file=base / "in/a.jpg.xmp", behind=1, moves=True)
    plan = bench.plan(bench.photo(), inscribe(bench), Move(target=out / "a.jpg", rule="r"), along)
    bench.close()
    return plan


@pytest.mark.parametrize("there", [None, DIGIKAM], ids=["fresh", "merged"])
def test_whenever_it_is_killed_a_sidecar_is_written_and_moved_once_and_whole(
    tmp_path: Path, there: bytes | None
) -> None:
    plan = prepare(tmp_path / "whole", there)
    bench = Workbench.at(tmp_path / "whole")
    bench.perform(plan)
    expected = bench.tree()
    assert list(expected) == ["out/a.jpg", "out/a.jpg.xmp"]
    bench.undo_all()
    undone = bench.tree()
    bench.close()
    instant = 0
    while True:
        base = tmp_path / str(instant)
        plan = prepare(base, there)
        died = dies_at(base, lambda bench, death, plan=plan: bench.perform(plan, death, death.pulse), instant)
        bench = Workbench.at(base)
        sidecars = [path for path in base.rglob("*.xmp") if "state" not in path.parts]
        assert all(path.read_bytes() in {there, expected["out/a.jpg.xmp"]} for path in sidecars)
        bench.perform(plan)
        assert bench.tree() == expected
        bench.undo_all()
        assert bench.tree() == undone
        bench.close()
        if not died:
            break
        instant += 1
    assert instant > 10


@pytest.mark.parametrize("there", [None, DIGIKAM], ids=["fresh", "merged"])
def test_whenever_undoing_is_killed_it_is_completed(tmp_path: Path, there: bytes | None) -> None:
    instant = 0
    while True:
        base = tmp_path / str(instant)
        plan = prepare(base, there)
        bench = Workbench.at(base)
        before = bench.tree()
        bench.perform(plan)
        bench.close()
        died = dies_at(base, lambda bench, death: bench.undo_all(death, death.pulse), instant)
        bench = Workbench.at(base)
        bench.undo_all()
        assert bench.tree() == before
        bench.close()
        if not died:
            break
        instant += 1
    assert instant > 5


def test_a_write_protected_sidecar_is_left_as_it_is_by_the_superuser_too(bench: Workbench) -> None:
    path = bench.photo("in/a.jpg.xmp", DIGIKAM)
    path.chmod(0o444)
    (outcome,) = bench.done(inscribe(bench))
    assert (outcome.state, outcome.error) == ("refused", f"{path}: is write-protected, and was left unchanged")
