"""Connections whose answers have a time limit for their headers, too.

The time limit of `requests` is one for silence: a server that sends its headers byte by byte holds a call for ever.
"""

import io
import time
from http.client import HTTPResponse
from socket import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Arriving(io.RawIOBase):
    """What arrives at a socket; while `ends` is a time, nothing is read after it."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__()
        self._raw = raw
        self.ends: float | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.ends is not None and time.monotonic() > self.ends:
            raise TimeoutError("the headers have not arrived in time")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """An answer whose headers arrive within the time that its socket may be silent, or not at all."""

    def __init__(self, sock: socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._arriving = _Arriving(self.fp.detach())
        self._limit = sock.gettimeout()
        self.fp = io.BufferedReader(self._arriving)

    def begin(self) -> None:
        """Read the headers; raises TimeoutError."""
        self._arriving.ends = None if self._limit is None else time.monotonic() + self._limit
        super().begin()
        self._arriving.ends = None


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


class TimedHeaders(HTTPAdapter):
    """An adapter of `requests` for such connections, directly and through proxies."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """Return the pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager
