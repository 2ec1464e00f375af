"""Decode frames of a video. Runs in worker processes only: the bytes are not trusted."""

import math
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

import av
import av.error
import av.logging
import numpy as np
from av.stream import Disposition
from PIL import Image

from familiar.errors import SetAsideError
from familiar.vision.decoding.content_ids import clip_identifier
from familiar.vision.decoding.loading import check_size
from familiar.vision.decoding.pictures import Picture

_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg,h264,hevc,dv,wtv"
"""Containers that are opened. Playlists are excluded: they would make the decoder open other files, or the network."""

_SEEK_FROM = 4.0
"""Seconds between two frames from which on the decoder seeks to the next one instead of decoding the frames between."""

_MOST_ERRORS = 50
"""Damaged packets after which decoding of a video stops."""

_JUMP = 1.0
"""Seconds by which timestamps must go back to count as a restart."""

_PERIOD = 1 / 25
"""Seconds between two frames of a video without timestamps and frame rate."""

_FAST = 10
"""Frames a second from which on those that no other frame needs are left out."""

_INDEXED = frozenset({"MOV", "MATROSKA"})
"""Formats with reliable seeking and unique timestamps."""

_EXACT = 2e-3
"""Times are stored in thousandths of a second."""

_MATRICES = {
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
}
"""What makes a picture upright, by the four numbers of its matrix that turn and mirror (ISO 14496-12, 8.3.2)."""

_SWAPPING = frozenset({
    Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270, Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE,
})  # fmt: skip
"""What lets width and height change places."""

_MATRIX = struct.Struct("=9i")
_ONE = 1 << 16
"""The number 1 in a display matrix."""

_WIDEST_PIXEL = 8
"""Sides of a pixel that differ more are an error in the file; they count as square."""

_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame, at `time` seconds from the beginning."""

    picture: Picture
    time: float


class Video:
    """An open video."""

    def __init__(self, container: Any, *, max_megapixels: int) -> None:
        """Take the container.

        Raises:
            SetAsideError: it has no pictures, or they are too large.
        """
        moving = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
        if not moving:
            raise SetAsideError("it has no video stream, only sound or data")
        known = [stream for stream in moving if stream.codec_context is not None]
        if not known:
            raise SetAsideError("its video stream can't be decoded: unknown format")
        self._container = container
        self._stream = max(known, key=lambda stream: stream.width * stream.height)
        self._max_megapixels = max_megapixels
        self._start = float((self._stream.start_time or 0) * (self._stream.time_base or 0))
        self._stream.thread_type = "NONE"  # there is a worker for each core
        rate = float(self._stream.average_rate or 0)
        self._period = 1 / rate if rate > 0 else _PERIOD
        if rate >= _FAST:
            self._stream.codec_context.skip_frame = (
                "NONREF"  # frames that no other frame needs cost time and are no better
            )
        self.format = str(container.format.name).split(",")[0].upper()
        self.duration = self._duration()
        self.taken = _taken(container.metadata)
        self.content_id = clip_identifier(container.metadata)
        self.missing = self._missing()
        """The share of its frames that the file lacks, 0 to 1; None if it lacks none, or does not tell."""

    def frames(self, *, interval: float, most: int, at_most: int, seconds: float) -> Iterator[Frame]:
        """Give frames until the end, or until the time is over; of a truncated or damaged video, the readable ones.

        Args:
            interval: seconds between two frames; more in a video that would have more than `most` frames.
            most: how many frames at most.
            at_most: larger frames are reduced to this longer side, in pixels.
            seconds: after which no more frames are given.

        Raises:
            SetAsideError: not a single frame can be decoded.
        """
        deadline = time.monotonic() + seconds
        if self.duration is not None:
            interval = max(interval, self.duration / most)
        number = 0
        for at, frame in self._sampled(interval):
            yield Frame(picture=self._picture(frame, at_most), time=at)
            number += 1
            if number >= most or time.monotonic() > deadline:
                return
        if not number:
            raise SetAsideError("no frame can be decoded: it is damaged or truncated")

    def frames_at(self, times: Iterable[float]) -> Iterator[Frame]:
        """Give the frames that `frames` gave at these times, at full size, in the order of times.

        Raises:
            SetAsideError: one of them was not found again.
        """
        missing = sorted(set(times))
        if self.format in _INDEXED:
            for at in list(missing):
                found = self._frame_by_jump(at)
                if found is None:
                    break
                yield found
                missing.remove(at)
            self._seek(0.0)
        for at, frame in self._decoded() if missing else ():
            if abs(at - missing[0]) <= _EXACT:
                yield Frame(picture=self._picture(frame, None), time=missing.pop(0))
            if not missing:
                return
        if missing:
            raise SetAsideError(f"the frame at {missing[0]:g} s was not found again")

    def frame_shown_at(self, time: float) -> Frame:
        """Return the frame that a player shows at this time, at full size: the last that begins by then, or the first.

        Raises:
            SetAsideError: no frame can be decoded there.
        """
        if self.format not in _INDEXED or not self._seek(time):
            self._seek(0.0)
        shown = None
        for at, frame in self._decoded():
            if shown is not None and at > time + _EXACT:
                break
            shown = at, frame
        if shown is None:
            raise SetAsideError(f"the frame at {time:g} s can't be decoded")
        return Frame(picture=self._picture(shown[1], None), time=round(shown[0], 3))

    def _frame_by_jump(self, at: float) -> Frame | None:
        if not self._seek(at):
            return None
        for found, frame in self._decoded():
            if found > at - _EXACT:
                return Frame(picture=self._picture(frame, None), time=at) if found <= at + _EXACT else None
        return None

    def _sampled(self, interval: float) -> Iterator[tuple[float, Any]]:
        """Give frames at this interval in seconds; if it is long, nearby key frames are used."""
        due, jumps = 0.0, interval >= _SEEK_FROM
        while True:
            for at, frame in self._decoded():
                if at < due - (interval / 2 if jumps else 0):
                    continue
                yield round(at, 3), frame
                due = max(at, due) + interval
                if jumps:
                    break
            else:
                return
            if not self._seek(due):
                return

    def _decoded(self) -> Iterator[tuple[float, Any]]:
        """Decode frames from here on; damaged packets are skipped.

        Where times begin again, as in files that were joined, they are made to go on.
        """
        errors, at, offset = 0, 0.0, 0.0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
                if packet.has_sidedata("encryption_info"):
                    raise SetAsideError("it is encrypted")
                frames = packet.decode()
            except (StopIteration, av.error.EOFError):
                return
            except (av.error.FFmpegError, OSError, ValueError):
                errors += 1
                if errors > _MOST_ERRORS:
                    return
                continue
            for frame in frames:
                if frame.pts is not None:
                    said = float(frame.pts * frame.time_base) - self._start
                    if said + offset < at - _JUMP:
                        offset = at - said
                    at = said + offset
                yield at, frame
                at += self._period

    def _seek(self, at: float) -> bool:
        target = round((at + self._start) / float(self._stream.time_base))
        try:
            self._container.seek(target, stream=self._stream)
        except (av.error.FFmpegError, OSError, ValueError, OverflowError):
            return False
        return True

    def _picture(self, frame: Any, at_most: int | None) -> Picture:
        with _set_aside("a frame can't be decoded"):
            return self._shown(frame, at_most)

    def _shown(self, frame: Any, at_most: int | None) -> Picture:
        size = _square_pixels(frame, self._stream)
        check_size(size, self._max_megapixels)
        factor = 1.0 if at_most is None else min(1.0, at_most / max(size))
        width, height = (max(2, round(side * factor)) for side in size)
        # threads of its own, one for each core, would stay with each frame until it is collected as garbage
        pixels = frame.to_ndarray(format="rgb24", width=width, height=height, threads=1)
        image = Image.fromarray(np.ascontiguousarray(pixels))
        turn = _turn_of(frame)
        if turn is not None:
            image = image.transpose(turn)
            size = size[::-1] if turn in _SWAPPING else size
        return Picture(
            image=image,
            format=self.format,
            width=size[0],
            height=size[1],
            taken=self.taken,
            taken_source=None if self.taken is None else "camera",
            content_id=self.content_id,
        )

    def _missing(self) -> float | None:
        """Return the share of frames that the index has beyond the end of the file, where the index comes first.

        It is None as well if all are missing: then none can be decoded.
        """
        entries, size = self._stream.index_entries, self._container.size
        if self.format != "MOV" or not len(entries) or entries[len(entries) - 1].pos < size:
            return None
        missing = sum(entry.pos + entry.size > size for entry in entries)
        return None if missing == len(entries) else float(missing / len(entries))

    def _duration(self) -> float | None:
        """Return the length in seconds that the file declares, or None."""
        stream, container = self._stream, self._container
        said = [
            float(stream.duration * stream.time_base) if stream.duration else 0.0,
            container.duration / av.time_base if container.duration else 0.0,
        ]
        if self.format == "MATROSKA":
            said = [length - self._start for length in said]  # it counts from 0, whatever the time of the first frame
        real = [length for length in said if math.isfinite(length) and length > 0]
        return min(real) if real else None


@contextmanager
def open_video(file: BinaryIO, *, max_megapixels: int) -> Iterator[Video]:
    """Open a video, which is closed with the block.

    Raises:
        SetAsideError: it is not a video, is damaged, or is too large.
    """
    av.logging.set_level(None)
    with ExitStack() as stack:
        with _set_aside("not a video, or damaged or truncated"):
            options = {"format_whitelist": _FORMATS, "protocol_whitelist": "none"}
            container = stack.enter_context(av.open(file, options=options, metadata_errors="replace"))
            video = Video(container, max_megapixels=max_megapixels)
        yield video


@contextmanager
def _set_aside(what: str) -> Iterator[None]:
    """Translate whatever the decoder raises."""
    try:
        yield
    except (SetAsideError, MemoryError):
        raise
    except Exception as error:
        raise SetAsideError(f"{what}: {getattr(error, 'strerror', None) or error}") from error


def _turn_of(frame: Any) -> Image.Transpose | None:
    """Return what makes a frame upright: a turn by quarters, and a mirror."""
    data = next((bytes(one) for one in frame.side_data if getattr(one.type, "name", None) == "DISPLAYMATRIX"), b"")
    if len(data) < _MATRIX.size:
        return _TURNS.get(round(frame.rotation) % 360)
    numbers = _MATRIX.unpack_from(data)
    turns = tuple(round(numbers[place] / _ONE) for place in (0, 1, 3, 4))
    return _MATRICES.get(turns)


def _square_pixels(frame: Any, stream: Any) -> tuple[int, int]:
    """Return width and height of a frame, with square pixels: the shorter side of its pixels is stretched."""
    aspect = float(stream.sample_aspect_ratio or 1)
    if not 1 / _WIDEST_PIXEL <= aspect <= _WIDEST_PIXEL:
        return frame.width, frame.height
    return (round(frame.width * aspect), frame.height) if aspect > 1 else (frame.width, round(frame.height / aspect))


def _taken(metadata: dict[str, str]) -> datetime | None:
    """Return the local time that the camera wrote: with its own zone if it did, else UTC in this machine's zone."""
    for name in ("com.apple.quicktime.creationdate", "creation_time", "date"):
        try:
            found = datetime.fromisoformat(metadata.get(name, ""))
            if found.tzinfo is UTC or (found.tzinfo is not None and name == "creation_time"):
                found = found.astimezone()
        except (ValueError, OverflowError):  # the last one for a zone in which it is the year 0 or 10000
            continue
        if found.year > 1970:  # noqa: PLR2004 - cameras without a clock write 1904 or 1970
            return found.replace(tzinfo=None)
    return None
