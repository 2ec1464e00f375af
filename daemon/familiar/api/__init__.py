"""The Python API: one class, `Library`, that offers everything the commands do.

All calls raise the errors of `familiar.errors`, with the messages that the command line prints, and print nothing
themselves.

Modules are imported on first use, as in `api.daemon`: importing all of them takes longer than many calls.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from familiar.api import (
        cluster_folders,
        clusters,
        configuration,
        crops,
        daemon,
        disks,
        export,
        faces,
        flickr,
        health,
        history,
        models,
        people,
        photo_lists,
        photos,
        placement,
        report,
        rules,
        scores,
        search,
        service,
        sidecars,
        status,
        workers,
    )
    from familiar.api.library import Library

__all__ = [
    "Library",
    "cluster_folders",
    "clusters",
    "configuration",
    "crops",
    "daemon",
    "disks",
    "export",
    "faces",
    "flickr",
    "health",
    "history",
    "models",
    "people",
    "photo_lists",
    "photos",
    "placement",
    "report",
    "rules",
    "scores",
    "search",
    "service",
    "sidecars",
    "status",
    "workers",
]


def __getattr__(name: str) -> Any:
    if name == "Library":
        return import_module("familiar.api.library").Library
    if name in __all__:
        return import_module(f"familiar.api.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
