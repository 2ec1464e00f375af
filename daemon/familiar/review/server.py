"""The server: one address of this computer, until it is stopped."""

import asyncio
import errno
import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from familiar.errors import UsageError
from familiar.review.access import AccessFile
from familiar.review.app import OpenLibrary, ReviewApp
from familiar.review.browser_logins import BrowserLogins
from familiar.review.hosts import LOOPBACK, HostNames, in_address, is_loopback
from familiar.review.picture_cache import PictureCache

_GRACE = 2
"""Seconds for requests that are in progress when the server is stopped."""

_ACCEPTED_WITHIN = 5
"""Turns of the event loop in which a connection that it has accepted becomes one of the server."""


class _Server(uvicorn.Server):
    """A server that a signal stops without an error; `on_ready` is called as soon as it serves."""

    on_ready: Callable[[], None] = staticmethod(lambda: None)
    _end_loop: Callable[[], object] = staticmethod(lambda: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        self.on_ready()

    async def main_loop(self) -> None:
        """Wait until the server is to end, without looking ten times a second whether it is: that wakes the machine."""
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        self._end_loop = lambda: loop.call_soon_threadsafe(end.set)
        if not await self.on_tick(0):
            await end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and close those that are there when what was asked is answered."""
        loop = asyncio.get_running_loop()
        for listening in sockets or ():
            loop.remove_reader(listening)
        for _turn in range(_ACCEPTED_WITHIN):  # asyncio fails at a connection that it has half made, and leaves it open
            await asyncio.sleep(0)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the server after a signal."""
        super().handle_exit(sig, frame)
        self._end_loop()

    def end(self) -> None:
        """End the server; this can be called in any thread."""
        self.should_exit = True
        self._end_loop()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End the server at SIGINT and SIGTERM, which are not raised again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


class ReviewServer:
    """Serves the review page, on the loopback interface by default."""

    def __init__(
        self,
        open_library: OpenLibrary,
        *,
        cache: PictureCache,
        access: AccessFile,
        port: int,
        listen: str = LOOPBACK,
        prefix: str = "",
        hosts: Collection[str] = (),
    ) -> None:
        """Take the address; the socket is bound at once.

        Args:
            open_library: opens the library, in the thread that then has it.
            cache: where pictures are kept.
            access: the key of all logins, and the password.
            port: the port; 0: any that is free.
            listen: the IP address; beyond the loopback interface, a password is needed.
            prefix: the start of all paths, such as "/faces".
            hosts: further names of this server, as a proxy passes them on.

        Raises:
            UsageError: the port is taken, the address is not one of this computer, or there is no password.
        """
        if access.read().password is None and not is_loopback(listen):
            raise UsageError(
                f"review.listen is {listen}, which others can reach: set a password first, with "
                "`familiar review --set-password`."
            )
        self._logins = BrowserLogins(access)
        self._socket = _bound(listen, port)
        self._host = LOOPBACK if ip_address(listen).is_unspecified else listen
        self._prefix = prefix
        self.port: int = self._socket.getsockname()[1]
        app: ASGIApp = ReviewApp(
            open_library, logins=self._logins, prefix=prefix, cache=cache, is_stopping=self._is_stopping
        ).gated(hosts=HostNames.of(listen, self.port, hosts), cookie=f"familiar-{self.port}")
        self._server = _Server(_quiet_config(app))

    @property
    def address(self) -> str:
        """The address at which a browser is logged in."""
        return f"{self.place}/login?token={self._logins.token}"

    @property
    def place(self) -> str:
        """The address without the token."""
        return f"http://{in_address(self._host)}:{self.port}{self._prefix}"

    def _is_stopping(self) -> bool:
        return self._server.should_exit

    def serve(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until SIGINT or SIGTERM, or `stop`; `on_ready` is called when it can be asked and stopped."""
        self._server.on_ready = on_ready
        with self._socket:
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End `serve`; this can be called in any thread."""
        self._server.end()


def _quiet_config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=_GRACE,
    )


def _bound(listen: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    # asyncio sends answers at once, without waiting for acknowledgements, only where the protocol is named.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((listen, port))
        bound.listen()  # a browser that has the address waits until it is served
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"The port {port} is in use; choose another one with --port, or 0 for any. If it is the page that is "
                "served there already, `familiar review --address` prints its address."
            ) from error
        if error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(f"review.listen is {listen}, which is not an address of this computer.") from error
        raise UsageError(f"The port {port} can't be used: {error.strerror}.") from error
    return bound
