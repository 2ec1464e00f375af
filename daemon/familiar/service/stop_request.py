"""The request to stop a daemon, with or without a restart."""

import asyncio
from contextlib import suppress

from familiar.events import EventLog
from familiar.service.systemd import Notifier
from familiar.service.wake import Wake


class StopRequest:
    """Set once, when the daemon is to end."""

    def __init__(self, *, log: EventLog, notifier: Notifier, wake: Wake) -> None:
        """Take the receivers of the request."""
        self._log = log
        self._notifier = notifier
        self._wake = wake
        self._event = asyncio.Event()
        self.begins_again = False
        """Whether the daemon is to be built again, with other settings."""

    @property
    def is_set(self) -> bool:
        """Whether the daemon is to end."""
        return self._event.is_set()

    def stop(self, reason: str) -> None:
        """Request the end, also of a daemon that is to be built again."""
        if self.is_set and not self.begins_again:
            return
        self.begins_again = False
        self._event.set()  # first of all: what follows only tells of it
        self._wake.now()
        self._notifier.stopping()
        self._log.emit("service.stopping", reason=reason)

    def begin_again(self) -> None:
        """Request the end, and a restart, unless the end was requested."""
        if self.is_set:
            return
        self.begins_again = True
        self._event.set()
        self._wake.now()

    async def wait(self, seconds: float) -> None:
        """Wait until the end is requested, for this many seconds at most."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
