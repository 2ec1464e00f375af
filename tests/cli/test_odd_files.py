"""What has the name of a file, and is none, is refused with a reason: no command and no daemon waits for it."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import put
from support.household import Household, command

PATIENCE = 120
"""Seconds after which a command waits for something that never comes, on the busiest machine."""


def pipe(path: Path) -> str:
    os.mkfifo(path)
    return "it is a pipe, not a regular file"


def dangling(path: Path) -> str:
    path.symlink_to("nowhere")
    return "No such file or directory"


@contextmanager
def nothing_waited_for() -> Iterator[None]:
    """End what waits in a block, such as the opening of a pipe, with an error."""

    def end(_number: int, _frame: object) -> None:
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def told(household: Household, *arguments: str | Path) -> tuple[int, str]:
    with nothing_waited_for():
        result = household.ask(*arguments, check=False)
    return result.returncode, result.stderr.removeprefix("error: ").removesuffix("\n")


@pytest.mark.parametrize("odd", [pipe, dangling])
def test_a_configuration_that_is_not_a_file_is_refused(household: Household, odd: Callable[[Path], str]) -> None:
    household.config.unlink()
    reason = odd(household.config)
    assert told(household, "config", "check") == (2, f"{household.config}: can't be read: {reason}.")
    assert told(household, "--config", household.config, "scan") == (2, f"{household.config}: can't be read: {reason}.")


@pytest.mark.parametrize("odd", [pipe, dangling])
def test_the_default_configuration_is_not_skipped_if_it_is_not_a_file(
    household: Household, odd: Callable[[Path], str]
) -> None:
    household.config.unlink()
    reason = odd(household.config)
    household.environment = {"FAMILIAR_CONFIG": "", "CONFIGURATION_DIRECTORY": str(household.config.parent)}
    assert told(household, "config", "show") == (2, f"{household.config}: can't be read: {reason}.")


@pytest.mark.parametrize("odd", [pipe, dangling])
def test_rules_that_are_not_a_file_are_refused(household: Household, odd: Callable[[Path], str]) -> None:
    reason = odd(household.rules)
    message = f"{household.rules}: can't be read: {reason}."
    assert told(household, "rules", "check") == (2, message)
    assert told(household, "rules", "check", household.rules) == (2, message)
    assert told(household, "scan")[1].endswith(message)


@pytest.mark.parametrize("odd", [pipe, dangling])
def test_a_list_and_scores_that_are_not_files_are_refused(household: Household, odd: Callable[[Path], str]) -> None:
    reason = odd(path := household.base / "list.txt")
    message = f"{path}: can't be read: {reason}."
    assert told(household, "copy", path, "--to", household.out) == (2, message)
    missing = f"{path}: no such file or folder."
    assert told(household, "scores", "stats", path)[1] == (missing if odd is dangling else message)


def test_a_list_that_a_command_of_the_shell_writes_is_read(household: Household, obama: Path) -> None:
    photo = put(obama, household.inbox)
    line = 'exec "$@" <(sleep 0.2; echo "$PHOTO")'
    shell = ["bash", "-c", line, "bash", *command("copy", "--to", household.out)]
    environment = household.whole_environment() | {"PHOTO": str(photo)}
    subprocess.run(shell, env=environment, check=True, timeout=PATIENCE, capture_output=True)
    assert set(household.tree(household.out)) == {"out/obama.jpg"}


def test_a_photo_and_an_array_that_are_not_files_are_refused(household: Household) -> None:
    household.make_store()
    pipe(path := household.base / "photo.jpg")
    assert told(household, "find", path) == (2, f"{path}: is not a regular file.")
    assert told(household, "people", "add", "Eileen", path) == (2, f"{path} is not a folder or regular file.")
    pipe(array := household.base / "eileen.npy")
    assert told(household, "people", "import", "Eileen", array) == (2, f"{array}: is not a regular file.")


@pytest.mark.parametrize("odd", [pipe, dangling])
def test_a_daemon_whose_rules_and_configuration_become_no_files_keeps_the_last_good_ones(
    household: Household, obama: Path, biden: Path, odd: Callable[[Path], str]
) -> None:
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/"}]})
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        household.rules.unlink()
        reason = odd(household.rules)
        problems = [f"{household.rules}: can't be read: {reason}."]
        if odd is pipe:  # what is gone for a moment is not told before it is requested
            assert daemon.wait_for("rules.rejected")["problems"] == problems
        daemon.send(signal.SIGHUP)
        assert daemon.wait_for("rules.rejected")["problems"] == problems
        put(obama, household.inbox)
        daemon.wait_for("operation.done", kind="move")
        household.config.unlink()
        reason = odd(household.config)
        daemon.send(signal.SIGHUP)
        assert daemon.wait_for("settings.rejected")["problems"] == [f"{household.config}: can't be read: {reason}."]
        put(biden, household.inbox)
        daemon.wait_for("operation.done", kind="move", count=2)
        assert daemon.stop() == 0


def test_a_photo_that_becomes_a_pipe_before_it_is_read_holds_nothing_up(
    household: Household, obama: Path, biden: Path
) -> None:
    household.configure({"settle": 1.0})
    with household.running() as daemon:
        daemon.wait_for("root.scanned")
        photo = put(biden, household.inbox)
        daemon.wait_for("file.found", path=str(photo))
        photo.unlink()
        pipe(photo)
        put(obama, household.inbox)
        assert daemon.wait_for("photo.seen")["path"] == str(household.inbox / "obama.jpg")
        assert daemon.stop() == 0
