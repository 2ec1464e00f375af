"""Connections whose answers have a time limit as a whole.

The time limit of `requests` is one for silence: a server that sends an answer byte by byte, or its headers, or the
sizes of its parts, holds a call for ever.
"""

import io
import time
from http.client import HTTPResponse
from socket import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_SLOWEST = 20_000
"""Bytes a second below which an answer that takes longer than the limit counts as hanging."""
_LEAST = 0.001


class _Arriving(io.RawIOBase):
    """What arrives at a socket in time: within `seconds`, which are the limit of silence too, or more if it is long."""

    def __init__(self, raw: io.RawIOBase, sock: socket, seconds: float) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._seconds = seconds
        self._ends = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what there is; raises TimeoutError."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer has not arrived in time")
        self._sock.settimeout(max(min(left, self._seconds), _LEAST))
        count = self._raw.readinto(buffer)
        self._ends += (count or 0) / _SLOWEST
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """An answer that arrives within the time that its socket may be silent, or not at all."""

    def __init__(self, sock: socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        limit = sock.gettimeout()
        if limit is not None:
            self.fp = io.BufferedReader(_Arriving(self.fp.detach(), sock, limit))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


class TimedAnswers(HTTPAdapter):
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
