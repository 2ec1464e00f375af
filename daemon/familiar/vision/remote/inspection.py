"""The workers of a scheduler, which are asked without sending photos."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from familiar.remote_state import RemoteState
from familiar.settings import VisionSettings, WorkerSettings
from familiar.vision.remote.certificates import OWN, end_of_certificates
from familiar.vision.remote.cluster import Cluster
from familiar.vision.remote.installation import installation_here

_LONGEST = 60.0
"""Seconds that a look takes at most; a worker that has not loaded its networks by then is shown as joining."""

_SOON = timedelta(days=30)


async def inspect(settings: WorkerSettings, vision: VisionSettings) -> RemoteState:
    """Return the state of all workers, each of which is asked what it is."""
    cluster = Cluster(settings=settings, vision=vision, here=installation_here(vision), patience=0.0)
    keeping = asyncio.create_task(cluster.keep())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST):
                await cluster.settled.wait()
        return cluster.shown()
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


def expiring_soon(settings: WorkerSettings) -> str | None:
    """Say which certificates in the folder of this machine expire within a month, and when; None if none does.

    Those that other machines have got from here are among them, also if they have expired. One of this machine that has
    expired is no warning: nothing works with it.
    """
    ends: dict[str, datetime] = {}
    if settings.certificates is not None:
        with suppress(ValueError):
            ends = dict(end_of_certificates(settings.certificates))
    now = datetime.now(UTC)
    soon = [
        f"{name} {'expires' if end > now else 'has expired'} on {end:%Y-%m-%d}"
        for name, end in ends.items()
        if end < now + _SOON and (end > now or name not in OWN)
    ]
    return "; ".join(soon) or None
