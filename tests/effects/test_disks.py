"""What is to be done on a disk that is not there waits; real mounts, of tmpfs and ext4 in a file."""

import os
import subprocess
from pathlib import Path

import pytest

from familiar.effects.disks import Disks
from familiar.filesystem.mounts import Disk, Mounts, mounts_in
from familiar.model import Copy, Move
from support.mounts import mounted
from support.workbench import Workbench, undo_of


@pytest.fixture
def point(bench: Workbench) -> Path:
    folder = bench.base / "usb"
    folder.mkdir()
    return folder


def put(bench: Workbench, point: Path, photo: Path) -> tuple[str, str | None]:
    (outcome,) = bench.done(Move(target=point / "people/a.jpg", rule="r", top=point / "people"), path=photo)
    return outcome.state, outcome.error


def test_a_move_to_a_disk_that_is_not_mounted_any_more_waits_for_it_by_name(bench: Workbench, point: Path) -> None:
    with mounted(point):
        assert put(bench, point, bench.photo("in/1.jpg", b"1"))[0] == "done"
        was = bench.disks().disk_of(point)
    photo, top = bench.photo("in/2.jpg", b"2"), point / "people"
    now = bench.disks().disk_of(point.parent)
    reason = (
        f"{top}: its disk {was} is not mounted ({now} is in its place); mount it, or, if the change is intended, run "
    )
    assert put(bench, point, photo) == ("failed", f"{reason}`familiar disks trust {top}`")
    assert list(bench.store.journal.waited_for()) == [top]
    assert photo.exists()
    assert list(point.iterdir()) == []


def test_another_disk_with_the_same_device_number_is_another_disk(bench: Workbench, point: Path) -> None:
    with mounted(point):
        device = point.stat().st_dev
        assert put(bench, point, bench.photo("in/1.jpg", b"1"))[0] == "done"
    photo = bench.photo("in/2.jpg", b"2")
    with mounted(point):
        if point.stat().st_dev != device:
            pytest.skip("the second disk got another device number")
        state, error = put(bench, point, photo)
        assert (state, list(point.iterdir())) == ("failed", [])
        assert error is not None
        assert "is not mounted (another none (tmpfs) is in its place)" in error
        bench.disks().trust(point / "people")
        assert bench.perform(2)[0].state == "done"


def test_the_undo_of_a_move_off_a_disk_that_is_gone_is_refused(bench: Workbench, point: Path) -> None:
    with mounted(point):
        path = bench.photo("usb/a.jpg")
        bench.done(Move(target=bench.base / "out/a.jpg", rule="r"), path=path)
    (obstacle,) = undo_of(bench).obstacles(bench.store.journal.select_last())
    assert obstacle.reason.startswith(f"{point}: its disk none (tmpfs) is not mounted (")
    assert list(point.iterdir()) == []
    assert (bench.base / "out/a.jpg").exists()


def test_the_disk_of_a_folder_below_a_target_is_missed_too(bench: Workbench, point: Path) -> None:
    top, photo = bench.base, bench.photo()
    with mounted(point):
        assert bench.done(Copy(target=point / "1.jpg", rule="r", top=top), path=photo)[0].state == "done"
    (outcome,) = bench.done(Copy(target=point / "2.jpg", rule="r", top=top), path=photo)
    assert (outcome.state, outcome.waits_for) == ("failed", point)
    assert list(point.iterdir()) == []


def test_a_root_that_is_known_and_empty_gets_nothing(bench: Workbench) -> None:
    root = bench.base / "root"
    root.mkdir()
    root_id = bench.store.roots.know(root).id
    bench.disks().remember(root)
    bench.store.files.hint(root / "known.jpg", size=1, mtime_ns=1, root_id=root_id, due=0)
    photo = bench.photo()
    operation = Copy(target=root / "people/a.jpg", rule="r", top=root / "people")
    (outcome,) = bench.done(operation, path=photo)
    assert (outcome.state, outcome.error) == (
        "failed",
        f"{root}: the watched folder is empty, but 1 of its files are known",
    )
    root.rmdir()
    (outcome,) = bench.done(operation, path=photo)
    assert outcome.error == f"{root}: the watched folder is missing, but 1 of its files are known"
    assert not root.exists()


def test_a_folder_for_mounts_that_is_empty_is_not_written_into(bench: Workbench) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may make a folder in /mnt")
    point = Path("/mnt") / f"familiar-test-{os.getpid()}"
    point.mkdir()
    try:
        (outcome,) = bench.done(Copy(target=point / "people/a.jpg", rule="r", top=point / "people"))
        assert outcome.state == "failed"
        assert outcome.error is not None
        assert outcome.error == (
            f"{point}/people: no disk is mounted at {point}; mount it, or, if none belongs there, create the "
            f"folder and run `familiar disks trust {point}/people`"
        )
        assert list(point.iterdir()) == []
        with mounted(point):
            assert bench.perform(1)[0].state == "done"
    finally:
        point.rmdir()


def test_two_mounts_of_one_disk_are_one_disk_and_a_move_between_them_is_a_copy(bench: Workbench, point: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("a folder can't be mounted a second time here")
    photo = bench.photo()
    bound = bench.base / "bound"
    bound.mkdir()
    subprocess.run(["mount", "--bind", point, bound], check=True)
    try:
        disks = bench.disks()
        assert disks.disk_of(bound).is_same(disks.disk_of(point))
        (outcome,) = bench.done(Move(target=bound / "a.jpg", rule="r", top=bound), path=photo)
        assert outcome.state == "done"
        (again,) = bench.done(Move(target=bound / "a.jpg", rule="r", top=bound), path=point / "a.jpg")
        assert again.state == "kept"
        assert (point / "a.jpg").read_bytes() == b"a photo"
    finally:
        subprocess.run(["umount", bound], check=True)
    assert bench.tree() == {"usb/a.jpg": b"a photo"}


def disk(**known: object) -> Disk:
    return Disk(**({"type": "ext4", "source": "/dev/sdb1", "device": 1, "id": 7} | known))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (disk(), disk(device=2, source="/dev/sdc1"), True),
        (disk(), disk(id=8), False),
        (disk(), disk(type="vfat"), False),
        (disk(uuid="a", id=1), disk(uuid="a", id=2), True),
        (disk(uuid="a"), disk(uuid="b"), False),
        (disk(uuid="a"), disk(uuid=None), True),
        (disk(type="nfs4", source="nas:/p", id=1), disk(type="nfs4", source="nas:/p", id=2, device=9), True),
        (disk(type="nfs4", source="nas:/p"), disk(type="nfs4", source="nas:/q"), False),
        (disk(type="tmpfs", boot="x", id=1), disk(type="tmpfs", boot="y", id=2), True),
        (disk(type="tmpfs", boot="x", id=1), disk(type="tmpfs", boot="x", id=2), False),
        (disk(type="fuseblk", id=0), disk(type="fuseblk", id=0, source="/dev/sdd1"), False),
    ],
)
def test_a_disk_is_known_again_by_what_outlives_a_mount(one: Disk, other: Disk, *, same: bool) -> None:
    assert (one.is_same(other), other.is_same(one)) == (same, same)


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [
        (disk(), disk(device=2, id=8), False),
        (disk(type="fuse.bindfs"), disk(device=2), True),
        (disk(), disk(device=2, type="overlay"), True),
        (disk(type="fuse.mergerfs"), disk(type="fuse.mergerfs"), False),
        (disk(type="fuse.sshfs", source="ann@far:/p"), disk(device=2), False),
        (disk(type="fuseblk"), disk(device=2), False),
        (disk(type="nfs4", source="nas:/a"), disk(device=2), False),
        (disk(type="nfs4", source="nas:/a"), disk(device=2, type="cifs", source="//nas/b"), True),
        (disk(type="nfs4", source="nas:/a"), disk(device=2, type="cifs", source="//other/b"), False),
        (disk(type="nfs4", source="localhost:/a"), disk(device=2), True),
        (disk(type="nfs4", source="127.0.0.1:/a"), disk(device=2), True),
    ],
)
def test_a_file_system_that_shows_others_proves_no_second_copy(one: Disk, other: Disk, *, may_be: bool) -> None:
    assert (one.may_show(other), other.may_show(one)) == (may_be, may_be)


def test_a_disk_is_known_by_its_uuid_where_its_file_system_tells_it(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.touch()
    os.truncate(image, 8_000_000)
    made = subprocess.run(["mkfs.ext4", "-q", "-U", "11111111-2222-3333-4444-555555555555", image], check=False)
    (point := tmp_path / "point").mkdir()
    mount = ["mount", "-o", "loop", str(image), str(point)]
    if made.returncode != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("an image of a disk can't be mounted here")
    try:
        assert Mounts().disk_at(point).uuid in {"11111111-2222-3333-4444-555555555555", None}
        assert Mounts().disk_at(point / "missing").is_same(Mounts().disk_at(point))
        assert not Mounts().disk_at(point).is_same(Mounts().disk_at(tmp_path))
    finally:
        subprocess.run(["umount", point], check=True)


def test_mounts_are_read_with_the_spaces_in_their_paths() -> None:
    text = r"36 35 98:0 / /mnt/two\040words rw,noatime shared:1 - ext3 /dev/root rw"
    (mount,) = mounts_in(text)
    assert (mount.point, mount.type, mount.source) == (Path("/mnt/two words"), "ext3", "/dev/root")


def test_a_change_of_mounts_is_seen_by_what_has_read_them_before(bench: Workbench, point: Path) -> None:
    mounts = Mounts()
    before = mounts.disk_at(point)
    with mounted(point):
        assert mounts.disk_at(point).type == "tmpfs"
    assert mounts.disk_at(point).is_same(before)
    assert Disks(bench.store.places, mounts).disk_of(point).is_same(before)


def test_an_undo_on_a_read_only_disk_is_not_started(bench: Workbench, point: Path) -> None:
    with mounted(point):
        bench.done(Copy(target=point / "a.jpg", rule="r", top=point))
        subprocess.run(["mount", "-o", "remount,ro", point], check=True)
        (obstacle,) = undo_of(bench).obstacles(bench.store.journal.select_last())
        assert obstacle.reason == f"{point} is not writable"
