"""Entries of the journal of systemd, with fields of their own (systemd's "Native Journal Protocol")."""

import select
import socket
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_SOCKET = Path("/run/systemd/journal/socket")
"""Also for a user's services, and in a namespace of the journal, where systemd puts another socket in its place."""
_WAIT = 1.0
"""Seconds for which a slow journal is waited for, once; from then on it is not waited for until it reads again."""


class SystemdJournal:
    """Sends entries, one datagram each: whole or not at all."""

    def __init__(self, path: Path = _SOCKET) -> None:
        """Take the socket of the journal; it is connected for the first entry."""
        self._path = path
        self._socket: socket.socket | None = None
        self._is_behind = False

    def send(self, fields: Iterable[tuple[str, str]]) -> bool:
        """Send an entry with these fields; return whether the journal has taken it.

        A name has capital letters, digits and underscores only, and may come several times. The journal takes entries
        of up to 200 KB in this way, far more than an event has; for longer ones it wants a file instead.
        """
        entry = b"".join(_field(name, text) for name, text in fields)
        until = time.monotonic() + (0.0 if self._is_behind else _WAIT)
        while True:
            try:
                self._connected().send(entry, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            except BlockingIOError:  # it reads more slowly than is written
                self._is_behind = time.monotonic() >= until
                if self._is_behind:
                    return False
                self._wait_for_room(until - time.monotonic())
            except OSError:  # there is no journal, or it does not take an entry of this size
                self.close()
                return False
            else:
                self._is_behind = False
                return True

    def close(self) -> None:
        """Close the socket; the next entry connects it again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                made.connect(str(self._path))
            except OSError:
                made.close()
                raise
            self._socket = made
        return self._socket

    def _wait_for_room(self, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._connected(), select.POLLOUT)
        with suppress(OSError):
            poll.poll(max(seconds, 0.0) * 1000)


def _field(name: str, text: str) -> bytes:
    """Return a field in the form that allows any bytes: name, length, text."""
    data = text.encode("utf-8", "backslashreplace")
    return name.encode("ascii") + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
