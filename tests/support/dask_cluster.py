"""A scheduler and workers of Dask, as real processes on this machine, that know each other by certificates."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from familiar.settings import WorkerSettings
from familiar.vision.remote.certificates import make_certificates
from support.photos import CACHE

_SAVING = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "10s",
    "DASK_DISTRIBUTED__WORKER__MEMORY__MONITOR_INTERVAL": "1s",
    "CACHE_DIRECTORY": str(CACHE),
}
"""What docs/workers.md says, too: Dask measures itself otherwise; and where networks are that tests have converted."""

_AT = ("--host", "127.0.0.1")

_SOON = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s"}
"""For a scheduler: a worker that can't be reached is given up early."""


@dataclass(slots=True)
class DaskCluster:
    """The processes, and the folder with their certificates."""

    folder: Path
    port: int
    scheduler: "subprocess.Popen[bytes]"
    workers: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"tls://127.0.0.1:{self.port}"

    def settings(self, **others: object) -> WorkerSettings:
        return WorkerSettings.model_validate(
            {"engine": "dask", "scheduler": self.address, "certificates": str(self.folder), **others}
        )

    def need(self, *names: str) -> None:
        """See that these workers run, and no others."""
        for name in [name for name in self.workers if name not in names]:
            self.kill(name)
        for name in names:
            if name not in self.workers or self.workers[name].poll() is not None:
                self.start(name)

    def start(
        self, name: str, *, preload: Path | None = None, zone: str | None = None, contact: str | None = None
    ) -> None:
        """Start a worker; `contact` is the address that it gives to the scheduler instead of its own."""
        loaded = () if preload is None else ("--preload", str(preload))
        at = _AT if contact is None else ("--contact-address", contact, "--listen-address", "tls://127.0.0.1:0")
        arguments = (self.address, "--no-nanny", "--nthreads", "1", "--name", name, *loaded, *at)
        environment = {} if zone is None else {"TZ": zone}
        self.workers[name] = _start("worker", self.folder, *arguments, environment=environment)

    def kill(self, name: str) -> None:
        process = self.workers.pop(name)
        process.kill()
        process.wait()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Let the scheduler answer nothing for a block; its connections stay open."""
        self.scheduler.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.scheduler.send_signal(signal.SIGCONT)


@contextmanager
def running_cluster(folder: Path) -> Iterator[DaskCluster]:
    make_certificates(folder, days=2, renew=False, now=datetime.now(UTC))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    arguments = ("--protocol", "tls", "--port", str(port), *_AT)
    cluster = DaskCluster(folder, port, _start("scheduler", folder, *arguments, environment=_SOON))
    try:
        yield cluster
    finally:
        for process in (*cluster.workers.values(), cluster.scheduler):
            process.kill()
            process.wait()


def _start(
    role: str, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    own = ("--tls-ca-file", "ca.pem", "--tls-cert", f"{role}.pem", "--tls-key", f"{role}-key.pem")
    command = [sys.executable, "-m", f"distributed.cli.dask_{role}", *arguments, *own]
    with (folder / f"{role}.log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--no-dashboard", "--dashboard-address", "127.0.0.1:0"],
            cwd=folder,
            env={**os.environ, **_SAVING, **(environment or {})},
            stdout=log,
            stderr=log,
        )
