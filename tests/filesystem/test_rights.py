"""What is made from a file has at most its rights."""

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from familiar.filesystem.rights import ACCESS, PRIVATE, Rights

MODES = st.integers(0, 0o777)
_ANYBODY = 0xFFFFFFFF
_TAGS = {"u": 1, "u:": 2, "g": 4, "m": 16, "o": 32}


def access_list(owner: int, user: tuple[int, int], group: int, mask: int, other: int) -> bytes:
    """Return an access control list as the kernel has it (linux/posix_acl_xattr.h)."""
    entries = [
        (_TAGS["u"], owner, _ANYBODY),
        (_TAGS["u:"], user[1], user[0]),
        (_TAGS["g"], group, _ANYBODY),
        (_TAGS["m"], mask, _ANYBODY),
        (_TAGS["o"], other, _ANYBODY),
    ]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


@contextmanager
def opened(path: Path, flags: int = os.O_RDONLY) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def rights_of(path: Path) -> Rights:
    with opened(path) as descriptor:
        return Rights.of(descriptor)


def given_to(path: Path, rights: Rights) -> Rights:
    path.unlink(missing_ok=True)
    with opened(path, os.O_CREAT | os.O_WRONLY) as descriptor:
        rights.give(descriptor)
    return rights_of(path)


def with_list(path: Path, access: bytes) -> Path:
    path.touch()
    try:
        os.setxattr(path, ACCESS, access)
    except OSError:
        pytest.skip("the file system has no access control lists")
    return path


@given(mode=MODES)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_made_has_no_right_that_the_original_has_not(tmp_path: Path, mode: int) -> None:
    photo = tmp_path / "photo"
    photo.touch()
    photo.chmod(mode)
    if os.geteuid() != 0 and not mode & stat.S_IRUSR:
        return  # it can't be read
    made = given_to(tmp_path / "made", rights_of(photo).for_made())
    assert made.mode & ~mode == 0
    assert made.mode & 0o111 == 0
    assert (made.owner, made.group) == (photo.stat().st_uid, photo.stat().st_gid)


def test_an_access_list_goes_along(tmp_path: Path) -> None:
    photo = with_list(tmp_path / "photo", access_list(6, (1234, 4), 0, 4, 0))
    made = given_to(tmp_path / "made", rights_of(photo))
    assert made == rights_of(photo)
    assert made.access is not None


def test_the_list_of_a_folder_gives_nobody_more_than_the_photo_does(tmp_path: Path) -> None:
    photo, folder = tmp_path / "photo", tmp_path / "folder"
    photo.touch()
    photo.chmod(0o640)
    folder.mkdir()
    try:
        os.setxattr(folder, "system.posix_acl_default", access_list(7, (1234, 7), 5, 7, 0))
    except OSError:
        pytest.skip("the file system has no access control lists")
    made = given_to(folder / "made", rights_of(photo))
    assert (made.mode, made.access) == (0o640, None)


def test_where_there_are_no_lists_nobody_gets_the_rights_of_one(tmp_path: Path) -> None:
    photo = with_list(tmp_path / "photo", access_list(6, (1234, 6), 0, 6, 0))
    assert rights_of(photo).mode == 0o660
    odd = replace(rights_of(photo), access=b"no list")  # as of a file system that has none
    assert given_to(tmp_path / "made", odd).mode == 0o600


def test_a_file_whose_original_is_not_known_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert given_to(tmp_path / "made", PRIVATE).mode == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can become somebody else")
@pytest.mark.parametrize(("mode", "left"), [(0o640, 0o600), (0o664, 0o644), (0o6775, 0o755), (0o604, 0o604)])
def test_who_can_not_keep_the_group_gives_no_other_group_its_rights(tmp_path: Path, mode: int, left: int) -> None:
    tmp_path.chmod(0o777)
    folder = os.open(tmp_path, os.O_RDONLY)
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(1001)
            os.setuid(1001)
            descriptor = os.open("made", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=folder)
            Rights(owner=1000, group=1000, mode=mode).give(descriptor)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(folder)
    found = (tmp_path / "made").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (left, 1001, 1001)
