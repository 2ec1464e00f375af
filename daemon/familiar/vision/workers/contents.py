"""The contents of files, as worker processes read and decode them.

Heavy libraries are imported inside of functions, as in `tasks`.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from familiar.errors import ChangedError, FamiliarError, GoneError, MoreMemoryError
from familiar.filesystem.reading import opened, read_bytes, read_head
from familiar.media import is_raw, is_video
from familiar.vision.decoding.kinds import HEAD, kind_of
from familiar.vision_options import VisionOptions

if TYPE_CHECKING:
    from familiar.vision.decoding.pictures import Picture
    from familiar.vision.decoding.videos import Video

T = TypeVar("T")


def has_video(path: Path) -> bool:
    """Return whether a file is a video: by its first bytes, or by its name where they do not tell."""
    told = kind_of(read_head(path, HEAD))
    return is_video(path) if told is None else told == "video"


def decoded(path: Path, hash_: str, options: VisionOptions, *, at_least: int | None = None) -> "Picture":
    """Return the picture of a photo whose content has this hash; `at_least` as in `pictures.decode`.

    Raises:
        GoneError, RetryError: the file can't be read.
        ChangedError: its content is not that of the hash.
        SetAsideError: it can't be decoded.
    """
    from familiar.vision.decoding.pictures import decode, decode_raw  # noqa: PLC0415

    data = read_bytes(path)
    if hashlib.sha256(data).hexdigest() != hash_:
        raise ChangedError(f"{path}: changed while it was handled")
    chosen = decode_raw if is_raw(path) else decode
    return chosen(data, max_megapixels=options.max_megapixels, at_least=at_least)


@contextmanager
def opened_video(path: Path, hash_: str, options: VisionOptions) -> "Iterator[Video]":
    """Open a video whose content has this hash; raises as `decoded`."""
    from familiar.vision.decoding.videos import open_video  # noqa: PLC0415

    with opened(path, hash_) as file, open_video(file, max_megapixels=options.max_megapixels) as video:
        yield video


def from_first(paths: Sequence[Path], read: Callable[[Path], T]) -> T:
    """Return what is read from the first of some paths of a photo that can be read.

    Raises:
        MoreMemoryError: reading one of them needs more memory.
        FamiliarError: none can be read: the first reason that is not that the file is gone, if there is one.
    """
    found: FamiliarError | None = None
    for path in paths:
        try:
            return read(path)
        except MoreMemoryError:
            raise
        except FamiliarError as error:
            found = error if found is None or isinstance(found, GoneError) else found
    raise found or GoneError("no file of it is known")


@contextmanager
def memory_noted(options: VisionOptions) -> Iterator[None]:
    """Translate a lack of memory."""
    try:
        yield
    except MemoryError as error:
        raise MoreMemoryError(f"it needs more memory than memory_limit ({options.memory_limit} MB)") from error
