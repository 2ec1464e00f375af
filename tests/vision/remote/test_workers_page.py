"""The commands and the compose file of docs/workers.md."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from distributed.cli import dask_scheduler, dask_worker

from familiar.vision.remote.certificates import CA, ROLES

PAGE = (Path(__file__).parents[3] / "docs" / "workers.md").read_text()
PARAMETERS = {
    "scheduler": {option for one in dask_scheduler.main.params for option in (*one.opts, *one.secondary_opts)},
    "worker": {option for one in dask_worker.main.params for option in (*one.opts, *one.secondary_opts)},
}


def compose() -> dict[str, dict[str, object]]:
    (block,) = (one for one in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "services:" in one)
    found: dict[str, dict[str, object]] = yaml.safe_load(block)
    return found


def commands() -> list[list[str]]:
    written = re.findall(r"^ *(?:.* )?(dask (?:worker|scheduler) (?:.*\\\n)*.*--.*)$", PAGE, re.MULTILINE)
    in_compose = [str(service["command"]) for service in compose()["services"].values() if isinstance(service, dict)]
    return [shlex.split(command.replace("\\\n", " ").split("`")[0]) for command in (*written, *in_compose)]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_dask_knows_each_option_of_a_command(command: list[str]) -> None:
    role = command[1]
    assert {one for one in command if one.startswith("--")} <= PARAMETERS[role]


def test_the_page_has_commands_for_both_roles_and_names_the_certificates_that_are_made() -> None:
    assert {command[1] for command in commands()} == {"scheduler", "worker"}
    named = {Path(one).name for command in commands() for one in command if one.endswith(".pem")}
    made = {CA, *(name for role in ROLES for name in (role.certificate, role.key))}
    assert named <= made


def test_the_services_of_the_compose_file_are_started_again_and_use_volumes_that_it_has() -> None:
    found = compose()
    assert set(found) == {"services", "volumes"}
    for service in found["services"].values():
        assert isinstance(service, dict)
        assert service["restart"] == "unless-stopped"
        volumes = {volume.split(":")[0] for volume in service["volumes"]}
        assert {volume for volume in volumes if not volume.startswith(".")} <= set(found["volumes"])


def test_each_worker_is_told_its_own_address_as_dask_takes_the_loopback_one_where_there_is_no_network() -> None:
    workers = [command for command in commands() if command[1:3] == ["worker", "tls://nas.example:8786"]]
    complete = [command for command in workers if "--nthreads" in command]
    assert len(complete) == 3
    assert all("--host" in command for command in complete)
