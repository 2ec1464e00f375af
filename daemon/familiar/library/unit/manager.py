"""The service manager, asked by its own programs."""

import json
from pathlib import Path

from familiar.errors import FamiliarError
from familiar.library.unit.commands import run, succeed

UNIT = "familiar.service"
_RUNS = Path("/run/systemd/system")
"""There if systemd manages this machine (sd_booted(3))."""
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
        succeed(self.command(*arguments))

    def properties(self, *names: str) -> dict[str, str]:
        """Return properties of the unit; those of a unit that is not installed have their defaults."""
        self._check()
        shown = succeed(self.command("show", UNIT, "-p", ",".join(names)))
        return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)

    def last_errors(self, most: int, *, since: float | None = None) -> tuple[str, ...]:
        """Return the last errors in the log of the unit, the oldest first; `since` is in seconds since 1970."""
        limits = ["-n", str(_LINES), *([] if since is None else [f"--since=@{since:.3f}"])]
        whose = ["-u", UNIT] if not self._scope else ["--user-unit", UNIT]
        shown = run(["journalctl", *whose, "-p", "err", "-o", "cat", "-q", *limits]).stdout
        told = [_error_in(line) for line in shown.splitlines() if line]
        return tuple(dict.fromkeys(told))[-most:]

    def _check(self) -> None:
        if not _RUNS.is_dir():
            raise FamiliarError("systemd does not manage this machine; start `familiar run` by other means.")


def _error_in(line: str) -> str:
    """Return the error that a line of the log tells, or the line."""
    try:
        event = json.loads(line)
    except ValueError:
        return line
    if not isinstance(event, dict):
        return line
    told = next((event[name] for name in ("error", "reason", "problems") if event.get(name)), event.get("event", line))
    return "; ".join(map(str, told)) if isinstance(told, list) else str(told)
