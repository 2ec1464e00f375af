"""The unit and its drop-in, as systemd reads them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from familiar.errors import FamiliarError, UsageError
from familiar.library.unit.files import read_own, remove, write
from familiar.library.unit.needs import Needs
from familiar.library.unit.texts import MARK, drop_in_text, groups_in, unit_text

NEEDS = Needs(
    writable=(Path('/srv/María\'s "photos" 100%; $HOME'),),
    groups=("photos", "100"),
    has_homes=True,
    has_network=True,
)


def test_the_drop_in_has_what_the_service_needs() -> None:
    assert drop_in_text(NEEDS, config=Path("/srv/familiar.yaml")).splitlines() == [
        *(MARK, "", "[Service]"),
        'ReadWritePaths="-/srv/María\'s \\"photos\\" 100%%; $HOME"',
        "SupplementaryGroups=photos 100",
        "ProtectHome=no",
        "RestrictAddressFamilies=AF_INET AF_INET6",
        "IPAddressDeny=",
        "Environment=FAMILIAR_CONFIG=/srv/familiar.yaml",
    ]


def test_the_groups_of_a_drop_in_are_read_again() -> None:
    assert groups_in(drop_in_text(NEEDS, config=None)) == ["photos", "100"]
    assert groups_in(drop_in_text(Needs(), config=None)) == []


def test_a_service_that_serves_the_review_page_reaches_this_computer_alone() -> None:
    lines = drop_in_text(Needs(serves_here=True), config=None).splitlines()
    assert lines[3:] == ["RestrictAddressFamilies=AF_INET AF_INET6", "IPAddressAllow=localhost"]


def test_a_service_that_needs_nothing_has_a_drop_in_without_rights() -> None:
    assert drop_in_text(Needs(), config=None) == f"{MARK}\n\n[Service]\n"


def test_a_name_that_no_unit_can_have_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'-/srv/a\\nb': can't be written in a unit of systemd"):
        drop_in_text(Needs(writable=(Path("/srv/a\nb"),)), config=None)


@pytest.mark.parametrize("system", [True, False])
def test_systemd_takes_the_unit_with_its_drop_in(tmp_path: Path, *, system: bool) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    program = tmp_path / "of $HOME 100%" / "familiar"
    program.parent.mkdir()
    program.symlink_to("/usr/bin/true")
    unit = tmp_path / "familiar.service"
    write(unit, unit_text(program, system=system))
    write(tmp_path / "familiar.service.d" / "10-installation.conf", drop_in_text(NEEDS, config=None))
    environment = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
    scope = [] if system else ["--user"]
    result = subprocess.run(
        [analyze, "verify", *scope, str(unit)], capture_output=True, text=True, env=environment, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert f'ExecStart="{tmp_path}/of $HOME 100%%/familiar" run --log-format json' in unit.read_text()


def test_what_a_person_wrote_is_not_read_as_own_and_what_is_gone_is_none(tmp_path: Path) -> None:
    path = tmp_path / "familiar.service.d" / "10-installation.conf"
    assert read_own(path) is None
    write(path, f"{MARK}\n[Service]\n")
    assert read_own(path) == f"{MARK}\n[Service]\n"
    assert path.stat().st_mode & 0o777 == 0o644
    remove(path)
    assert list(tmp_path.iterdir()) == []
    path.parent.mkdir()
    path.write_text("[Service]\n")
    with pytest.raises(UsageError, match="was not written by `familiar service`, and is not changed"):
        read_own(path)


def test_a_place_that_can_not_be_written_is_told() -> None:
    with pytest.raises(FamiliarError, match=r"^/proc/familiar: can't be created: "):
        write(Path("/proc/familiar/familiar.service"), "")
