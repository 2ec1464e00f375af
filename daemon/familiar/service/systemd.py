"""Report the state of the daemon to systemd: ready, reloading, stopping, alive (sd_notify(3))."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress


class Notifier:
    """Send messages to the service manager; without one (no `NOTIFY_SOCKET`) nothing is sent.

    The protocol is one datagram a message, so that a library would bring no more than its own upkeep.
    """

    def __init__(self, environment: Mapping[str, str], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Read `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` from the environment that is given.

        `clock` gives monotonic seconds.
        """
        self._clock = clock
        self._address = environment.get("NOTIFY_SOCKET", "")
        own = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "0")
        self.watchdog_seconds = int(microseconds) / 1e6 if own and microseconds.isdigit() else 0.0
        """Seconds without a ping after which systemd kills the daemon; 0 if it does not watch."""
        self.pinged_at = float("-inf")
        """When the daemon last reported that it is alive, also where systemd does not watch."""

    def ready(self) -> None:
        """Report that the daemon is ready (again, after a reload)."""
        self._send("READY=1")

    def extend(self, seconds: float) -> None:
        """Report that the start takes so many seconds more, counted from now."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    def reloading(self) -> None:
        """Report that the configuration is being reloaded; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Report that the daemon is stopping."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Set the line that `systemctl status` shows."""
        self._send(f"STATUS={text}")

    def ping(self) -> None:
        """Report that the loop is alive, or that a call that holds it makes progress."""
        self.pinged_at = self._clock()
        if self.watchdog_seconds:
            self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with (
            suppress(OSError),  # the manager went away, or there is no room: the photos matter more than the message
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            sender.connect(address)
            sender.sendall(message.encode("utf-8", "backslashreplace"))
