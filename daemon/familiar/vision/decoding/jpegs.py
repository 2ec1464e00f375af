"""The parts of a JPEG file that may be cut short (ITU T.81, annex B)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_START = b"\xff\xd8"
_FIRST_RESTART, _END, _START_OF_SCAN, _PROGRESSIVE = 0xD0, 0xD9, 0xDA, (0xC2, 0xC6, 0xCA, 0xCE)
END = bytes((0xFF, _END))
"""The marker that ends a picture."""

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""The markers that say the size and the components of a picture."""

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends the coded data of a scan, and begins each segment: neither a stuffed byte nor a restart."""

_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
"""The eight markers at which decoding can begin anew in a scan; they follow each other in turn."""

_COEFFICIENTS = range(64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One pass over the picture: some coefficients of some components, up to a bit; `refines` what came before."""

    components: tuple[int, ...]
    first: int
    last: int
    lowest_bit: int
    refines: bool

    @property
    def brings_averages(self) -> bool:
        """Whether it brings the first coefficient, the average of each block."""
        return self.first == 0 and not self.refines


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegParts:
    """What is there of the first picture in a file; `length` is that up to where its parts are whole, in bytes."""

    components: tuple[int, ...]
    scans: Sequence[Scan]
    is_ended: bool
    is_progressive: bool
    length: int

    @property
    def is_cut_in_averages(self) -> bool:
        """Whether it ends in the scan with the averages of the first component: without them an area is missing."""
        first = [scan for scan in self.scans if scan.brings_averages and self.components[0] in scan.components]
        return not first or first[0] is self.scans[-1]

    @property
    def has_all_scans(self) -> bool:
        """Whether the scans bring all coefficients of all components, to the last bit."""
        brought = {
            (component, number)
            for scan in self.scans
            if scan.lowest_bit == 0
            for component in scan.components
            for number in range(scan.first, scan.last + 1)
        }
        return all((component, number) in brought for component in self.components for number in _COEFFICIENTS)


def is_jpeg(data: bytes) -> bool:
    """Return whether a file is a JPEG by its first bytes."""
    return data.startswith(_START)


def read_parts(data: bytes) -> JpegParts:
    """Return what is there of the first picture in a file that is a JPEG."""
    segments = list(_segments(data))
    frames = [segment for segment in segments if segment.marker in _FRAMES]
    length = segments[-1].end if segments else len(_START)
    scans = (_scan(segment.body) for segment in segments if segment.marker == _START_OF_SCAN)
    return JpegParts(
        components=_components(frames[0].body) if frames else (),
        scans=[scan for scan in scans if scan is not None],
        is_ended=data[:length].endswith(END),
        is_progressive=any(frame.marker in _PROGRESSIVE for frame in frames),
        length=length,
    )


def next_restart(data: bytes) -> bytes:
    """Return the restart marker that is next in the last scan of a JPEG that is cut short; the first if it has none."""
    found = _RESTART.findall(data, max(data.rfind(bytes((0xFF, _START_OF_SCAN))), 0))
    number = found[-1][1] - _FIRST_RESTART + 1 if found else 0
    return bytes((0xFF, _FIRST_RESTART + number % 8))


@dataclass(frozen=True, slots=True)
class _Segment:
    """A marker, what follows it, and where that ends in the file; of a scan, with the coded data behind it."""

    marker: int
    body: bytes
    end: int


def _segments(data: bytes) -> Iterator[_Segment]:
    """Give each whole segment of the first picture."""
    at = len(_START)
    while (marker := _MARKER.search(data, at)) is not None:
        at = marker.end()
        if marker[0] == END:
            yield _Segment(_END, b"", at)
            return
        length = int.from_bytes(data[at : at + 2])
        body, at = data[at + 2 : at + length], at + length
        if at > len(data):
            return
        if marker[0][1] == _START_OF_SCAN:
            following = _MARKER.search(data, at)
            at = len(data) if following is None else following.start()
        yield _Segment(marker[0][1], body, at)


def _components(body: bytes) -> tuple[int, ...]:
    """Return the numbers of the components in a frame header: after precision, height, width and their number."""
    return tuple(body[6::3][: body[5]]) if len(body) > 5 else ()  # noqa: PLR2004


def _scan(body: bytes) -> Scan | None:
    count = body[0] if body else 0
    if len(body) < 4 + 2 * count:
        return None
    first, last, bits = body[1 + 2 * count : 4 + 2 * count]
    return Scan(
        components=tuple(body[1 : 1 + 2 * count : 2]),
        first=first,
        last=last,
        lowest_bit=bits & 15,
        refines=bool(bits >> 4),
    )
