import os
import resource
import subprocess
from pathlib import Path

import pytest

from support.household import Household, command

_MOST = 512


def limit_files() -> None:
    """Let a file take a part of what is written to it, as a disk does that becomes full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST, _MOST))


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_fits_only_in_part_is_an_error(household: Household, unbuffered: str) -> None:
    own = {"PYTHONUNBUFFERED": unbuffered, "PYTHONDONTWRITEBYTECODE": "1"}
    target = household.base / "completion.bash"
    with target.open("wb") as output:
        result = subprocess.run(
            command("completion", "bash"),
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            env=household.whole_environment() | own,
            preexec_fn=limit_files,
            check=False,
        )
    assert target.stat().st_size == _MOST
    assert result.stderr == "error: standard output can't be written: File too large.\n"
    assert result.returncode == 1


@pytest.mark.parametrize("arguments", [("people", "list"), ("export", "photos")])
def test_a_full_disk_is_told_without_a_traceback(household: Household, arguments: tuple[str, ...]) -> None:
    household.make_store()
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            command(*arguments),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=household.whole_environment(),
            check=False,
        )
    assert result.stderr == "error: standard output can't be written: No space left on device.\n"
    assert result.returncode == 1


def test_closed_output_is_told(household: Household) -> None:
    household.make_store()
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *command("export", "photos")]
    result = subprocess.run(
        closed, stderr=subprocess.PIPE, text=True, env=household.whole_environment(), check=False, timeout=60
    )
    assert (result.returncode, result.stderr) == (1, "error: standard output can't be written: it is closed.\n")


def test_a_reader_that_has_seen_enough_ends_the_program_quietly(household: Household) -> None:
    household.make_store()
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as pipe:  # noqa: PTH123 - it is a descriptor
        result = subprocess.run(
            command("export", "photos"),
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            env=household.whole_environment(),
            check=False,
        )
    assert (result.returncode, result.stderr) == (1, "")
