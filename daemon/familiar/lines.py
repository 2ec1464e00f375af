"""Lines for a reader that may stop to read, or be gone: nothing waits for it, and nothing fails with it."""

import os
import select
import socket
import stat
import time
from contextlib import suppress
from typing import TextIO

_WAIT = 1.0
"""Seconds for which a slow reader is waited for, once; from then on lines are dropped until it reads again."""
_LOOK_AGAIN = 0.02
"""Seconds between two looks whether a reader has taken something."""
_PART = 4096
"""Bytes that a pipe takes at once if it takes any (PIPE_BUF of pipe(7), and what poll(2) says of it)."""


class Lines:
    """Writes lines to a stream, whole or not at all."""

    def __init__(self, stream: TextIO | None) -> None:
        """Take the stream; a process that was started without one has None."""
        self._stream = stream
        self._descriptor = _descriptor_of(stream)
        self._is_socket = _is_socket(self._descriptor)
        self._rest = b""
        self.trouble: str | None = None
        """Why the last line was not written; None if it was."""

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads them."""
        return self._descriptor is not None and os.isatty(self._descriptor)

    def write(self, line: str) -> bool:
        """Write a line; return whether that was possible."""
        try:
            if self._descriptor is None:
                self._write_to_stream(line)
            else:
                self._send(line.encode("utf-8", "backslashreplace") + b"\n")
        except (OSError, ValueError) as error:  # gone, full, or closed
            self.trouble = getattr(error, "strerror", None) or str(error)
            return False
        self.trouble = None
        return True

    def _write_to_stream(self, line: str) -> None:
        if self._stream is None:
            raise ValueError("there is no stream")
        self._stream.write(line + "\n")
        self._stream.flush()

    def _send(self, data: bytes) -> None:
        """Send what is left of the last line, and a line; raises OSError, before the line or within it."""
        seconds = _WAIT if self.trouble is None else 0.0
        self._rest = self._sent(self._rest, seconds)
        if self._rest:
            raise BlockingIOError(0, "nobody reads it")
        rest = self._sent(data, seconds)
        if rest and rest is data:
            raise BlockingIOError(0, "nobody reads it")
        self._rest = rest

    def _sent(self, data: bytes, seconds: float) -> bytes:
        """Send data as far as it is taken; return the rest if nothing is taken for some seconds."""
        assert self._descriptor is not None
        until = time.monotonic() + seconds
        while data:
            with suppress(BlockingIOError):  # full; or the stream does not wait, as another program has set it
                taken = self._put(self._descriptor, data[:_PART])
                data, until = data[taken:], time.monotonic() + seconds
                continue
            left = until - time.monotonic()
            if left <= 0:
                return data
            _takes(self._descriptor, min(left, _LOOK_AGAIN))
        return data

    def _put(self, descriptor: int, data: bytes) -> int:
        """Write data without waiting; return how much was taken, or raise BlockingIOError."""
        if not self._is_socket:
            if not _takes(descriptor, 0):
                raise BlockingIOError(0, "full")
            return os.write(descriptor, data)
        # A socket, as that of the journal, has room long before poll(2) says so: when three quarters of it are free.
        stream = socket.socket(fileno=descriptor)
        try:
            return stream.send(data, socket.MSG_DONTWAIT)
        finally:
            stream.detach()


def _takes(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(seconds * 1000))


def _is_socket(descriptor: int | None) -> bool:
    try:
        return descriptor is not None and stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:  # it is closed
        return False


def _descriptor_of(stream: TextIO | None) -> int | None:
    """Return the descriptor under a stream; None for one in memory."""
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):
        return None
