"""A socket that takes entries as the journal of systemd does."""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from familiar.systemd_journal import SystemdJournal

Entry: TypeAlias = list[tuple[str, str]]
"""The fields of an entry: name and text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeJournal:
    """Keeps what is sent until a test reads it, as far as there is room."""

    socket: socket.socket
    client: SystemdJournal
    """What sends entries to it."""

    @classmethod
    @contextmanager
    def at(cls, path: Path) -> Iterator["FakeJournal"]:
        """Listen at a path for a block."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
            made.bind(str(path))
            with closing(SystemdJournal(path)) as client:
                yield cls(socket=made, client=client)

    def entries(self) -> list[Entry]:
        """Take the entries that have arrived."""
        found = []
        with suppress(BlockingIOError):
            while True:
                found.append(list(_fields(self.socket.recv(1 << 20, socket.MSG_DONTWAIT))))
        return found


def _fields(data: bytes) -> Iterator[tuple[str, str]]:
    while data:
        name, _, rest = data.partition(b"\n")
        (length,) = struct.unpack("<Q", rest[:8])
        assert rest[8 + length : 9 + length] == b"\n"
        yield name.decode(), rest[8 : 8 + length].decode()
        data = rest[9 + length :]
