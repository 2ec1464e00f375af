"""What looks whether anything is lost: it has to bite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.contents import Ledger, hash_of, tree
from faults.disks import Disks
from faults.durability import Durability
from faults.oracle import Oracle
from faults.shim import Call
from faults.workloads import Arrive
from faults.worlds import World

PHOTO, OTHER = Path("/near/a.jpg"), Path("/far/a.jpg")
TEMPORARY = Path("/far/.familiar-1.tmp")
HASH = hash_of(b"a photo")


def call(label: str, one: Path, two: Path | str = "", *, result: int = 0) -> Call:
    return Call(number=1, label=label, result=result, injected="", one=str(one), two=str(two))


COPY = (call("create", TEMPORARY), call("write", TEMPORARY), call("fsync", TEMPORARY))
PLACE = (call("rename", TEMPORARY, OTHER), call("fsync", OTHER.parent))
REMOVE = call("unlink", PHOTO)


def endangered(*calls: Call) -> list[str]:
    record = Durability()
    record.observe({PHOTO: HASH})
    return [hash_ for _, hash_ in record.add(calls, {OTHER: HASH}, {HASH})]


def test_a_copy_is_sure_once_content_and_name_are_synced() -> None:
    assert endangered(*COPY, *PLACE, REMOVE) == []


def test_a_copy_is_not_sure_without_a_sync_of_its_content() -> None:
    assert endangered(*COPY[:2], *PLACE, REMOVE) == [HASH]


def test_a_copy_is_not_sure_without_a_sync_of_its_folder_before_the_original_goes() -> None:
    assert endangered(*COPY, PLACE[0], REMOVE, PLACE[1]) == [HASH]


def test_a_copy_is_not_sure_after_a_sync_that_failed_and_one_that_did_not() -> None:
    assert endangered(*COPY[:2], call("fsync", TEMPORARY, result=-5), COPY[2], *PLACE, REMOVE) == [HASH]


def test_what_is_renamed_is_as_sure_as_before() -> None:
    assert endangered(call("rename", PHOTO, OTHER)) == []


def test_a_content_that_is_gone_is_lost_unless_a_person_took_it_away(tmp_path: Path) -> None:
    ledger = Ledger()
    kept, taken, gone = (ledger.arrive(data, data.decode()) for data in (b"kept", b"taken", b"gone"))
    (tmp_path / ".familiar-1.tmp").write_bytes(b"kept")
    ledger.release(taken)
    assert ledger.called(ledger.lost(tree([tmp_path]))) == "gone"
    assert kept in ledger.required
    assert gone in ledger.required


def test_half_a_content_is_found_under_a_name_of_its_own_alone(tmp_path: Path) -> None:
    ledger = Ledger()
    ledger.arrive(b"a whole photo", "photo")
    for name in ("a.jpg", ".familiar-1.tmp"):
        (tmp_path / name).write_bytes(b"a whole")
    assert ledger.partial(tree([tmp_path]), ()) == [tmp_path / "a.jpg"]


def test_a_person_takes_away_what_they_see_and_a_temporary_file_is_no_copy_to_them() -> None:
    ledger = Ledger()
    deleted, moved = (ledger.arrive(data) for data in (b"deleted", b"only under a temporary name"))
    hidden = {Path("/.familiar-1.tmp"): deleted, Path("/.familiar-2.tmp"): moved}
    ledger.settle({Path("/a.jpg"): deleted, **hidden}, hidden)
    assert ledger.required == {moved}


@pytest.fixture
def world() -> Iterator[World]:
    disks = Disks(mounts=False)
    disks.clear()
    made = World(disks, Ledger())
    made.arrive(Arrive(path="near/in/a.jpg", content=1))
    yield made
    made.close()
    disks.close()


def found_in(world: World, *, trap: Path | None = None) -> list[str]:
    oracle = Oracle(world)
    oracle.check("now", traps={} if trap is None else {trap: True}, single=True)
    oracle.check_quiet("now")
    return oracle.findings


def test_nothing_is_found_where_everything_is_as_it_should_be(world: World) -> None:
    assert found_in(world) == []


def test_a_photo_that_is_gone_is_found(world: World) -> None:
    (world.disks.near / "in/a.jpg").unlink()
    assert found_in(world) == ["lost: a.jpg now"]


def test_a_photo_that_is_left_under_a_temporary_name_is_found(world: World) -> None:
    photo = world.disks.near / "in/a.jpg"
    photo.rename(photo.with_name(".familiar-1.tmp"))
    assert found_in(world) == ["hidden: a.jpg now", "temporaries: near/in/.familiar-1.tmp now"]


def test_a_file_that_was_put_through_a_link_in_the_place_of_a_held_folder_is_found(world: World) -> None:
    trap = world.disks.away / "trap"
    trap.mkdir()
    (trap / "a.jpg").write_bytes((world.disks.near / "in/a.jpg").read_bytes())
    assert found_in(world) == []
    assert found_in(world, trap=trap) == ["outside: away/trap/a.jpg now"]
