"""The signals that the daemon listens to: SIGTERM and SIGINT stop it, SIGHUP reloads and rescans."""

import asyncio
import signal
import threading
from collections.abc import Callable

from familiar.service.stop_request import StopRequest
from familiar.service.systemd import Notifier
from familiar.service.wake import Wake

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_ALL = (*_STOPPING, signal.SIGHUP)
_TURNS = 3
"""Turns of an event loop after which it has handled the signals that it got: it reads them, then calls the handlers."""


def let_reloads_wait() -> None:
    """Let SIGHUP wait until a daemon listens: during the start, it would end the process."""
    if threading.current_thread() is threading.main_thread():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})


class Signals:
    """Turns signals into requests."""

    def __init__(
        self,
        *,
        stop: StopRequest,
        reload: Callable[[], bool],
        rescan: Callable[[], None],
        notifier: Notifier,
        wake: Wake,
        on_reloaded: Callable[[], None],
    ) -> None:
        """Take what signals ask for.

        `reload` reads settings and rules again, and says whether settings have changed, so that the daemon must be
        built again; `rescan` has all folders compared with the store. `on_reloaded` is called after a reload without
        that: the new configuration may have been refused.
        """
        self._stop = stop
        self._reload = reload
        self._rescan = rescan
        self._notifier = notifier
        self._wake = wake
        self._on_reloaded = on_reloaded

    def listen(self) -> None:
        """Listen, in the running loop; only the main thread of a process gets signals."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in _STOPPING:
            loop.add_signal_handler(number, self._stop.stop, number.name)
        loop.add_signal_handler(signal.SIGHUP, self._on_hang_up)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ALL)

    async def close(self) -> None:
        """Let signals wait for the daemon that begins again, and handle those that came before."""
        if self._stop.begins_again and threading.current_thread() is threading.main_thread():
            signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
            for _ in range(_TURNS):
                await asyncio.sleep(0)

    def _on_hang_up(self) -> None:
        self._notifier.reloading()
        if self._reload():
            self._stop.begin_again()
            return
        self._rescan()
        self._notifier.ready()
        self._on_reloaded()
        self._wake.now()
