import os
from dataclasses import replace
from pathlib import Path

import pytest

from familiar.filesystem.mounts import is_network, type_of
from familiar.filesystem.stamps import Stamp
from familiar.sources.completeness import Gone, Settled, Wait, look, settle
from familiar.sources.roots import RootView, Verdict, judge, look_at, vouches


def seen(*, device: int | None = 5, empty: bool = False, error: str | None = None) -> RootView:
    return RootView(device=device, is_empty=empty, error=error)


@pytest.mark.parametrize(
    ("view", "known", "vouched", "verdict"),
    [
        (seen(), 10, False, Verdict(online=True)),
        (seen(empty=True), 0, False, Verdict(online=True)),
        (seen(empty=True), 10, False, Verdict(online=False, reason="it is empty, but 10 of its files are known")),
        (seen(error="it is missing", device=None), 10, False, Verdict(online=False, reason="it is missing")),
        (
            seen(device=6),
            10,
            False,
            Verdict(online=False, reason="it is on b, not a, without its known files"),
        ),
        (seen(device=6), 10, True, Verdict(online=True)),
        (seen(device=6), 0, False, Verdict(online=True)),
    ],
)
def test_a_root_is_in_place_or_not(view: RootView, known: int, vouched: bool, verdict: Verdict) -> None:
    assert judge(view, moved="b, not a" if view.device == 6 else None, known_files=known, vouched=vouched) == verdict


def test_a_look_tells_missing_files_and_empty_folders_apart(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    assert look_at(tmp_path / "gone").error == "it is missing"
    assert look_at(tmp_path / "file").error == "it is not a folder"
    assert look_at(tmp_path / "empty") == RootView(device=tmp_path.stat().st_dev, is_empty=True, error=None)
    assert not look_at(tmp_path).is_empty


def test_half_of_the_known_files_vouch_for_a_root(tmp_path: Path) -> None:
    sample = []
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).write_text(name)
        sample.append((tmp_path / name, 1, (tmp_path / name).stat().st_mtime_ns))
    assert vouches(sample)
    (tmp_path / "a").unlink()
    os.utime(tmp_path / "b", (1, 1))
    assert vouches(sample)
    (tmp_path / "c").write_text("longer")
    assert not vouches(sample)
    assert not vouches([])


def test_a_file_has_settled_when_it_looks_as_it_did(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    assert look(path) is None
    assert look(tmp_path) is None
    path.write_bytes(b"123")
    present = look(path)
    assert present is not None
    found = path.stat()
    assert present == Stamp(size=3, mtime_ns=found.st_mtime_ns, ctime_ns=found.st_ctime_ns)
    assert settle(Stamp(size=3, mtime_ns=found.st_mtime_ns), present) == Settled()
    assert settle(present, present) == Settled()
    assert settle(Stamp(size=2, mtime_ns=7), present) == Wait(stamp=present)
    assert settle(replace(present, ctime_ns=7), present) == Wait(stamp=present)
    assert settle(Stamp(size=3, mtime_ns=7), None) == Gone()


MOUNTS = r"""
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:26 / /mnt/nas rw shared:1 - nfs4 nas:/photos rw
31 22 0:27 / /mnt/my\040disk rw - fuseblk /dev/sdb1 rw
32 30 0:28 / /mnt/nas/local rw - ext4 /dev/sdc rw
""".strip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/eileen", "ext4"),
        ("/mnt/nas/2026", "nfs4"),
        ("/mnt/nasty", "ext4"),
        ("/mnt/my disk/x", "fuseblk"),
        ("/mnt/nas/local/x", "ext4"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    assert type_of(Path(path), MOUNTS) == kind


def test_a_local_folder_is_on_no_network(tmp_path: Path) -> None:
    assert not is_network(tmp_path)
