"""The service manager, asked by its own programs."""

import json
import os
import pwd
from collections.abc import Iterable
from pathlib import Path

from familiar.errors import FamiliarError
from familiar.library.unit.commands import run, succeed

UNIT = "familiar.service"
_RUNS = Path("/run/systemd/system")
"""There if systemd manages this machine (sd_booted(3))."""
_NO_BUS = ("connect to bus", "XDG_RUNTIME_DIR", "user scope bus")
"""In what systemctl says where the manager of a user can't be reached."""
_LINES = 200
"""Lines of the journal among which the last errors are looked for."""


class Manager:
    """The manager of the system, or that of the user."""

    def __init__(self, *, system: bool) -> None:
        """Take whose services are meant."""
        self._scope = [] if system else ["--user"]

    def command(self, *arguments: str) -> list[str]:
        """Return a command line of systemctl."""
        return ["systemctl", *self._scope, *arguments]

    def call(self, *arguments: str) -> None:
        """Run systemctl.

        Raises:
            FamiliarError: it failed, or is not there.
        """
        self._check()
        self._ask(*arguments)

    def properties(self, *names: str) -> dict[str, str]:
        """Return properties of the unit; those of a unit that is not installed have their defaults."""
        self._check()
        shown = self._ask("show", UNIT, "-p", ",".join(names))
        return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)

    def last_errors(self, most: int, *, since: float | None = None) -> tuple[str, ...]:
        """Return the last errors in the log of the unit, the oldest first; `since` is in seconds since 1970."""
        limits = ["-n", str(_LINES), *([] if since is None else [f"--since=@{since:.3f}"])]
        whose = ["-u", UNIT] if not self._scope else ["--user-unit", UNIT]
        shown = run(["journalctl", *whose, "-p", "err", "-o", "cat", "-q", *limits]).stdout
        return last_of(filter(None, shown.splitlines()), most=most)

    def _ask(self, *arguments: str) -> str:
        try:
            return succeed(self.command(*arguments))
        except FamiliarError as error:
            if not self._scope or not any(sign in str(error) for sign in _NO_BUS):
                raise
            raise FamiliarError(f"{error}. {_bus_remedy()}") from error

    def _check(self) -> None:
        if not _RUNS.is_dir():
            raise FamiliarError("systemd does not manage this machine; start `familiar run` by other means.")


def last_of(lines: Iterable[str], *, most: int) -> tuple[str, ...]:
    """Return the last errors in lines of the log, each once, with its last time."""
    last: dict[str, str | None] = {}
    for error, at in map(_error_in, lines):
        last.pop(error, None)
        last[error] = at
    return tuple(error if at is None else f"{error} (at {at})" for error, at in last.items())[-most:]


def own_name() -> str:
    """Return the name of the user of this process, or the number of one without a name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _bus_remedy() -> str:
    return (
        f"This session does not reach your manager of services: log in as {own_name()}, not by su or sudo; or run "
        f"`sudo loginctl enable-linger {own_name()}`, then `export XDG_RUNTIME_DIR=/run/user/{os.geteuid()}`. The "
        "service of the machine is that of --system."
    )


def _error_in(line: str) -> tuple[str, str | None]:
    """Return the error that a line of the log tells, or the line, and its time as the log has it."""
    try:
        event = json.loads(line)
    except ValueError:
        return line, None
    if not isinstance(event, dict):
        return line, None
    told = next((event[name] for name in ("error", "reason", "problems") if event.get(name)), event.get("event", line))
    return "; ".join(map(str, told)) if isinstance(told, list) else str(told), event.get("time")
