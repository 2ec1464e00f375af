"""What the system service is allowed, for folders and targets."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from familiar.errors import UsageError
from familiar.library.unit.needs import check_reachable, is_in_home, needs_of, why_hidden, writable_folders
from support.mounts import mounted


def anybody(_folder: Path, _groups: Sequence[str]) -> bool:
    return True


def test_folders_on_one_disk_get_the_folder_that_has_them_so_that_a_move_is_a_rename(tmp_path: Path) -> None:
    (tmp_path / "photos" / "inbox").mkdir(parents=True)
    found = writable_folders([tmp_path / "photos" / "inbox"], [tmp_path / "photos" / "albums" / "2020"])
    assert found == ([tmp_path / "photos"], [])


def test_folders_on_two_disks_are_allowed_each(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk"):
        (tmp_path / "inbox").mkdir()
        found, doubts = writable_folders([tmp_path / "inbox"], [tmp_path / "disk" / "albums"])
        assert (found, doubts) == ([tmp_path / "inbox", tmp_path / "disk"], [])


def test_a_folder_of_the_system_is_never_allowed_for_what_is_in_it(tmp_path: Path) -> None:
    found, doubts = writable_folders([Path("/usr/share"), Path("/usr/lib/systemd"), Path("/usr/lib/tmpfiles.d")])
    assert found == [Path("/usr/share"), Path("/usr/lib")]
    (doubt,) = doubts
    assert doubt.startswith("for the service, /usr/lib, /usr/share are 2 mounts: between them a move is a copy")


def test_a_folder_that_is_not_there_is_allowed_all_the_same_as_its_disk_may_be_away(tmp_path: Path) -> None:
    away = Path("/srv/nothing-of-this-name/inbox")
    found, doubts = writable_folders([away, tmp_path], [Path("/srv/none-either/albums/2020")])
    assert found == [away, tmp_path, Path("/srv/none-either")]
    remedy = "create it, or connect its disk, then run `familiar service upgrade`"
    assert doubts == [
        f"/srv/nothing-of-this-name/inbox does not exist; {remedy}",
        f"/srv/none-either/albums/2020 does not exist; {remedy}",
    ]


def test_a_watched_folder_is_allowed_as_itself_whether_or_not_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    away = writable_folders([tmp_path / "disk" / "inbox"])
    (tmp_path / "disk" / "inbox").mkdir()
    assert away == writable_folders([tmp_path / "disk" / "inbox"]) == ([tmp_path / "disk" / "inbox"], [])


def test_the_groups_of_the_service_are_kept_while_a_folder_is_away(tmp_path: Path) -> None:
    def groups(folder: Path) -> tuple[str, ...]:
        return needs_of([folder], network=False, may_write=anybody, groups_before=["photos"]).groups

    assert (groups(tmp_path / "away"), groups(tmp_path)) == (("photos",), ())


@pytest.mark.parametrize(
    ("folder", "trouble"),
    [
        ("/", "/ is a folder of the system, which is not given to the service as a whole; name a folder in it"),
        ("/home", "/home is a folder of the system, which is not given to the service as a whole; name a folder in it"),
        ("/proc", "/proc is a folder of the system, which is not given to the service as a whole; name a folder in it"),
        ("/var/lib/familiar", "/var/lib/familiar has the service's own files; name a folder of photos"),
    ],
)
def test_a_folder_that_the_service_can_not_be_given_is_told_with_the_true_reason(folder: str, trouble: str) -> None:
    assert writable_folders([Path(folder)]) == ([], [trouble])


def test_a_folder_in_the_tmp_of_all_is_hidden_from_the_service() -> None:
    assert why_hidden(Path("/srv/photos")) is None
    told = why_hidden(Path("/var/tmp/pics"))  # noqa: S108 - not used
    assert told is not None
    assert told.endswith(" is hidden from the service, which has its own /tmp (PrivateTmp=yes); choose another folder")


def test_a_link_is_followed_to_the_folder_that_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    assert writable_folders([tmp_path / "link"]) == ([tmp_path / "there"], [])


def test_a_group_is_joined_by_which_the_user_may_write(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another group")
    os.chown(tmp_path, -1, 100)

    def by_group(_folder: Path, groups: Sequence[str]) -> bool:
        return bool(groups)

    assert needs_of([tmp_path], network=False, may_write=by_group).groups == ("users",)


def test_a_folder_that_the_user_may_not_write_is_told_with_the_remedy(tmp_path: Path) -> None:
    found = needs_of([tmp_path], network=True, may_write=lambda _folder, _groups: False)
    assert (found.groups, found.has_network, found.has_homes) == ((), True, False)
    (doubt,) = found.doubts
    assert doubt.startswith(f"the user of the service may not write to {tmp_path}; give it the right, with its files: ")
    assert doubt.endswith(f"sudo setfacl -R -m u:familiar:rwX,d:u:familiar:rwX {tmp_path}")


def test_a_folder_in_a_home_is_not_hidden_from_the_service(tmp_path: Path) -> None:
    assert is_in_home(Path("/home/ann/Pictures"))
    assert not needs_of([tmp_path], network=False, may_write=anybody).has_homes


def test_an_installation_that_the_service_can_not_read_is_refused(tmp_path: Path) -> None:
    check_reachable(Path("/usr/bin/env"), [])
    with pytest.raises(UsageError, match=r"^/root is in a home, which is hidden from the service; install familiar in"):
        check_reachable(Path("/root"), [])
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "familiar").touch()
    with pytest.raises(UsageError, match="may be entered by its owner only, and .*/closed/familiar is in it"):
        check_reachable(closed / "familiar", [])


def test_a_python_that_the_service_can_not_read_is_named_as_the_cause() -> None:
    told = (
        r"^the Python of this installation /root is in a home, which is hidden from the service; "
        r"install it with a Python of its own: uv sync --managed-python"
    )
    with pytest.raises(UsageError, match=told):
        check_reachable(Path("/usr/bin/env"), [Path("/root")])
