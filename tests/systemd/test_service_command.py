"""familiar service under a real systemd."""

import json

import pytest

from systemd.conftest import SETTINGS, Service

pytestmark = pytest.mark.long

UNIT = "/etc/systemd/system/familiar.service"
DROP_IN = f"{UNIT}.d/10-installation.conf"


def test_the_state_of_a_service_that_runs_is_shown(service: Service) -> None:
    service.container.run("journalctl", "--flush", "--rotate", "--vacuum-size=1", "-q")  # errors of other tests
    state = json.loads(service.container.run("familiar", "service", "status", "--json"))
    assert (state["unit"], state["state"], state["is_enabled"], state["outdated"]) == (UNIT, "active", True, [])
    assert str(state["pid"]) == service.shown("MainPID")
    assert (state["doubts"], state["errors"]) == ([], [])
    assert "\nReadWritePaths=-/srv/photos\n" in service.container.path(DROP_IN).read_text()


def test_a_service_whose_configuration_has_other_folders_is_outdated_until_it_is_upgraded(service: Service) -> None:
    service.container.run("install", "-d", "-o", "familiar", "/srv/more/pictures")
    service.configure(SETTINGS.replace("[/srv/photos/inbox]", "[/srv/photos/inbox, /srv/more/pictures]"))
    shown = service.container.run("familiar", "service", "status")
    assert f"{DROP_IN} does not suit this version or its configuration; use `familiar service upgrade`." in shown
    assert "for the service, /srv/more/pictures, /srv/photos are 2 mounts" in shown
    service.container.run("familiar", "service", "upgrade")
    assert json.loads(service.container.run("familiar", "service", "status", "--json"))["outdated"] == []
    assert "-/srv/more/pictures" in service.systemctl("show", "familiar", "-p", "ReadWritePaths")


def test_a_service_that_does_not_get_ready_is_told_with_its_last_errors(service: Service) -> None:
    service.drop_in("test", "ExecStart=", "ExecStart=/usr/bin/env familiar --state /proc/none run --log-format json")
    result = service.container.tried("familiar", "service", "upgrade")
    assert result.returncode == 1
    assert "Its last errors:" in result.stderr
    assert "/proc/none: the state folder can't be created" in result.stderr
    result = service.container.tried("familiar", "service", "status")
    assert result.returncode == 1
    assert "error: /proc/none: the state folder can't be created" in result.stdout


def test_a_service_is_uninstalled_and_its_state_stays(service: Service) -> None:
    removed = json.loads(service.container.run("familiar", "service", "uninstall", "--json"))["removed"]
    assert removed == [DROP_IN, UNIT]
    assert service.shown("LoadState") == "not-found"
    assert service.container.path("/var/lib/familiar/familiar.db").exists()
    refused = service.container.tried("familiar", "service", "upgrade")
    assert (refused.returncode, refused.stderr) == (
        2,
        f"error: {UNIT} does not exist; use `familiar service install`.\n",
    )
    ready = service.container.run("familiar", "service", "install", "--folder", "/srv/photos/inbox")
    assert ready == f"{UNIT}: the service is ready (pid {service.shown('MainPID')}).\n"


def test_a_unit_that_a_person_wrote_is_left_as_it_is(service: Service) -> None:
    own = service.container.path(UNIT).read_text()
    service.container.write(UNIT, "[Service]\nExecStart=/usr/bin/true\n")
    try:
        for arguments in (["install"], ["upgrade"], ["uninstall"], ["install", "--dry-run"]):
            result = service.container.tried("familiar", "service", *arguments)
            assert result.returncode == 2
            assert result.stderr.startswith(f"error: {UNIT} was not written by `familiar service`")
        assert service.container.path(UNIT).read_text() == "[Service]\nExecStart=/usr/bin/true\n"
        assert service.shown("ActiveState") == "active"
    finally:
        service.container.write(UNIT, own)


def test_a_right_that_a_drop_in_takes_away_is_told(service: Service) -> None:
    service.drop_in("test", "ReadWritePaths=")
    state = json.loads(service.container.run("familiar", "service", "status", "--json"))
    assert state["outdated"] == []
    assert any("may not write to /srv/photos" in doubt and "another drop-in" in doubt for doubt in state["doubts"])


def test_the_rights_for_a_folder_stay_while_it_is_away(service: Service) -> None:
    before = service.container.path(DROP_IN).read_text()
    service.container.run("mv", "/srv/photos", "/srv/photos.away")
    try:
        service.container.run("familiar", "service", "upgrade")
        assert "ReadWritePaths=-/srv/photos" in before
        assert "ReadWritePaths=-/srv/photos" in service.container.path(DROP_IN).read_text()
    finally:
        service.container.run("mv", "/srv/photos.away", "/srv/photos")
        service.container.run("familiar", "service", "upgrade")
    assert service.container.path(DROP_IN).read_text() == before


def test_a_dry_run_touches_nothing(service: Service) -> None:
    before = service.shown("MainPID")
    shown = service.container.run("familiar", "service", "install", "--dry-run")
    assert f"write {DROP_IN}:" in shown
    assert "run: systemctl restart familiar.service" in shown
    assert service.shown("MainPID") == before


def test_a_user_gets_a_service_of_their_own(service: Service) -> None:
    run = service.container.run
    run("useradd", "--create-home", "ann")
    run("loginctl", "enable-linger", "ann")
    number = run("id", "-u", "ann").strip()
    run("install", "-d", "-o", "ann", "/home/ann/Pictures")
    as_ann = ("runuser", "-u", "ann", "--", "env", "HOME=/home/ann", f"XDG_RUNTIME_DIR=/run/user/{number}")
    service.wait(lambda: service.container.path(f"/run/user/{number}/bus").exists())
    without_bus = service.container.tried("runuser", "-u", "ann", "--", "familiar", "service", "status")
    assert "sudo loginctl enable-linger ann" in without_bus.stderr
    refused = service.container.tried(*as_ann, "familiar", "service", "upgrade", "--system")
    assert "can be changed by root only: use sudo, or --user." in refused.stderr
    doubts = json.loads(run(*as_ann, "familiar", "service", "status", "--json", check=False))["doubts"]
    assert [doubt.startswith("the machine has a service of its own (") for doubt in doubts] == [True]
    ready = run(*as_ann, "familiar", "service", "install", "--folder", "/home/ann/Pictures")
    assert ready.startswith("/home/ann/.config/systemd/user/familiar.service: the service is ready (pid ")
    state = json.loads(run(*as_ann, "familiar", "service", "status", "--json"))
    assert (state["state"], state["doubts"], state["outdated"]) == ("active", doubts, [])
    assert json.loads(run(*as_ann, "familiar", "status", "--json"))["pid"] == state["pid"]
    run(*as_ann, "familiar", "service", "uninstall")
    assert run(*as_ann, "systemctl", "--user", "is-active", "familiar", check=False).strip() == "inactive"
