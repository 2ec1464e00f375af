"""familiar service without systemd: what it would write, and what it refuses."""

import os
from pathlib import Path

import pytest

from support.household import Household


def unit_of(household: Household) -> Path:
    return household.base / ".config" / "systemd" / "user" / "familiar.service"


def test_a_dry_run_shows_the_unit_for_this_installation_and_writes_nothing(household: Household) -> None:
    plan = household.json("service", "install", "--user", "--dry-run")
    unit = unit_of(household)
    drop_in = unit.with_name("familiar.service.d") / "10-installation.conf"
    assert set(plan["files"]) == {str(unit), str(drop_in)}
    assert "/bin/familiar run --log-format json\n" in plan["files"][str(unit)]
    assert f"Environment=FAMILIAR_CONFIG={household.config}\n" in plan["files"][str(drop_in)]
    assert plan["commands"][-1] == ["systemctl", "--user", "restart", "familiar.service"]
    assert not unit.parent.exists()


def test_a_service_with_workers_on_other_machines_has_the_network(household: Household) -> None:
    household.configure(
        {"workers": {"engine": "dask", "scheduler": "tls://nas.example:8786", "certificates": "/etc/dask"}}
    )
    plan = household.json("service", "install", "--user", "--dry-run")
    (drop_in,) = (text for path, text in plan["files"].items() if path.endswith(".conf"))
    assert "RestrictAddressFamilies=AF_INET AF_INET6\nIPAddressDeny=\n" in drop_in


def test_a_configuration_is_made_for_folders_that_are_named(household: Household) -> None:
    household.environment["FAMILIAR_CONFIG"] = ""
    shown = household.ask("service", "install", "--user", "--dry-run", "--folder", household.inbox).stdout
    assert f"write {household.base}/.config/familiar/familiar.yaml:" in shown
    assert f'      - "{household.inbox}"\n' in shown


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["install", "--folder", "/srv/elsewhere"],
            "exists and does not name /srv/elsewhere; add it to `folders` there.",
        ),
        (["install", "--folder", __file__], "test_service.py is not a folder; name the folder that has the photos."),
        (["install", "--system"], "--system and --user exclude each other; give one of them."),
        (["upgrade"], "familiar.service does not exist; use `familiar service install`."),
        (["uninstall"], "familiar.service does not exist; nothing is to be removed."),
    ],
)
def test_what_does_not_suit_is_refused(household: Household, arguments: list[str], error: str) -> None:
    result = household.ask("service", *arguments, "--user", check=False)
    assert (result.returncode, result.stderr.strip().endswith(error)) == (2, True), result.stderr


def test_a_folder_that_is_named_twice_is_watched_once_and_one_of_no_utf8_is_refused(household: Household) -> None:
    household.environment["FAMILIAR_CONFIG"] = ""
    twice = ("--folder", f"{household.inbox}", "--folder", f"{household.inbox}/")
    shown = household.ask("service", "install", "--user", "--dry-run", *twice).stdout
    assert shown.count(f'      - "{household.inbox}"\n') == 1
    odd = household.base / os.fsdecode(b"caf\xe9")
    result = household.ask("service", "install", "--user", "--dry-run", "--folder", odd, check=False)
    told = "caf\\xe9: its name is not in UTF-8, so no configuration can have it; rename it.\n"
    assert (result.returncode, result.stderr.endswith(told)) == (2, True), result.stderr


def test_a_wrong_configuration_is_told_before_anything_is_written(household: Household) -> None:
    household.config.write_text("settle: soon\n")
    result = household.ask("service", "install", "--user", check=False)
    assert result.returncode == 2
    assert "settle: 'soon' is wrong" in result.stderr
    assert not unit_of(household).parent.exists()


@pytest.mark.skipif(Path("/run/systemd/system").is_dir(), reason="systemd manages this machine")
def test_without_systemd_the_state_of_the_service_is_an_error(household: Household) -> None:
    result = household.ask("service", "status", "--user", check=False)
    expected = "error: systemd does not manage this machine; start `familiar run` by other means.\n"
    assert (result.returncode, result.stderr) == (1, expected)
