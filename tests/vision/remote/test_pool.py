"""The scheduler can't be reached, or says something else; no process of Dask is needed for that."""

import asyncio
import re
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from familiar.errors import UsageError, WorkersError
from familiar.filesystem.reading import fingerprint
from familiar.model import Photo
from familiar.settings import VisionSettings, WorkerSettings
from familiar.vision.remote.certificates import make_certificates
from familiar.vision.remote.extra import check_installed
from familiar.vision.remote.pool import RemoteWorkers
from support.photos import MODELS


def settings_of(address: str, **others: object) -> WorkerSettings:
    return WorkerSettings.model_validate({"engine": "dask", "scheduler": address, "timeout": 1, **others})


def refused(settings: WorkerSettings, photo: Path) -> str:
    """Return why a photo is given back that waits no longer."""

    async def look() -> str:
        vision = VisionSettings(workers=1)
        async with RemoteWorkers(settings=vision, models=MODELS, remote=settings, patience=0) as workers:
            with pytest.raises(WorkersError) as told:
                await workers.look(photo, fingerprint(photo))
            assert told.value.lasts
            return str(told.value)

    return asyncio.run(look())


@contextmanager
def silent_server() -> Iterator[str]:
    """Give the address of a server that takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


def test_photos_wait_for_a_scheduler_that_is_dead_or_silent(astronaut: Path) -> None:
    with silent_server() as address:
        assert refused(settings_of(address), astronaut).startswith(f"no worker of Dask can be used: {address}: ")
    assert refused(settings_of(address), astronaut).startswith(f"no worker of Dask can be used: {address}: ")


def test_certificates_that_have_expired_are_the_reason_that_is_told(astronaut: Path, tmp_path: Path) -> None:
    make_certificates(tmp_path, days=1, renew=False, now=datetime.now(UTC) - timedelta(days=9))
    settings = settings_of("tls://127.0.0.1:9", certificates=str(tmp_path))
    assert f"{tmp_path}/client.pem has expired on" in refused(settings, astronaut)


@contextmanager
def server_with(certificates: Path) -> Iterator[str]:
    """Give the address of a server that shows the certificate of a scheduler."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "scheduler.pem", certificates / "scheduler-key.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            with suppress(OSError):
                while True:
                    with server.accept()[0] as connection, suppress(ssl.SSLError):
                        context.wrap_socket(connection, server_side=True)

        thread = threading.Thread(target=greet)
        thread.start()
        try:
            yield f"tls://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (
            -9,
            "has expired; make new ones with `familiar .* --renew`, and copy them to all machines; then start it again",
        ),
        (9, r"is not valid yet; are the clocks of both machines right\?"),
    ],
)
def test_a_certificate_of_the_scheduler_that_is_not_valid_now_is_told_with_the_remedy(
    astronaut: Path, tmp_path: Path, later: int, told: str
) -> None:
    here, there, now = tmp_path / "here", tmp_path / "there", datetime.now(UTC)
    make_certificates(here, days=1, renew=False, now=now)
    shutil.copytree(here, there)
    make_certificates(there, days=1, renew=True, now=now + timedelta(days=later))
    with server_with(there) as address:
        reason = refused(settings_of(address, certificates=str(here)), astronaut)
    assert re.search(rf"{address}: the certificate of the scheduler {told}$", reason)


def test_a_certificate_of_the_scheduler_by_another_authority_is_told(astronaut: Path, tmp_path: Path) -> None:
    for name in ("here", "there"):
        make_certificates(tmp_path / name, days=1, renew=False, now=datetime.now(UTC))
    with server_with(tmp_path / "there") as address:
        reason = refused(settings_of(address, certificates=str(tmp_path / "here")), astronaut)
    assert f"the certificate of the scheduler is not by the authority in {tmp_path}/here/ca.pem (" in reason


def test_photos_are_analysed_here_meanwhile_if_the_settings_say_so(astronaut: Path) -> None:
    async def look(address: str) -> Photo:
        settings, vision = settings_of(address, unavailable="local"), VisionSettings(workers=1)
        async with RemoteWorkers(settings=vision, models=MODELS, remote=settings) as workers:
            return await workers.look(astronaut, fingerprint(astronaut))

    with silent_server() as address:
        assert len(asyncio.run(look(address)).faces) == 1


def test_a_missing_package_is_named_with_the_remedy() -> None:
    with pytest.raises(UsageError, match=r"need the package distributed, .* uv sync --extra dask"):
        check_installed(lambda _: None)
