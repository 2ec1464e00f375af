"""Start processes as copies of one that has loaded what they need: they start in no time, and share its memory.

The server is asked for a copy through a socket, and gets two sockets for it: a channel for the copy, and a lifeline for
itself. On the lifeline, it says how the copy ended; when the other side closes the lifeline, it ends the copy. Only the
server, whose children they are, handles process ids, so no signal can reach another process that got the same id.
"""

import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from familiar.closing import Closing
from familiar.vision.workers.channel import Channel, Reply
from familiar.vision.workers.lifetimes import end_with_parent

Work: TypeAlias = Callable[[Channel], None]
"""What a copy does with its channel; it must be possible to pickle it."""

_PROGRAM = "import sys; sys.path[:] = sys.argv[3:]; from {0} import serve; serve(*map(int, sys.argv[1:3]))"
"""The program of the server: first of all, modules are found where this process finds them."""

_WITHIN = 5.0
"""Seconds that a server or a copy takes to end at most, once it should; one that waits for a disk may take longer."""

_SOCKETS = 2
"""What a copy is started with: its channel and its lifeline."""

_SILENT = "no answer"
"""What is said of a process that has closed its channel and does not end."""


class ForkServer(Closing):
    """A server process, as its parent sees it."""

    def __init__(self, load: Callable[[], Any], work: Work, environment: Mapping[str, str]) -> None:
        """Start the server: it calls `load` and then makes copies of itself, each of which calls `work` and ends.

        The server ends with the thread that starts it, and its copies end with it.

        Raises:
            OSError: the system has no room for it.
        """
        with ExitStack() as unfinished:
            ours, theirs = socket.socketpair()
            unfinished.enter_context(ours)
            with theirs:
                self._process = _start(theirs, environment)
            unfinished.pop_all()
        self._requests, self._channel = ours, Channel(ours)
        with suppress(EOFError):  # `loaded` tells of that
            self._channel.send((load, work))

    def loaded(self, seconds: float) -> Reply:
        """Wait until it has loaded; return what came of that.

        Raises:
            EOFError: it has ended.
            TimeoutError: it takes longer.
            UnreadableError: it sent something else.
        """
        return self._channel.receive(Reply, seconds)

    def copy(self) -> "ForkedProcess":
        """Ask for a copy; it is not waited for.

        Raises:
            EOFError: the server has ended.
            OSError: there are too many open files.
        """
        with ExitStack() as theirs, ExitStack() as ours:
            ends: list[tuple[socket.socket, socket.socket]] = []
            for _ in range(_SOCKETS):
                own, its = socket.socketpair()
                ours.enter_context(own)
                theirs.enter_context(its)
                ends.append((own, its))
            try:
                socket.send_fds(self._requests, [b"+"], [its.fileno() for _, its in ends])
            except ConnectionError as error:
                raise EOFError from error
            ours.pop_all()
        (channel, _), (lifeline, _) = ends
        return ForkedProcess(channel, lifeline)

    def how_it_ended(self) -> str:
        """Return how the server ended: by which signal, or with which exit status."""
        try:
            return _in_words(self._process.wait(_WITHIN))
        except subprocess.TimeoutExpired:
            return _SILENT

    def end(self) -> None:
        """Let the server end its copies, those that hang as they start among them, and itself; this is not waited for.

        A copy that was stopped before it asked to end with the server outlives a server that is killed.
        """
        self._channel.shut()

    def kill(self) -> None:
        """End the server and its copies at once."""
        self._process.kill()

    def close(self) -> None:
        """End the server and its copies, and wait for that."""
        self._channel.close()
        try:
            self._process.wait(_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _start(requests: socket.socket, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    numbers = map(str, (requests.fileno(), os.getpid()))
    return subprocess.Popen(  # noqa: S603 - this program
        [sys.executable, "-P", "-c", _PROGRAM.format(__name__), *numbers, *sys.path],
        pass_fds=[requests.fileno()],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # decoders and libraries write to it
    )


class ForkedProcess(Closing):
    """A copy of the server, as the parent of the server sees it."""

    def __init__(self, channel: socket.socket, lifeline: socket.socket) -> None:
        """Take the parent's ends of its sockets."""
        self.channel = Channel(channel, lifeline)
        self._lifeline = Channel(lifeline)

    def loaded(self, seconds: float) -> Reply:
        """Wait until it has told that it is ready, if it does so first of all; raises what `ForkServer.loaded` does."""
        return self.channel.receive(Reply, seconds)

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, if it was asked for nothing that it has not answered."""
        return self.channel.has_news

    def how_it_ended(self) -> str | None:
        """Return how it ended, as that of the server, or why it was not started; None if the server has ended."""
        try:
            return self._lifeline.receive(str, _WITHIN)
        except EOFError:
            return None
        except TimeoutError:
            return _SILENT

    def kill(self) -> None:
        """End it at once. Any thread may do so at any time."""
        self._lifeline.shut()

    def close(self) -> None:
        """End it at once, without waiting for that."""
        self.kill()
        self._lifeline.close()
        self.channel.close()


def serve(descriptor: int, parent: int) -> None:
    """Be the server for the process with the id `parent`, which has the other end of the socket."""
    _end_with(parent)
    requests = socket.socket(fileno=descriptor)
    channel = Channel(requests)
    loaded = Reply.of(_load, channel)
    if loaded.error is not None:
        channel.send(loaded)
        return
    value, work = loaded.value
    channel.send(Reply(value=value))
    _Server(requests, work).serve()


def _load(channel: Channel) -> tuple[Any, Work]:
    load, work = channel.receive(tuple)
    return load(), work


@dataclass(frozen=True, slots=True, kw_only=True)
class _Child:
    """A copy, as the server sees it."""

    pid: int
    lifeline: socket.socket


class _Server:
    """Makes copies of this process, each of which is one thread, and tells how they end."""

    def __init__(self, requests: socket.socket, work: Work) -> None:
        self._requests = requests
        self._work = work
        self._children: dict[int, _Child] = {}
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)  # noqa: FBT003 - the library takes it so
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno())
        self._selector = selectors.DefaultSelector()
        for end in (self._requests, self._woken):
            self._selector.register(end, selectors.EVENT_READ)

    def serve(self) -> None:
        """Answer requests until nobody is left who makes them; then end all copies."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._woken:
                    self._woken.recv(1 << 16)
                    self._report_ends()
                elif key.fileobj is not self._requests:
                    self._end(key.data)
                elif not self._start():
                    self._end_all()
                    return

    def _start(self) -> bool:
        """Start a copy; return whether one was requested."""
        message, descriptors, _, _ = socket.recv_fds(self._requests, 1, _SOCKETS)
        ends = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        if len(ends) == _SOCKETS:  # else there are too many open files
            channel, lifeline = ends
            with channel:
                self._fork(channel, lifeline)
        else:
            for end in ends:
                end.close()
        return bool(message)

    def _fork(self, channel: socket.socket, lifeline: socket.socket) -> None:
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            _tell(lifeline, error.strerror or str(error))
            return
        if pid == 0:
            self._become_copy(channel, lifeline, server)
        child = self._children[pid] = _Child(pid=pid, lifeline=lifeline)
        self._selector.register(lifeline, selectors.EVENT_READ, child)

    def _become_copy(self, channel: socket.socket, lifeline: socket.socket, server: int) -> NoReturn:
        code = 1
        try:
            _end_with(server)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            lifelines = [child.lifeline for child in self._children.values()]
            for end in (self._requests, self._woken, self._wake, lifeline, *lifelines):
                end.close()
            self._work(Channel(channel))
            code = 0
        finally:
            os._exit(code)

    def _end(self, child: _Child) -> None:
        """End a copy whose lifeline was closed."""
        if self._children.get(child.pid) is child:  # else its end was told a moment ago
            self._selector.unregister(child.lifeline)
            os.kill(child.pid, signal.SIGKILL)

    def _report_ends(self) -> None:
        """Tell of all copies that have ended how they did."""
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            child = self._children.pop(pid)
            if child.lifeline in self._selector.get_map():
                self._selector.unregister(child.lifeline)
            _tell(child.lifeline, _in_words(os.waitstatus_to_exitcode(status)))

    def _end_all(self) -> None:
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        for pid in self._children:
            os.waitpid(pid, 0)


def _tell(lifeline: socket.socket, how: str) -> None:
    with Channel(lifeline) as channel, suppress(EOFError):  # nobody may want to know any more
        channel.send(how)


def _in_words(code: int) -> str:
    """Return how a process ended, from its exit status, which is negative for a signal."""
    if code >= 0:
        return f"exit status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # one of those for real time
        return f"signal {-code}"


def _end_with(parent: int) -> None:
    """End with the parent; ignore Ctrl-C, which reaches the whole group, and let the parent decide."""
    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
