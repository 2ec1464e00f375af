"""Connections that are not made: what is said of them, and that no call has left."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from familiar.flickr.api.errors import PassingError
from familiar.flickr.api.session import FlickrSession
from familiar.vision.remote.certificates import make_certificates


@contextmanager
def server_of(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Answer one connection; return the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def error_at(address: str) -> PassingError:
    with FlickrSession(timeout=5) as session, pytest.raises(PassingError) as caught:
        session.get(address)
    return caught.value


def check_unsent(error: PassingError, text: str) -> None:
    assert str(error) == text
    assert (error.sent, error.maybe_done, error.away) == (False, False, True)


def test_a_certificate_that_is_not_valid_is_told_as_such(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    make_certificates(folder, days=9, renew=False, now=datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "scheduler.pem", folder / "scheduler-key.pem")
    with server_of(lambda connection: context.wrap_socket(connection, server_side=True).close()) as port:
        error = error_at(f"https://localhost:{port}/")
    assert str(error).startswith("no answer: the certificate of the server is not valid (")
    check_unsent(error, str(error))


def test_a_proxy_that_does_not_connect_has_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with server_of(refuse) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://name:secret@127.0.0.1:{port}")
        check_unsent(error_at("https://flickr.invalid/?oauth_token=x"), "no answer: ProxyError")
    check_unsent(error_at("https://flickr.invalid/?oauth_token=x"), "no answer: ProxyError")
