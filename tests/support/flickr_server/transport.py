"""HTTP on a socket of the loopback, kept alive, and cancelled where a fault wants that."""

import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from support.flickr_server.faults import Reply
from support.flickr_server.oauth import Pairs, SignedRequest, header_parameters

SLOW_PIECES = 20
SLOW_PAUSE_SECONDS = 0.02
DRIP_SECONDS = 0.25
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A request as it came: its verb, path, query, headers and body."""

    verb: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def pairs(self) -> Pairs:
        """All parameters: of the header, the query and the form."""
        pairs = list(header_parameters(self.headers.get("Authorization", "")))
        pairs += parse_qsl(self.query, keep_blank_values=True)
        if self.headers.get("Content-Type", "").startswith(FORM):
            pairs += parse_qsl(self.body.decode(), keep_blank_values=True)
        return tuple(pairs)

    @property
    def parameters(self) -> dict[str, str]:
        return dict(self.pairs)

    def signed(self) -> SignedRequest:
        return SignedRequest(verb=self.verb, url=f"http://{self.host.lower()}{self.path}", parameters=self.pairs)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "HttpServer"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Say nothing: the record has it all."""

    def _serve(self) -> None:
        told = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(told)
        if len(body) < told:
            self.close_connection = True  # the client was killed in the middle of it
            return
        address = urlsplit(self.path)
        request = Incoming(
            verb=self.command,
            host=self.headers.get("Host", ""),
            path=address.path,
            query=address.query,
            headers=self.headers,  # type: ignore[arg-type] # a message is a mapping but by name
            body=body,
        )
        self._send(self.server.answer(request))

    def _send(self, reply: Reply) -> None:
        if reply.is_reset:
            self.server.stopping.wait(reply.hang_seconds)
            self._reset()
            return
        length = len(reply.body) if reply.length is None else reply.length
        self.send_response_only(reply.status)
        for name, value in (
            ("Content-Type", reply.content_type),
            ("Content-Length", str(length)),
            *reply.headers,
        ):
            self.send_header(name, value)
        if reply.drips_head:
            self._headers_buffer: list[bytes]
            self._trickle(b"".join(self._headers_buffer), 1, DRIP_SECONDS)
            self._headers_buffer.clear()
        self.end_headers()
        if reply.is_slow:
            self._trickle(reply.body, len(reply.body) // SLOW_PIECES, SLOW_PAUSE_SECONDS)
        elif reply.drips:
            self._trickle(reply.body, 1, DRIP_SECONDS)
        else:
            self.wfile.write(reply.body)
        self.server.stopping.wait(reply.hang_seconds)
        if length != len(reply.body):
            self.close_connection = True

    def _trickle(self, body: bytes, step: int, pause: float) -> None:
        step = max(1, step)
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            if self.server.stopping.wait(pause):
                return

    def _reset(self) -> None:
        """Close so that the other side sees the connection reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


class HttpServer(ThreadingHTTPServer):
    """A server on 127.0.0.1 that gives each connection a thread, and ends all of them when it stops."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, *, port: int, answer: Callable[[Incoming], Reply]) -> None:
        self.answer = answer
        self.stopping = threading.Event()
        self.errors: list[BaseException] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        if self.errors:
            raise self.errors[0]

    def finish_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        with self._lock:
            self._open.add(request)
        try:
            super().finish_request(request, client_address)
        except ConnectionError:
            pass  # the client was killed, or has given up waiting
        finally:
            with self._lock:
                self._open.discard(request)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the library's
        """Keep a mistake of the server's own; `stop` raises it."""
        error = sys.exception()
        assert error is not None
        self.errors.append(error)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close without `shutdown`, which would undo a reset."""
        self.close_request(request)
