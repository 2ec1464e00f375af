"""The time limit of a whole answer, whatever part of it arrives slowly."""

import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, repeat

import pytest

from familiar.flickr.api.errors import PassingError
from familiar.flickr.api.session import FlickrSession

LIMIT = 0.4
PAUSE = 0.02
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
COMPRESSED = zlib.compressobj(wbits=31).flush()[:10]
NOTHING = b"\x00\x00\x00\xff\xff"
"""A block of compressed data that is empty."""


@contextmanager
def server_of(pieces: Iterator[bytes], *, pause: float = PAUSE) -> Iterator[str]:
    """Answer one call with these pieces, and a pause after each."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.recv(1 << 16)
                for piece in pieces:
                    connection.sendall(piece)
                    if stopping.wait(pause):
                        return

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            stopping.set()
            thread.join()


@pytest.mark.parametrize(
    ("begin", "drip"),
    [
        (b"HTTP/1.1 200 ", b"O"),
        (OK + b"X: ", b"y"),
        (OK + b"\r\n", b" "),
        (OK + b"Content-Length: 99999\r\n\r\n", b" "),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + COMPRESSED, NOTHING),
        (OK.replace(b"200", b"503") + b"Content-Length: 99999\r\n\r\n", b" "),
    ],
)
def test_an_answer_of_which_any_part_drips_ends_at_the_time_limit(begin: bytes, drip: bytes) -> None:
    with server_of(chain([begin], repeat(drip))) as address, FlickrSession(timeout=LIMIT) as session:
        began = time.monotonic()
        with pytest.raises(PassingError, match="no complete answer in time") as caught:
            session.get(address)
        assert time.monotonic() - began < 5 * LIMIT
    assert (caught.value.away, caught.value.sent, caught.value.maybe_done) == (True, True, True)


def test_an_answer_that_is_silent_after_it_has_begun_late_ends_at_the_time_limit() -> None:
    with server_of(chain([OK], repeat(b"", 9)), pause=0.8 * LIMIT) as address, FlickrSession(timeout=LIMIT) as session:
        began = time.monotonic()
        with pytest.raises(PassingError, match="no complete answer in time"):
            session.get(address)
        assert time.monotonic() - began < 1.7 * LIMIT


def test_a_long_answer_that_keeps_coming_may_take_longer() -> None:
    parts = [b" " * 20_000] * 5
    begin = OK + b"Content-Length: 100000\r\n\r\n"
    with server_of(chain([begin], parts), pause=0.3) as address, FlickrSession(timeout=LIMIT) as session:
        began = time.monotonic()
        assert len(session.get(address).content) == 100_000
        assert time.monotonic() - began > 2 * LIMIT
