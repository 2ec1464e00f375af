"""How the process that workers are copies of is prepared, and then each worker: limits, decoders, networks."""

import ctypes
import gc
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from familiar.embedding_models import OWN
from familiar.errors import FamiliarError
from familiar.vision.workers.channel import Channel, Reply
from familiar.vision.workers.memory import limit_memory
from familiar.vision.workers.start_failures import not_started
from familiar.vision.workers.tasks import engine_of
from familiar.vision_options import VisionOptions

_NO_MEMORY = ("failed to map segment from shared object", "Cannot allocate memory", "cannot allocate memory")
"""What the loader of libraries says where memory is missing."""

_NICENESS = 10
"""That of workers that nobody waits for."""


def load(options: VisionOptions, models: Path, *, networks: bool, urgent: bool = False) -> str | None:
    """Prepare the process that workers are copies of: limits, priority, decoders and `networks`.

    Workers that are not `urgent` leave the processors to other programs, and to those that are. Networks on a GPU are
    not loaded, as no copy could use them.

    Returns:
        Why the configured engine is not used, or None.

    Raises:
        FamiliarError: something can't be loaded.
    """
    os.nice(0 if urgent else _NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit_memory(options)
    fallback = None
    with _failures_told(options):
        from familiar.vision.decoding.pictures import prepare_decoders  # noqa: PLC0415

        prepare_decoders()
        if networks and not options.has_gpu_build:
            _, fallback = engine_of(options, models)
    _share_memory()
    return fallback


def work(options: VisionOptions, models: Path, channel: Channel, *, networks: bool) -> None:
    """Be a worker, a copy of the prepared process: load the `networks` of a GPU, and run the tasks that are sent.

    The first thing sent is a `Reply`, as of `load`.
    """
    loaded = Reply.of(_load_on_gpu, options, models, networks)
    channel.send(loaded)
    if loaded.error is None:
        channel.answer()


def _load_on_gpu(options: VisionOptions, models: Path, networks: bool) -> str | None:  # noqa: FBT001
    if not networks or not options.has_gpu_build:
        return None
    with _failures_told(options):
        return engine_of(options, models)[1]


def _share_memory() -> None:
    """Let copies of this process share what is loaded, and have memory of their own for all that they do."""
    gc.collect()
    gc.freeze()  # the collector would write to everything
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:  # glibc's
        trim(0)


@contextmanager
def _failures_told(options: VisionOptions) -> Iterator[None]:
    """Raise a FamiliarError for all that goes wrong; a network that can't be used tells of itself."""
    try:
        yield
    except Exception as error:
        raise FamiliarError(_told(error, options)) from error


def _told(error: Exception, options: VisionOptions) -> str:
    text = str(error) or repr(error)
    if isinstance(error, MemoryError) or any(words in text for words in _NO_MEMORY):
        limit = f"more memory than memory_limit ({options.memory_limit} MB)"
        if options.model == OWN:
            return f"the model {OWN} can't be used: {options.model_file}: it needs {limit}"
        return not_started(f"they need {limit}")
    return text if isinstance(error, FamiliarError) else not_started(text)
