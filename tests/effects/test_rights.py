"""Owner and rights of a photo stay with it, and bound its copies, crops and sidecars."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from familiar.effects.exchange import place_over
from familiar.effects.hidden import Hidden
from familiar.effects.kinds.write_sidecar import WriteSidecar
from familiar.effects.replacement import replace_files, whole_file
from familiar.filesystem.files import no_pulse
from familiar.filesystem.folders import Entry, Folder
from familiar.filesystem.rights import ACCESS, PRIVATE
from familiar.model import Box, Copy, Crop, Move, SidecarContent
from support.workbench import Workbench

_LIST = "0200000001000600ffffffff02000400d204000004000400ffffffff10000400ffffffff20000000ffffffff"
"""user::rw-, user:1234:r--, group::r--, mask::r--, other::--- (linux/posix_acl_xattr.h)."""
IS_ROOT = os.geteuid() == 0
OWNER, GROUP = (1234, 2345) if IS_ROOT else (os.geteuid(), os.getegid())


def private(bench: Workbench, mode: int = 0o600) -> Path:
    photo = bench.photo()
    photo.chmod(mode)
    if IS_ROOT:
        os.chown(photo, OWNER, GROUP)
    return photo


def looks(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604, 0o444])
def test_a_copy_a_crop_and_a_sidecar_have_at_most_the_rights_of_the_photo(bench: Workbench, mode: int) -> None:
    photo, out = private(bench, mode), bench.base / "out"
    bench.done(
        Copy(target=out / "copy.jpg", rule="r"),
        Crop(target=out / "face.jpg", rule="r", box=Box(left=0, top=0, right=5, bottom=5), margin=0.4, size=None),
        path=photo,
    )
    assert looks(out / "copy.jpg") == looks(out / "face.jpg") == (mode, OWNER, GROUP)


def test_a_new_sidecar_has_at_most_the_rights_of_its_photo(bench: Workbench, obama: Path) -> None:
    photo = bench.photo(content=obama.read_bytes())
    photo.chmod(0o600)
    wanted = SidecarContent(names=("Ann",))
    sidecar = photo.with_name("a.jpg.xmp")
    plan = bench.plan(photo, WriteSidecar(target=sidecar, rule="sidecars", wanted=wanted))
    (outcome,) = bench.perform(plan)
    assert outcome.state == "done"
    assert looks(sidecar)[0] == 0o600


def test_a_move_to_another_file_system_and_its_undo_keep_owner_group_rights_and_attributes(
    bench: Workbench, elsewhere: Path
) -> None:
    photo = private(bench, 0o640)
    try:
        os.setxattr(photo, "user.rating", b"5")
        os.setxattr(photo, ACCESS, bytes.fromhex(_LIST))
    except OSError:
        pytest.skip("the file system keeps no attributes")
    before = looks(photo), {name: os.getxattr(photo, name) for name in os.listxattr(photo)}
    bench.done(Move(target=elsewhere / "a.jpg", rule="r"), path=photo)
    there = elsewhere / "a.jpg"
    assert looks(there) == before[0]
    kept = {name: os.getxattr(there, name) for name in os.listxattr(there)}
    assert kept.items() <= before[1].items()  # tmpfs may have no user attributes
    bench.undo_all()
    assert looks(photo) == before[0]


def test_a_sidecar_that_is_written_again_keeps_its_owner(tmp_path: Path) -> None:
    sidecar = tmp_path / "a.xmp"
    sidecar.write_bytes(b"before")
    sidecar.chmod(0o660)
    if IS_ROOT:
        os.chown(sidecar, OWNER, GROUP)
    with Folder.open(tmp_path) as folder:
        expected = hashlib.sha256(b"before").hexdigest()
        place_over(b"after", Entry(folder, "a.xmp"), Hidden.fresh(1), expected=expected, rights=PRIVATE, pulse=no_pulse)
    assert sidecar.read_bytes() == b"after"
    assert looks(sidecar) == (0o660, OWNER, GROUP)


def test_a_list_that_is_written_again_keeps_its_owner_and_rights(tmp_path: Path) -> None:
    for name in ("faces.json", "photos.csv"):
        (tmp_path / name).touch(mode=0o600)
        if IS_ROOT:
            os.chown(tmp_path / name, OWNER, GROUP)
    replace_files({tmp_path / "faces.json": b"{}"})
    with whole_file(tmp_path / "photos.csv", replace=True) as file:
        file.write(b"id")
    assert looks(tmp_path / "faces.json") == looks(tmp_path / "photos.csv") == (0o600, OWNER, GROUP)
