"""familiar: a daemon that recognises the people in your photos.

`familiar.Library` is its Python API.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from familiar.api.library import Library

__all__ = ["Library", "__version__"]


def __getattr__(name: str) -> Any:
    # Both take longer to import than some commands run.
    if name == "Library":
        from familiar.api.library import Library  # noqa: PLC0415

        return Library
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        return version("familiar")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
