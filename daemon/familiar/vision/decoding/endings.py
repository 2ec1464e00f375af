"""Files that end before their picture does: find out whether one does, and give it an end that decoders accept."""

import struct

from familiar.vision.decoding.jpegs import END, is_jpeg, next_restart, read_parts

_BLANK = 64
"""Zero bytes at the end from which on a file may have got its length, and not yet its content."""

_MOST_PADDING = 1 << 26
"""Bytes that are added at most to a file that says how long it is."""

_OTHER_DATA = bytes(number * 89 % 251 for number in range(8192))
"""Data that no picture goes on with, and without markers of JPEG."""


def ends_early(data: bytes) -> bool:
    """Return whether a file surely ends before its picture does, so that a decoder may show what is not there.

    This can be told of a file that says how long it is (HEIC, AVIF, WebP), also if it ends in zeros: some programs give
    a copy its length first, and its content later. Of a JPEG it is told only then.
    """
    content = without_blank_end(data)
    if is_jpeg(data):
        return len(content) < len(data) and not read_parts(content).is_ended
    return _declared_length(content) > len(content)


def without_blank_end(data: bytes) -> bytes:
    """Return the content of a file without many zeros at its end."""
    return data.rstrip(b"\0") if data.endswith(bytes(_BLANK)) else data


def completed(data: bytes) -> tuple[bytes, bytes]:
    """Return a file that is cut short twice: with nothing in the place of what is missing, and with other data.

    Where both are decoded to the same picture, the picture is what the file has.
    """
    data = without_blank_end(data)
    if is_jpeg(data):
        data = data[: read_parts(data).length].rstrip(b"\xff")  # half a marker
        # a decoder that expects a restart skips all data before it: there must be other data behind one, too
        return data + END, data + _OTHER_DATA + next_restart(data) + _OTHER_DATA + END
    missing = _declared_length(data) - len(data)
    if not 0 < missing <= _MOST_PADDING:
        return data, data
    other = _OTHER_DATA * (missing // len(_OTHER_DATA) + 1)
    return data + bytes(missing), data + other[:missing]


def _declared_length(data: bytes) -> int:
    """Return the length that a file in RIFF (WebP) or of boxes (ISO 14496-12: HEIC) says it has; else that it has."""
    if data.startswith(b"RIFF") and len(data) >= 8:  # noqa: PLR2004
        (length,) = struct.unpack_from("<I", data, 4)
        return int(length) + 8
    at = 0
    while data[4:8] == b"ftyp" and at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if length < 8:  # noqa: PLR2004 - 0 is up to the end of the file, 1 a length of 64 bits
            break
        at += length
    return max(at, len(data))
