"""Programs of the system that are run for an answer or an effect."""

import shlex
import subprocess
from collections.abc import Sequence

from familiar.errors import FamiliarError


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, and return what it printed.

    Raises:
        FamiliarError: it is not there.
    """
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - no shell
    except OSError as error:
        raise FamiliarError(f"{command[0]} can't be run: {error.strerror}.") from error


def succeed(command: Sequence[str]) -> str:
    """Run a program, and return what it printed.

    Raises:
        FamiliarError: it is not there, or failed.
    """
    result = run(command)
    if result.returncode != 0:
        reason = result.stderr.strip() or f"exit status {result.returncode}"
        raise FamiliarError(f"{shlex.join(command)} failed: {reason}")
    return result.stdout
