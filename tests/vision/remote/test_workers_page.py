"""The commands and the compose files of docs/workers.md, and the Dockerfile that it names."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from distributed.cli import dask_scheduler, dask_worker

from familiar.vision.remote.certificates import CA, ROLES

CLONE = Path(__file__).parents[3]
PAGE = (CLONE / "docs" / "workers.md").read_text()
DOCKERFILE = (CLONE / "Dockerfile").read_text()
PARAMETERS = {
    "scheduler": {option for one in dask_scheduler.main.params for option in (*one.opts, *one.secondary_opts)},
    "worker": {option for one in dask_worker.main.params for option in (*one.opts, *one.secondary_opts)},
}


def compose_files() -> list[dict[str, dict[str, dict[str, Any]]]]:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    return [yaml.safe_load(block) for block in blocks if "services:" in block]


def services() -> dict[str, dict[str, Any]]:
    return {name: service for file in compose_files() for name, service in file["services"].items()}


def commands() -> list[list[str]]:
    written = re.findall(r"^ *(?:.* )?(dask (?:worker|scheduler) (?:.*\\\n)*.*--.*)$", PAGE, re.MULTILINE)
    in_compose = [str(service["command"]) for service in services().values()]
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


def test_the_services_of_the_compose_files_are_started_again_and_use_volumes_that_they_have() -> None:
    assert set(services()) == {"scheduler", "worker"}
    for file in compose_files():
        for service in file["services"].values():
            assert service["restart"] == "unless-stopped"
            volumes = {volume.split(":")[0] for volume in service["volumes"]}
            assert {volume for volume in volumes if not volume.startswith(".")} == set(file.get("volumes", {}))


def test_what_runs_in_a_container_is_not_root_and_writes_to_its_volumes_alone() -> None:
    for service in services().values():
        assert service["user"] == "1000:1000"
        assert (service["read_only"], service["cap_drop"], service["security_opt"]) == (
            True,
            ["ALL"],
            ["no-new-privileges"],
        )


def test_what_dask_serves_without_encryption_can_be_reached_from_its_machine_only() -> None:
    complete = [command for command in commands() if "--no-dashboard" in command]
    assert len(complete) == 5
    for command in complete:
        assert command[command.index("--dashboard-address") + 1].startswith("127.0.0.1:")


def test_the_image_has_groups_and_extras_of_the_project_and_files_of_the_clone() -> None:
    project = tomllib.loads((CLONE / "pyproject.toml").read_text())
    (sync,) = re.findall(r"uv sync (.*)", DOCKERFILE)
    assert set(re.findall(r"--group (\S+)", sync)) <= set(project["dependency-groups"])
    assert re.findall(r"--extra (\S+)", sync) == ["dask"]
    copied = {name for line in re.findall(r"COPY (.*) \S+", DOCKERFILE) for name in line.split()}
    sent = set(re.findall(r"!(.*)", (CLONE / ".dockerignore").read_text()))
    assert {name.rstrip("*") for name in copied} == sent
    assert all((CLONE / name).exists() for name in sent - {"uv.lock"})
    assert {project["project"]["readme"], *project["project"]["license-files"]} <= sent


def test_each_worker_is_told_its_own_address_as_dask_takes_the_loopback_one_where_there_is_no_network() -> None:
    workers = [command for command in commands() if command[1:3] == ["worker", "tls://nas.example:8786"]]
    complete = [command for command in workers if "--nthreads" in command]
    assert len(complete) == 3
    assert all("--host" in command for command in complete)
