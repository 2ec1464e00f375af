"""A connection to a scheduler of Dask, in one event loop.

Anyone who has a certificate of the cluster can run anything on its machines, as Dask is designed. What comes back to
this machine is still read as plain data: neither results nor errors of workers are unpickled.
"""

import asyncio
import logging
import ssl
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import dask
import distributed

from familiar.settings import WorkerSettings
from familiar.vision.remote.answers import InvalidAnswerError
from familiar.vision.remote.certificates import CA, CLIENT, check_certificates, renewal

_MOST_THREADS = 1024

_END = 2.0
"""Seconds for closing a connection."""

_distributed: Any = distributed  # much of it has no types

_PLAIN = ("msgpack", "error")
"""How the results of workers may be written: as plain data, or as a text of what went wrong."""

_NOT_YET_VALID, _HAS_EXPIRED = 9, 10
"""Why OpenSSL refuses a certificate: X509_V_ERR_CERT_NOT_YET_VALID, and X509_V_ERR_CERT_HAS_EXPIRED."""


class UnreachableError(Exception):
    """The scheduler can't be reached, or does not answer any more."""


class LostAnswerError(Exception):
    """The scheduler can't fetch what a worker has returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedWorker:
    """A worker that the scheduler knows; `last_seen` is when it gave a sign of life, by the clock of the scheduler."""

    address: str
    name: str
    threads: int
    last_seen: float


class _Client(distributed.Client):
    """A client that does not unpickle what workers report of their tasks, and is closed by its connection alone."""

    def __del__(self) -> None:
        """Close nothing: there may be no loop any more that could do it."""

    def _handle_key_in_memory(self, key: Any = None, type: Any = None, workers: Any = None) -> None:  # noqa: A002, ARG002
        super()._handle_key_in_memory(key=key)  # type: ignore[no-untyped-call]

    def _handle_task_erred(self, key: Any = None, exception: Any = None, traceback: Any = None) -> None:  # noqa: ARG002
        super()._handle_task_erred(key=key, exception="the call failed")  # type: ignore[no-untyped-call]


class SchedulerConnection:
    """A connection to a scheduler."""

    def __init__(self, client: Any, timeout: float) -> None:
        """Take a client, much of which has no types, and the seconds in which an answer comes."""
        self._client = client
        self._timeout = timeout

    @classmethod
    async def open(cls, settings: WorkerSettings) -> Self:
        """Connect.

        Raises:
            UnreachableError: that is not possible now.
        """
        _be_quiet()
        try:
            connection = cls(_client(settings), settings.timeout)
            try:
                await connection._start()
            except BaseException:
                await connection.close()
                raise
        except TimeoutError as error:
            raise UnreachableError(f"no answer in {2 * settings.timeout:g} s") from error
        except (OSError, ImportError, ValueError) as error:
            raise UnreachableError(_refusal_of_certificate(error, settings) or _reason(error)) from error
        return connection

    async def _start(self) -> None:
        async with asyncio.timeout(2 * self._timeout):
            with warnings.catch_warnings(action="ignore"):  # versions are compared for each worker
                await self._client
        self._client.scheduler_comm.comm.deserialize = False

    async def listed(self) -> Mapping[str, ListedWorker]:
        """Return the workers that the scheduler knows now, by their addresses.

        Raises:
            UnreachableError: it does not answer.
        """
        if self._client.status != "running":
            raise UnreachableError("the connection was lost")
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._client.scheduler.identity(n_workers=-1)
            return {
                str(address): ListedWorker(
                    address=str(address),
                    name=str(one["name"])[:100],
                    threads=min(max(int(one["nthreads"]), 1), _MOST_THREADS),
                    last_seen=float(one["last_seen"]),
                )
                for address, one in answer["workers"].items()
                if one["status"] == "running"
            }
        except TimeoutError as error:
            raise UnreachableError(f"no answer in {self._timeout:g} s") from error
        except OSError as error:
            raise UnreachableError(_reason(error)) from error
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise UnreachableError(f"it answers something else: {error!r}") from error

    async def call(self, address: str, function: Callable[..., Any], *arguments: object) -> object:
        """Have a worker call a function of `calls`, and return what it returns, which is plain data.

        Raises:
            UnreachableError: the connection was lost meanwhile.
            LostAnswerError: the scheduler can't fetch what the worker returned.
            InvalidAnswerError: the call failed, or returned what is no plain data.
        """
        future = self._client.submit(
            function, *arguments, workers=[address], allow_other_workers=False, pure=False, retries=0
        )
        try:
            await future._state.wait()  # noqa: SLF001 - all that is public fetches the result, and unpickles it
            if future.status == "error":
                raise InvalidAnswerError("an error of its own; is the same version of familiar installed there?")
            if future.status != "finished":
                raise UnreachableError("the connection was lost")
            found = await self._client.scheduler.gather(keys=[future.key])
            if found.get("status") != "OK":
                raise LostAnswerError("the scheduler can't fetch what it answers: can it connect to the worker?")
            return found["data"][future.key]
        except OSError as error:
            raise UnreachableError(_reason(error)) from error
        except (TypeError, KeyError, AttributeError) as error:
            raise InvalidAnswerError("a value that is not plain data") from error
        finally:
            future.release()

    async def close(self) -> None:
        """Close the connection, which is not waited for long."""
        with suppress(Exception):
            async with asyncio.timeout(_END):
                await self._client.close(timeout=_END / 2)


def _client(settings: WorkerSettings) -> Any:
    """Return a client, which connects when it is waited for."""
    kind: Any = _Client
    return kind(
        settings.scheduler,
        asynchronous=True,
        set_as_default=False,
        direct_to_workers=False,
        security=_security(settings),
        deserializers=_PLAIN,
        timeout=settings.timeout,
    )


def _security(settings: WorkerSettings) -> Any:
    folder = settings.certificates
    if folder is None:
        return _distributed.Security()
    check_certificates(folder)
    return _distributed.Security(
        tls_ca_file=str(folder / CA),
        tls_client_cert=str(folder / CLIENT.certificate),
        tls_client_key=str(folder / CLIENT.key),
        require_encryption=True,
    )


def _refusal_of_certificate(error: BaseException, settings: WorkerSettings) -> str | None:
    """Say why the certificate of the scheduler is refused, and what to do; None if it is not."""
    refusal = next((one for one in _chain(error) if isinstance(one, ssl.SSLCertVerificationError)), None)
    if refusal is None or settings.certificates is None:
        return None
    if refusal.verify_code == _HAS_EXPIRED:
        return f"the certificate of the scheduler has expired; {renewal(settings.certificates)}; then start it again"
    if refusal.verify_code == _NOT_YET_VALID:
        return "the certificate of the scheduler is not valid yet; are the clocks of both machines right?"
    ca = settings.certificates / CA
    return f"the certificate of the scheduler is not by the authority in {ca} ({refusal.verify_message})"


def _reason(error: BaseException) -> str:
    """Return the innermost reason that says something."""
    return next((text for text in reversed(list(map(str, _chain(error)))) if text), repr(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, and those that it comes from."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _be_quiet() -> None:
    """Let Dask report errors to its caller only, and accept large arguments without a warning."""
    for name in ("distributed", "tornado"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [logging.NullHandler()], False
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB", "distributed.comm.retry.count": 0})
