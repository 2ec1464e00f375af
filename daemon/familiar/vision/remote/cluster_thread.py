"""A thread with an event loop of its own, in which the connection to a scheduler lives.

Whatever happens to that, and however large what is sent, the loop of the daemon goes on.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from familiar.remote_state import RemoteState
from familiar.vision.remote.cluster import Cluster

T = TypeVar("T")

_END = 5.0
"""Seconds that the thread gets to end; a connection that hangs is left to itself."""


class ClusterThread:
    """A cluster in its thread, from which other threads can ask for work."""

    def __init__(self, cluster: Callable[[], Cluster]) -> None:
        """Start the thread, in which the cluster is made."""
        self._made: Future[Cluster] = Future()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(cluster,), name="dask", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Cluster], Coroutine[Any, Any, T]]) -> T:
        """Do some work with the cluster, in its thread; raises what it raises."""
        cluster = await asyncio.shield(asyncio.wrap_future(self._made))  # others wait for it, too
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(cluster), self._loop))

    @property
    def state(self) -> RemoteState | None:
        """The state of the cluster; None before there is one."""
        return self._made.result().state if self._made.done() and self._made.exception() is None else None

    def end(self) -> None:
        """End the thread, and give up what is in progress."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_END)

    def _run(self, make: Callable[[], Cluster]) -> None:
        asyncio.set_event_loop(self._loop)
        kept = self._loop.create_task(self._keep(make))
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.wait([kept, *tasks], timeout=_END / 2))
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _keep(self, make: Callable[[], Cluster]) -> None:
        try:
            cluster = make()
        except Exception as error:  # noqa: BLE001 - it is raised where work is asked for
            self._made.set_exception(error)
            return
        self._made.set_result(cluster)
        await cluster.keep()
