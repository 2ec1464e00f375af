"""What looks whether anything is lost: it has to bite."""

from pathlib import Path

from faults.contents import Ledger, hash_of, tree
from faults.durability import Durability
from faults.shim import Call

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
