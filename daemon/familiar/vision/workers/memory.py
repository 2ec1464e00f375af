"""The memory of a worker: its usual limit, and more for one task that needs it.

A photo of 200 megapixels takes up to 3 GB, of which not every worker can have as much at the same time. So a task for
which the usual memory is not enough ends with `MoreMemoryError`, and is tried again while no other such task runs.
"""

import ctypes
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from familiar.errors import MoreMemoryError, SetAsideError
from familiar.settings import VisionSettings, has_gpu_build

_CUDA_MEGABYTES = 8192
"""Address space that CUDA may map in addition to the limits."""

R = TypeVar("R")


def limit_memory(settings: VisionSettings) -> None:
    """Limit the memory of this process and of its copies to the usual; they may have more for a while."""
    # DATA counts private writable memory; AS would count mapped models, libraries and thread stacks as well.
    resource.setrlimit(resource.RLIMIT_DATA, (_bytes(settings.memory_limit), _bytes(_most(settings))))


def run_alone(settings: VisionSettings, function: Callable[..., R], arguments: Sequence[Any]) -> R:
    """Run a task with more memory than usual.

    Raises:
        SetAsideError: that is not enough, either.
    """
    with _more_memory():
        try:
            return function(*arguments)
        except MoreMemoryError as error:
            raise SetAsideError(f"it needs more memory than large_memory_limit ({_most(settings)} MB)") from error


@contextmanager
def _more_memory() -> Iterator[None]:
    usual, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (usual, hard))
        give_back_memory()


def give_back_memory() -> None:
    """Give memory that is free back to the system; only glibc keeps it."""
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def _most(settings: VisionSettings) -> int:
    return max(settings.memory_limit, settings.large_memory_limit)


def _bytes(megabytes: int) -> int:
    return (megabytes + (_CUDA_MEGABYTES if has_gpu_build() else 0)) * 1024 * 1024
