"""Read and render the sidecars of photos. Runs in worker processes only: the bytes are not trusted."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from familiar.errors import GoneError, SetAsideError
from familiar.filesystem.reading import read_bytes, reading
from familiar.filesystem.regular_files import open_regular
from familiar.identity.regions import UPRIGHT, stored_size, turn_between, upright
from familiar.media import is_raw, is_video
from familiar.model import Region, SidecarContent
from familiar.xmp.dates import packet_dates

MAX_BYTES = 32 << 20
"""Largest size of a sidecar: those with many edits have some megabytes."""

_SHAPE = 0.02
"""How much the aspect ratios of two pictures that differ only in scale may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The present and the intended content of a sidecar; None if there is none.

    `ours` is the part that familiar writes: it has no region for a face that another program named.
    """

    before: bytes | None
    after: bytes | None
    ours: SidecarContent


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarFaces:
    """The named faces of other programs in a sidecar, in the upright picture, and the number that can't be placed.

    `taken` is the local time at which the photo was taken, if the sidecar says so. `turned` is the number of those
    whose picture is said to be as wide as this one is high: programs that turn a picture with its regions may leave
    the size as it was.
    """

    regions: tuple[Region, ...] = ()
    misplaced: int = 0
    taken: datetime | None = None
    turned: int = 0


def render(photo: Path, sidecar: Path, wanted: SidecarContent, former: SidecarContent) -> Rendered:
    """Return the present and the intended content of a sidecar: `wanted`, and what others wrote.

    Args:
        photo: the photo that it belongs to.
        sidecar: its path, whether it exists or not.
        wanted: what familiar should write.
        former: what familiar wrote before.

    Raises:
        GoneError, RetryError: photo or sidecar can't be read.
        SetAsideError: the sidecar is damaged, or is not XMP.
    """
    from familiar.xmp.document import merge, written  # noqa: PLC0415 - it loads lxml

    before = _read(sidecar)
    orientation = orientation_of(photo) if wanted.regions or former.regions else UPRIGHT
    with _within_memory(sidecar):
        after = merge(before, wanted, orientation, former)
        ours = written(after, wanted, orientation, former)
        return Rendered(before=before, after=after, ours=ours)


def listen(photo: Path, sidecar: Path, size: tuple[int, int], former: SidecarContent) -> SidecarFaces:
    """Return the named faces of other programs in a sidecar, and the date of the photo.

    Args:
        photo: the photo that it belongs to.
        sidecar: its path.
        size: width and height of the upright photo, in pixels.
        former: what familiar wrote before; it is not returned.

    Raises:
        GoneError, RetryError, SetAsideError: as `render` does.
    """
    from familiar.xmp.document import read, stored_regions  # noqa: PLC0415 - it loads lxml

    data = _read(sidecar)
    if data is None:
        raise GoneError(f"{sidecar}: no longer exists")
    if is_video(photo):
        return SidecarFaces()
    orientation = orientation_of(photo)
    with _within_memory(sidecar):
        found = read(data, stored_regions(former, orientation))
        dates = packet_dates(data)
    taken = dates.get("taken") or dates.get("digitized")
    theirs = [Region(name=one.name, area=upright(one.area, orientation)) for one in found.regions if not one.ours]
    shape = stored_size(*size, orientation)
    if found.size is None or _same_shape(found.size, shape):
        return SidecarFaces(regions=tuple(theirs), taken=taken)
    if _same_shape(found.size[::-1], shape):
        return SidecarFaces(regions=tuple(theirs), taken=taken, turned=len(theirs))
    return SidecarFaces(misplaced=len(theirs), taken=taken)


def turn_of(photo: Path, sidecars: Sequence[Path]) -> int | None:
    """Return how sidecars turn the picture that a photo shows by itself, as an EXIF orientation; None if they do not.

    A photo that says its own orientation is not turned: programs that turn it write that into the file, and a sidecar
    may be older. RAW files are turned in sidecars alone; there, a sidecar holds.

    Raises:
        GoneError, RetryError, SetAsideError: as `render` does.
    """
    from familiar.xmp.orientation import packet_orientation  # noqa: PLC0415 - it loads lxml

    packets = (data for sidecar in sidecars if (data := _read(sidecar)) is not None)
    given = next((found for data in packets if (found := packet_orientation(data)) is not None), None)
    if given is None or is_video(photo):
        return None
    own = own_orientation(photo)
    if own is None:
        turn = given
    elif is_raw(photo):
        turn = turn_between(own, given)
    else:
        return None
    return None if turn == UPRIGHT else turn


def orientation_of(photo: Path) -> int:
    """Return the EXIF orientation of a photo's stored picture; upright if it is unknown."""
    return own_orientation(photo) or UPRIGHT


def own_orientation(photo: Path) -> int | None:
    """Return the EXIF orientation of a photo's stored picture, or None if the file does not say it."""
    from familiar.vision.decoding.pictures import prepare_decoders, read_orientation  # noqa: PLC0415
    from familiar.vision.decoding.raws import embedded_picture  # noqa: PLC0415

    prepare_decoders()
    if is_raw(photo):
        embedded = embedded_picture(read_bytes(photo))
        return read_orientation(io.BytesIO(embedded.data)) or embedded.orientation
    with reading(photo), open_regular(photo) as file:
        return read_orientation(file)


@contextmanager
def _within_memory(sidecar: Path) -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise SetAsideError(f"{sidecar}: needs more memory than the limit of a worker") from error


def _read(sidecar: Path) -> bytes | None:
    try:
        with reading(sidecar):
            if sidecar.exists() and not sidecar.is_file():
                raise SetAsideError(f"{sidecar}: is not a regular file")
            with open_regular(sidecar) as file:
                data = file.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                raise SetAsideError(f"{sidecar}: is larger than {MAX_BYTES >> 20} MiB, the limit for sidecars")
            return data
    except GoneError:
        return None


def _same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return abs(one[0] * other[1] / (one[1] * other[0]) - 1) <= _SHAPE
