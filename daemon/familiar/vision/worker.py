"""What runs inside a worker process. Untrusted bytes are decoded here and nowhere else.

Heavy libraries are imported inside of functions: the daemon's own process imports this module for its functions'
names, and never loads a decoder or a network.
"""

import ctypes
import hashlib
import os
import resource
import signal
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from familiar.errors import ChangedError, GoneError, RetryError, SetAsideError
from familiar.model import Crop, Photo
from familiar.settings import VisionSettings

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

    from familiar.vision.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a worker tells its parent as it starts: why it can't (`fatal`), or what is not as it was asked for."""

    fatal: bool
    text: str


_PR_SET_PDEATHSIG = 1
"""prctl(2)"""

_SHARP = 2000
"""Longer side in pixels that a JPEG is decoded at, at least: small faces are encoded from it."""

_BLOCK = 1 << 20
_NICENESS = 10


def start(settings: VisionSettings, models: Path, parent: int, notes: "SimpleQueue[Note]") -> None:
    """Prepare a fresh worker: limits, priority, silence, an end with its parent; load decoders and networks.

    What prevents that is told to `notes`, and the worker ends; so is that another engine had to take the place of the
    one that was asked for.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # the parent died before the line above
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # DATA counts private writable memory; AS would count mapped models, libraries and thread stacks as well.
    limit = settings.memory_limit * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    _be_silent()
    try:
        from familiar.vision.decoding import prepare_decoders  # noqa: PLC0415

        prepare_decoders()
        _, fallback = _engine(settings, models)
        if fallback is not None:
            notes.put(Note(fatal=False, text=fallback))
    except MemoryError:
        text = f"they need more than the {settings.memory_limit} MB that a worker may use (memory_limit)"
        notes.put(Note(fatal=True, text=text))
        raise
    except Exception as error:
        notes.put(Note(fatal=True, text=str(error) or repr(error)))
        raise


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits.

    Raises:
        GoneError: it is not there.
        RetryError: it can't be read for now.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise GoneError(f"{path}: no longer there") from error
    except OSError as error:
        raise RetryError(f"can't be read: {error.strerror}") from error
    return digest.hexdigest()


def look(path: Path, hash_: str, settings: VisionSettings, models: Path) -> Photo:
    """Decode a photo and find the faces in it.

    Raises:
        GoneError, RetryError: the file can't be read.
        ChangedError: its content is not that of `hash_`.
        SetAsideError: it can't be decoded.
    """
    from familiar.vision.decoding import decode  # noqa: PLC0415

    try:
        data = _read(path, hash_)
        engine, _ = _engine(settings, models)
        at_least = max(settings.max_size, _SHARP)
        picture = decode(data, max_megapixels=settings.max_megapixels, at_least=at_least)
        faces = engine.find(picture)
    except MemoryError as error:
        raise SetAsideError(f"it needs more than the {settings.memory_limit} MB that a worker may use") from error
    return Photo(
        hash=hash_,
        format=picture.format,
        width=picture.width,
        height=picture.height,
        taken=picture.taken,
        engine=engine.description,
        faces=faces,
    )


def crop(path: Path, hash_: str, wish: Crop, settings: VisionSettings) -> bytes:
    """Return the picture file of a face.

    Raises:
        GoneError, RetryError, ChangedError, SetAsideError: as `look` does.
    """
    from familiar.vision import cropping  # noqa: PLC0415

    return cropping.crop(_read(path, hash_), wish, max_megapixels=settings.max_megapixels)


def _read(path: Path, hash_: str) -> bytes:
    from familiar.vision.decoding import read_bytes  # noqa: PLC0415

    data = read_bytes(path)
    if hashlib.sha256(data).hexdigest() != hash_:
        raise ChangedError(f"{path}: changed while it was handled")
    return data


@cache
def _engine(settings: VisionSettings, models: Path) -> "tuple[Engine, str | None]":
    from familiar.vision.engines import load_engine  # noqa: PLC0415

    return load_engine(settings, models)


def _be_silent() -> None:
    """Send what decoders write to standard output and error to nowhere: libtiff and others use the descriptors."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
