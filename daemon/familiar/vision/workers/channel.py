"""Values that two processes send each other through a socket that no third process uses.

There is no lock: whatever happens to one of the two, only the other one is affected, and sees the end of the socket.
"""

import builtins
import math
import pickle
import select
import socket
import struct
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from familiar.closing import Closing
from familiar.errors import FamiliarError

_LENGTH = struct.Struct("!Q")
"""The length of a value in bytes, which precedes it."""

_CHUNK = 1 << 20
"""Bytes that are read in one go: memory is taken for what arrives, not for what is announced."""

_STEP = 0.25
"""Seconds that are waited for in one go."""

T = TypeVar("T")


class UnreadableError(Exception):
    """What the other process sent is not the expected value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of a call in another process: what it returned, or the exception that it raised."""

    value: Any = None
    error: Exception | None = None

    @classmethod
    def of(cls, function: Callable[..., Any], *arguments: Any) -> Self:
        """Call a function."""
        try:
            return cls(value=function(*arguments))
        except Exception as error:  # noqa: BLE001 - it is raised again in the process that asked
            return cls(error=_portable(error))


class _Limit:
    """Seconds that something may take. While this process was stopped, no more than a step of the time counts."""

    def __init__(self, seconds: float | None) -> None:
        self._left = math.inf if seconds is None else seconds
        self._at = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether none are left."""
        return self._left <= 0

    @property
    def step(self) -> float | None:
        """How long to wait in one go; None if there is no limit: what is idle does not wake up."""
        return None if math.isinf(self._left) else min(max(self._left, 0.0), _STEP)

    def spend(self) -> None:
        """Count the time since this was called last."""
        now = time.monotonic()
        self._left -= min(now - self._at, _STEP)
        self._at = now


class Channel(Closing):
    """One end of the socket."""

    def __init__(self, end: socket.socket, lifeline: socket.socket | None = None) -> None:
        """Take the end of a stream socket, which is closed with the channel.

        The `lifeline` is another socket, on which something can be received when the other process has ended: where
        that has left a process behind that has its end of the channel, the channel itself would not show it.
        """
        self._end = end
        self._lifeline = lifeline
        end.setblocking(False)  # noqa: FBT003 - the library takes it so; what waits, waits for the lifeline, too

    def send(self, value: object, seconds: float | None = None) -> None:
        """Send a value, as `send_pickled`. If it can't be pickled, nothing is sent."""
        self.send_pickled(pickle.dumps(value), seconds)

    def send_pickled(self, data: bytes, seconds: float | None = None) -> None:
        """Send a value that was pickled before.

        Raises:
            EOFError: the other process has ended; it does not have the whole value.
            TimeoutError: it does not take the value within so many seconds.
        """
        limit = _Limit(seconds)
        left = memoryview(_LENGTH.pack(len(data)) + data)
        while left:
            try:
                left = left[self._end.send(left) :]
                limit.spend()
            except BlockingIOError:
                self._wait(select.POLLOUT, limit)
            except ConnectionError as error:
                raise EOFError from error

    def receive(self, kind: type[T], seconds: float | None = None) -> T:
        """Return the next value.

        Raises:
            EOFError: the other process has ended.
            TimeoutError: it does not send the whole value within so many seconds.
            UnreadableError: the value is of another type, or damaged.
        """
        limit = _Limit(seconds)
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, limit))
        data = self._read(length, limit)
        try:
            value = pickle.loads(data)  # noqa: S301 - processes of the same user and program
        except Exception as error:
            raise UnreadableError(f"it sent what can't be read: {error!r}") from error
        if not isinstance(value, kind):
            raise UnreadableError(f"it sent what was not expected: {type(value).__name__}")
        return value

    def answer(self) -> None:
        """Make the calls that the other process asks for, a function and its arguments, until it has ended."""
        with suppress(EOFError):
            while True:
                function, *arguments = self.receive(tuple)
                reply = Reply.of(function, *arguments)
                try:
                    self.send(reply)
                except EOFError:
                    raise
                except Exception as error:  # noqa: BLE001 - what was returned can't be pickled
                    self.send(Reply(error=_portable(error)))

    @property
    def has_news(self) -> bool:
        """Whether something can be received now, the end of the other process included."""
        return bool(self._ready(select.POLLIN, 0))

    def shut(self) -> None:
        """Let the other process see the end, whoever else has the socket; what it has sent can still be received."""
        with suppress(OSError):  # the other one has ended, or the socket is closed
            self._end.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the socket."""
        self._end.close()

    def _read(self, length: int, limit: _Limit) -> bytearray:
        data = bytearray()
        while len(data) < length:
            try:
                chunk = self._end.recv(min(length - len(data), _CHUNK))
            except BlockingIOError:
                self._wait(select.POLLIN, limit)
                continue
            except ConnectionError as error:
                raise EOFError from error
            if not chunk:
                raise EOFError
            data += chunk
            limit.spend()
        return data

    def _wait(self, event: int, limit: _Limit) -> None:
        """Wait until something can be sent or received; raises as `receive` does."""
        while not (ready := self._ready(event, limit.step)):
            limit.spend()
            if limit.is_over:
                raise TimeoutError
        if self._end.fileno() not in ready:
            raise EOFError

    def _ready(self, event: int, seconds: float | None) -> list[int]:
        """Wait until the end can be used, or until the other process has ended; return where that shows."""
        waiting = select.poll()
        waiting.register(self._end, event)
        if self._lifeline is not None:
            waiting.register(self._lifeline, select.POLLIN)
        return [descriptor for descriptor, _ in waiting.poll(None if seconds is None else seconds * 1000)]


def _portable(error: Exception) -> Exception:
    """Return an exception as another process can raise it: those of libraries would import them there."""
    if isinstance(error, FamiliarError):
        return error
    if type(error) is not getattr(builtins, type(error).__name__, None):
        error = RuntimeError(repr(error)).with_traceback(error.__traceback__)
    error.add_note("In a worker process:\n" + "".join(traceback.format_tb(error.__traceback__)).rstrip())
    return error
