"""The memory of a worker: its usual limit, and more for one task that needs it.

A photo of 200 megapixels takes up to 3 GB, of which not every worker can have as much at the same time. So a task for
which the usual memory is not enough ends with `MoreMemoryError`, and is tried again while no other such task runs: in
a copy of the worker, whose end gives all of the memory back.
"""

import os
import pickle
import resource
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from familiar.errors import MoreMemoryError, SetAsideError
from familiar.vision.workers.lifetimes import end_as, end_with_parent
from familiar.vision_options import VisionOptions

_CUDA_MEGABYTES = 8192
"""Address space that CUDA may map in addition to the limits."""

R = TypeVar("R")


def limit_memory(options: VisionOptions) -> None:
    """Limit the memory of this process and of its copies to the usual; `run_with_more` may raise that.

    A lower limit of the system stays.
    """
    # DATA counts private writable memory; AS would count mapped models, libraries and thread stacks as well.
    usual, most = _bytes(options.memory_limit, options), _bytes(_most(options), options)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        usual, most = min(usual, hard), min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (usual, most))


def run_with_more(options: VisionOptions, function: Callable[..., R], arguments: Sequence[Any]) -> R:
    """Run a task in a copy of this process that has more memory than usual; if the copy dies, so does this process.

    Raises:
        SetAsideError: that is not enough, either.
        Exception: as the function does.
    """
    receiving, sending = os.pipe()
    worker, copy = os.getpid(), os.fork()
    if copy == 0:
        os.close(receiving)
        _answer(worker, sending, options, function, arguments)
    os.close(sending)
    with os.fdopen(receiving, "rb") as pipe:
        answer = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
    if code:
        end_as(code)
    result, error = pickle.loads(answer)  # noqa: S301 - from the copy
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]  # what the function returns


def _answer(
    worker: int, sending: int, options: VisionOptions, function: Callable[..., R], arguments: Sequence[Any]
) -> NoReturn:
    """Run a task in the copy of the worker with this process id, and end."""
    code = 1
    try:
        end_with_parent(worker)
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
        with os.fdopen(sending, "wb") as pipe:
            pickle.dump(_outcome(options, function, arguments), pipe)
        code = 0
    finally:
        os._exit(code)


def _outcome(
    options: VisionOptions, function: Callable[..., R], arguments: Sequence[Any]
) -> tuple[R | None, Exception | None]:
    try:
        return function(*arguments), None
    except MoreMemoryError:
        return None, SetAsideError(f"it needs more memory than large_memory_limit ({_most(options)} MB)")
    except Exception as error:  # noqa: BLE001 - the worker raises it
        return None, error


def _most(options: VisionOptions) -> int:
    return max(options.memory_limit, options.large_memory_limit)


def _bytes(megabytes: int, options: VisionOptions) -> int:
    return (megabytes + (_CUDA_MEGABYTES if options.has_gpu_build else 0)) * 1024 * 1024
