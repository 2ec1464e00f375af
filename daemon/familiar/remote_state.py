"""The state of the workers of Dask, which the log, `status` and `doctor` show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias

WorkerState: TypeAlias = Literal["joining", "ready", "refused", "failing"]
"""`refused` are those whose answers could differ from what this machine finds, `failing` those that gave none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteWorker:
    """A worker of Dask: its address and the name that Dask gives it, and how many photos it analyses side by side.

    `version` is that of familiar there, None until it is known; `photos` counts what it has analysed, `per_minute` what
    of that came in the last minute. `reason` says why it gets no photos.
    """

    address: str
    name: str
    threads: int
    state: WorkerState
    version: str | None
    in_flight: int
    photos: int
    per_minute: int
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteState:
    """The workers of a scheduler; `reason` says why no photo can be sent to any of them, and is None if one can.

    `waits` says that photos wait for that reason; if they do not, this machine analyses them.
    """

    scheduler: str
    reason: str | None
    waits: bool = False
    workers: tuple[RemoteWorker, ...] = ()

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Return the state of which this is `dataclasses.asdict`, as it was kept as JSON."""
        return cls(**{**kept, "workers": tuple(RemoteWorker(**worker) for worker in kept["workers"])})
