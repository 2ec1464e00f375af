"""All pools of workers, by the engine that the settings name, each imported only if it is used."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from familiar.vision.remote.extra import check_installed
from familiar.vision.workers.local import LocalWorkers

if TYPE_CHECKING:
    from familiar.settings import VisionSettings, WorkerSettings
    from familiar.vision.workers.pool import Workers


def start_workers(
    *, settings: "VisionSettings", models: Path, remote: "WorkerSettings | None" = None, **options: Any
) -> "Workers":
    """Return workers of the engine that is configured.

    Args:
        settings: how photos are decoded, and faces found.
        models: the folder of converted networks.
        remote: where photos are analysed; None for this machine.
        options: what `LocalWorkers` takes in addition.

    Raises:
        UsageError: a package that the engine needs is not installed.
    """
    if remote is None or remote.engine == "local":
        return LocalWorkers(settings=settings, models=models, **options)
    check_installed()
    from familiar.vision.remote.pool import RemoteWorkers  # noqa: PLC0415 - an extra

    return RemoteWorkers(settings=settings, models=models, remote=remote, **options)
