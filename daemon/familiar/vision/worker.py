"""What runs inside a worker process. Untrusted bytes are decoded here and nowhere else.

Heavy libraries are imported inside of functions: the daemon's own process imports this module for its functions'
names, and never loads a decoder or a network.
"""

import ctypes
import hashlib
import os
import resource
import signal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from familiar.errors import ChangedError, GoneError, RetryError, SetAsideError
from familiar.model import Crop, Photo
from familiar.settings import VisionSettings

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

    from familiar.vision.engine import Engine

_PR_SET_PDEATHSIG = 1
"""prctl(2)"""

_BLOCK = 1 << 20
_NICENESS = 10


def start(settings: VisionSettings, parent: int, complaints: "SimpleQueue[str]") -> None:
    """Prepare a fresh worker: limits, priority, silence, an end with its parent; load decoders and networks.

    What prevents that is told to `complaints`, and the worker ends.
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
        _prepare(settings)
    except MemoryError:
        complaints.put(f"they need more than the {settings.memory_limit} MB that a worker may use (memory_limit)")
        raise
    except Exception as error:
        complaints.put(str(error) or repr(error))
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


def look(path: Path, hash_: str, settings: VisionSettings) -> Photo:
    """Decode a photo and find the faces in it.

    Raises:
        GoneError, RetryError: the file can't be read.
        ChangedError: its content is not that of `hash_`.
        SetAsideError: it can't be decoded.
    """
    from familiar.vision.decoding import decode  # noqa: PLC0415

    try:
        data = _read(path, hash_)
        engine = _engine(settings)
        picture = decode(data, max_megapixels=settings.max_megapixels, at_least=settings.max_size)
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
def _engine(settings: VisionSettings) -> "Engine":
    from familiar.vision.dlib_engine import DlibEngine  # noqa: PLC0415

    return DlibEngine(settings)


def _prepare(settings: VisionSettings) -> None:
    from familiar.vision.decoding import prepare_decoders  # noqa: PLC0415

    prepare_decoders()
    _engine(settings).load()


def _be_silent() -> None:
    """Send what decoders write to standard output and error to nowhere: libtiff and others use the descriptors."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
