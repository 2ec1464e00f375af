"""When photos of the backlog, which the first scan of a root found, may be handled."""

import os
from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path

from familiar.events import EventLog
from familiar.settings.backlog import BacklogSettings

_CHECK = 30.0
"""Seconds between two looks at the machine."""
_SUPPLIES = Path("/sys/class/power_supply")


class Backlog:
    """Lets the backlog wait as the settings say; the reason is logged when it changes."""

    def __init__(
        self,
        *,
        settings: BacklogSettings,
        log: EventLog,
        now: Callable[[], datetime] = datetime.now,
        load: Callable[[], float] = lambda: os.getloadavg()[0],
        supplies: Path = _SUPPLIES,
    ) -> None:
        """Take what gives the local time, the load of the last minute, and the folder of the power supplies."""
        self._settings = settings
        self._log = log
        self._now = now
        self._load = load
        self._supplies = supplies
        self._checked_at = float("-inf")
        self.reason: str | None = None
        """Why the backlog waits; None if it does not."""

    def check(self, now: float, *, busy: int) -> float | None:
        """Look at the machine, if that is due; return when to look again if the backlog waits.

        Args:
            now: monotonic seconds.
            busy: how many of its processors the workers use.
        """
        if now - self._checked_at >= _CHECK:
            self._checked_at = now
            before, self.reason = self.reason, self._reason(busy)
            if self.reason is not None and before is None:
                self._log.emit("backlog.waiting", reason=self.reason)
            elif self.reason is None and before is not None:
                self._log.emit("backlog.resumed")
        return None if self.reason is None else self._checked_at + _CHECK

    def _reason(self, busy: int) -> str | None:
        settings = self._settings
        if settings.span is not None and not self._is_within(*settings.span):
            return f"it is handled at {settings.hours}"
        if not settings.on_battery and runs_on_battery(self._supplies):
            return "the machine runs on its battery"
        if settings.max_load is not None and (load := max(self._load() - busy, 0.0)) > settings.max_load:
            return f"the load by other programs is {load:.1f}, above {settings.max_load:g}"
        return None

    def _is_within(self, begin: time, end: time) -> bool:
        now = self._now().time()
        return begin <= now < end if begin < end else now >= begin or now < end


def runs_on_battery(supplies: Path) -> bool:
    """Return whether a battery of this machine, not one of a mouse, discharges."""
    try:
        found = tuple(supplies.iterdir())
    except OSError:
        return False
    return any(
        _text(supply / "type") == "Battery"
        and _text(supply / "scope") != "Device"
        and _text(supply / "status") == "Discharging"
        for supply in found
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
