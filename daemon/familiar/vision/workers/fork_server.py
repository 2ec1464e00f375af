"""Start processes as copies of one that has loaded what they need: they start in no time, and share its memory.

As the fork server of `multiprocessing`, of which a program has only one, which loads modules and no networks. A process
is pickled and sent to the server, which forks; the copy runs it, and the server tells how it ended.
"""

import contextlib
import io
import multiprocessing
import os
import pickle
import selectors
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from multiprocessing import forkserver, popen_forkserver, reduction, util
from multiprocessing.context import set_spawning_popen
from multiprocessing.process import BaseProcess
from typing import Any, ClassVar, NoReturn

_SPAWN = multiprocessing.get_context("spawn")

_MOST = 64
"""File descriptors that a process gets at most."""


class ForkServer:
    """A server process, and what a pool needs to start others by it, as a context of `multiprocessing` has that."""

    Pipe = staticmethod(_SPAWN.Pipe)
    RLock = staticmethod(_SPAWN.RLock)
    get_start_method = staticmethod(_SPAWN.get_start_method)

    def __init__(self, load: Callable[..., None], *arguments: Any) -> None:
        """Start the server, which calls `load(*arguments)` before it starts others, and ends if that raises."""
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self._server = _SPAWN.Process(target=_serve, args=(theirs, load, arguments), name="fork server")
        with theirs:
            self._server.start()

    def Process(self, **arguments: Any) -> BaseProcess:  # noqa: N802 - the name in multiprocessing
        """Return a process that starts as a copy of the server."""
        return _Process(self, **arguments)

    def fork(self, data: int, status: int, others: list[int]) -> None:
        """Let the server start a process, waiting until it is ready for that.

        Args:
            data: descriptor of a pipe that the process is read from.
            status: descriptor of a pipe to which the server writes its pid, and then how it ended.
            others: descriptors for the process.

        Raises:
            OSError: the server has ended.
        """
        with self._lock:
            socket.send_fds(self._requests, [b"fork"], [data, status, *others])

    @property
    def pid(self) -> int | None:
        """Return the process id of the server, which is the parent of all processes."""
        return self._server.pid

    def kill(self) -> None:
        """End the server at once; what waits for a process gets an `EOFError`."""
        self._server.kill()

    def close(self) -> None:
        """End the server after its processes have ended."""
        self._requests.close()
        self._server.join()
        self._server.close()


class _Process(BaseProcess):
    """A process before it is started, and then as its parent sees it."""

    _start_method = None

    def __init__(self, server: ForkServer, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._server: ForkServer | None = server

    def _Popen(self, _process: "_Process") -> "_Forked":  # noqa: N802 - the name in multiprocessing
        assert self._server is not None, "a copy starts no process like itself"
        return _Forked(self, self._server)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_server": None}


class _Descriptor:
    """A descriptor that a pickled process needs, by its place among those that were passed to it."""

    passed: ClassVar[Sequence[int]] = ()

    def __init__(self, place: int) -> None:
        self._place = place

    def detach(self) -> int:
        """Return the descriptor as it is in the process."""
        return self.passed[self._place]


class _Forked(popen_forkserver.Popen):
    """A process that the server started; it is asked how it ended, and sent signals, as those of `multiprocessing`."""

    DupFd = _Descriptor  # type: ignore[assignment]  # typeshed names the class of multiprocessing

    def __init__(self, process: _Process, server: ForkServer) -> None:
        self._server = server
        self._passed: list[int] = []
        super().__init__(process)

    def duplicate_for_child(self, fd: int) -> int:
        """Pass a descriptor that the pickled process needs; return its place."""
        self._passed.append(fd)
        return len(self._passed) - 1

    def _launch(self, process_obj: Any) -> None:
        data = io.BytesIO()
        set_spawning_popen(self)
        try:
            reduction.dump(process_obj, data)
        finally:
            set_spawning_popen(None)
        self.sentinel, status = os.pipe()
        theirs, ours = os.pipe()
        self.finalizer = util.Finalize(self, _close_all, (self.sentinel, ours))  # at its end the process sees ours end
        try:
            self._server.fork(theirs, status, self._passed)
        finally:
            _close_all(theirs, status)
        with os.fdopen(os.dup(ours), "wb") as pipe:
            pipe.write(data.getbuffer())
        self.pid = forkserver.read_signed(self.sentinel)


def _serve(requests: socket.socket, load: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Start a process for each request, until no one is left to make one."""
    load(*arguments)
    ended, wake = os.pipe()
    for end in (ended, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    statuses: dict[int, int] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(ended, selectors.EVENT_READ)
        selector.register(requests, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if ended in ready:
                os.read(ended, 1 << 16)
                _report_ends(statuses)
            if requests.fileno() in ready:
                message, descriptors, _, _ = socket.recv_fds(requests, 16, _MOST)
                if not message:
                    return
                data, status, *others = descriptors
                pid = os.fork()
                if pid == 0:
                    selector.close()
                    requests.close()
                    _run(data, others, unused=[ended, wake, status, *statuses.values()])
                statuses[pid] = status
                _tell(status, pid)
                _close_all(data, *others)


def _run(data: int, others: list[int], unused: list[int]) -> NoReturn:
    """Run the process that is read from a pipe, in the copy of the server; it is over when that is over."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _close_all(*unused)
        _Descriptor.passed = others
        with os.fdopen(os.dup(data), "rb") as pipe:
            process = pickle.load(pipe)  # noqa: S301 - from the parent
        code = process._bootstrap(parent_sentinel=data)  # noqa: SLF001 - as multiprocessing starts it
    finally:
        os._exit(code)


def _report_ends(statuses: dict[int, int]) -> None:
    """Tell of all processes that have ended how they did."""
    while True:
        try:
            pid, ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        status = statuses.pop(pid)
        _tell(status, os.waitstatus_to_exitcode(ended))
        os.close(status)


def _tell(status: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # the parent has forgotten the process
        forkserver.write_signed(status, number)


def _close_all(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
