"""Values that no column, date or log line has room for: one file never stops the others."""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from familiar.filesystem.stamps import modified_ns
from familiar.store.store import STORE_NAME
from support.disks import MEMORY
from support.household import Household

_SECONDS = {"1601": -11_644_473_600, "2400": 13_569_465_600}
"""The zero of NTFS, and a clock that runs far ahead; both leave 64 bits of nanoseconds."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system that keeps all times, such as tmpfs."""
    if not MEMORY.is_dir():  # ext4 has no time before 1901
        pytest.skip("there is no tmpfs")
    folder = MEMORY / f"familiar-{os.getpid()}-{tmp_path.name}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def with_time(photo: Path, seconds: int) -> Path:
    os.utime(photo, (0, seconds))
    if photo.stat().st_mtime != seconds:
        pytest.skip("the file system does not keep this time")
    return photo


@pytest.mark.parametrize("year", _SECONDS)
def test_a_file_from_1601_or_2400_is_handled_as_any_other_one(
    household: Household, elsewhere: Path, obama: Path, meadow: Path, year: str
) -> None:
    odd, plain = (Path(shutil.copy(photo, elsewhere)) for photo in (obama, meadow))
    with_time(odd, _SECONDS[year])
    with_time(plain, _SECONDS[year])
    household.configure({"folders": [str(elsewhere)]})
    household.rule({"name": "years", "then": [{"copy": f"{household.out}/{{taken:%Y}}/"}]})
    assert household.json("scan")["done"] == 2
    assert household.json("scan")["done"] == 0
    assert (household.out / {"1601": "1677", "2400": "2262"}[year] / "meadow.png").exists()
    household.ask("people", "add", "Barack Obama", odd)
    household.ask("crop", elsewhere, "--person", "Barack Obama", "--to", household.base / "crops")
    assert len(list((household.base / "crops").rglob("*.jpg"))) == 1


def test_the_daemon_outlives_a_file_from_2400(household: Household, elsewhere: Path, meadow: Path) -> None:
    household.configure({"folders": [str(elsewhere)]})
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        with_time(Path(shutil.copy(meadow, elsewhere / "a.png")), _SECONDS["2400"])
        daemon.wait_for("photo.seen", path=str(elsewhere / "a.png"))


def test_the_sidecar_of_a_photo_may_be_of_any_time(household: Household, obama: Path) -> None:
    shutil.copy(obama, household.inbox / "obama.jpg")
    sidecar = household.inbox / "obama.jpg.xmp"
    sidecar.write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    with_time(sidecar, _SECONDS["2400"])
    household.configure({"sidecars": {"read": True}})
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/"}]})
    assert household.json("scan")["done"] == 1
    assert (household.out / "obama.jpg.xmp").exists()


@given(seconds=st.integers(-(2**62), 2**62))
@example(seconds=_SECONDS["1601"])
@example(seconds=_SECONDS["2400"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_time_of_a_file_is_one_that_the_store_holds(elsewhere: Path, seconds: int) -> None:
    photo = elsewhere / "a.jpg"
    photo.touch()
    os.utime(photo, (0, seconds))
    with closing(sqlite3.connect(":memory:")) as connection:
        (stored,) = connection.execute("SELECT ?", (modified_ns(photo.stat()),)).fetchone()
    assert stored == max(min(photo.stat().st_mtime_ns, 2**63 - 1), -(2**63))


def test_a_reason_with_a_name_that_is_not_utf_8_is_stored_and_shown(household: Household) -> None:
    odd = household.inbox / os.fsdecode(b"\xff.jpg")
    odd.write_bytes(b"no photo")
    missing = household.base / os.fsdecode(b"gone-\xff")
    household.configure({"folders": [str(household.inbox)]})
    household.scan()
    assert household.json("status")["set_aside"][0]["path"].endswith("\\xff.jpg")
    shutil.move(household.inbox, missing)
    household.ask("scan", check=False)
    with closing(sqlite3.connect(household.state / STORE_NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM files").fetchone() == (1,)
    assert json.loads(household.ask("status", "--json").stdout)["roots"]


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_beside_a_photo_is_left_where_it_is_and_the_photo_is_moved(
    household: Household, meadow: Path, kind: str
) -> None:
    photo = Path(shutil.copy(meadow, household.inbox))
    sidecar = Path(f"{photo}.xmp")
    os.mkfifo(sidecar) if kind == "pipe" else sidecar.symlink_to("/dev/zero")
    household.configure({"sidecars": {"read": True, "write": True}})
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/"}]})
    events = household.scan()
    (refused,) = [event for event in events if event["event"] == "operation.refused"]
    reason = "is not a regular file" if kind == "pipe" else "is a symbolic link, which is neither moved nor copied"
    assert refused["error"] == f"{sidecar}: {reason}"
    assert (household.out / photo.name).exists()
    assert os.path.lexists(sidecar)
