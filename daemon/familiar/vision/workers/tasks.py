"""What runs inside a worker process. Untrusted bytes are decoded here and nowhere else.

Heavy libraries are imported inside of functions: the daemon's own process imports this module for its functions'
names, and never loads a decoder or a network.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from familiar.errors import FamiliarError, IncompleteError, SetAsideError
from familiar.filesystem.reading import fingerprint, read_bytes, reading
from familiar.filesystem.stamps import Stamp
from familiar.media import LONGEST_CLIP, LONGEST_IDENTIFIED_CLIP
from familiar.missing_parts import describe_missing
from familiar.model import Box, Embedding, Embeddings, Face, Photo, PhotoKind
from familiar.vision.workers.contents import decoded, from_first, has_video, memory_noted, opened_video
from familiar.vision_options import VisionOptions

if TYPE_CHECKING:
    from familiar.vision.decoding.pictures import Picture
    from familiar.vision.engines.engine import Encoded, Engine


_DECODED = 1000
"""Least longer side in pixels that a JPEG is decoded at; of one with small faces the engine asks for more."""

_FRAME = 2000
"""Longer side in pixels to which the frames of a video are reduced."""

_FRAMES = 8
"""Frames of a video in one batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexTask:
    """A photo to analyse: its path, the expected hash of its content, and whether a still is beside a video.

    `turn` is how a sidecar turns the photo. `unchanged_for` is given if the path is that of a copy: the seconds for
    which the original has not changed.
    """

    path: Path
    hash: str
    beside_still: bool
    turn: int | None = None
    unchanged_for: float | None = None


def look(tasks: Sequence[IndexTask], options: VisionOptions, models: Path) -> list[Photo | FamiliarError]:
    """Decode photos and find the faces in them; those of all photos are encoded together.

    Returns:
        For each photo what was seen, or one of these:
        GoneError, RetryError: the file can't be read.
        IncompleteError: a part of it is missing, and may still arrive.
        ChangedError: its content is not that of the hash.
        SetAsideError: it can't be decoded.

    Raises:
        MoreMemoryError: they need more memory than a worker usually has.
    """
    with memory_noted(options):
        return _look(tasks, options, models)


def _look(tasks: Sequence[IndexTask], options: VisionOptions, models: Path) -> list[Photo | FamiliarError]:
    from familiar.vision.faces.turned import turned, turned_back  # noqa: PLC0415

    engine, _ = engine_of(options, models)
    seen: dict[int, Photo | FamiliarError] = {}
    pictures: dict[int, Picture] = {}
    for number, task in enumerate(tasks):
        try:
            if has_video(task.path):
                seen[number] = _look_at_video(task, options, engine)
            else:
                picture = decoded(task.path, task.hash, options, at_least=_at_least(options))
                if picture.damage is not None:
                    _check_age(task, picture.damage.missing, options)
                pictures[number] = picture
        except FamiliarError as error:
            seen[number] = error
    shown = [turned(picture, tasks[number].turn) for number, picture in pictures.items()]
    for (number, picture), one, faces in zip(pictures.items(), shown, engine.find(shown), strict=True):
        turn, size = tasks[number].turn, (one.width, one.height)
        placed = tuple(turned_back(face, turn, size) for face in _visible(faces, one))
        seen[number] = replace(_photo(tasks[number], picture, engine, placed), turn=turn)
    return [seen[number] for number in range(len(tasks))]


def unchanged_for(path: Path) -> float:
    """Return for how many seconds a file has surely not changed.

    Raises:
        GoneError, RetryError: it can't be looked at.
    """
    with reading(path):
        return Stamp.of(path).unchanged_for(time.time())


def _check_age(task: IndexTask, missing: float, options: VisionOptions) -> None:
    """Check that a file of which this share is missing is not about to get the rest.

    Raises:
        IncompleteError: it may be.
        GoneError, RetryError: it can't be looked at.
    """
    unchanged = unchanged_for(task.path) if task.unchanged_for is None else task.unchanged_for
    left = options.damaged_after * 60 - unchanged
    if left > 0:
        then = f"after {options.damaged_after:g} minutes without a change it is used without that"
        raise IncompleteError(f"{describe_missing(missing)}, and may still arrive; {then}", left)


def _visible(faces: tuple[Face, ...], picture: "Picture") -> tuple[Face, ...]:
    """Return the faces without those of which eyes, nose or mouth are missing in a damaged picture."""
    damage = picture.damage
    if damage is None:
        return faces
    return tuple(face for face in faces if not damage.hides(face, picture.width, picture.height))


def _look_at_video(task: IndexTask, options: VisionOptions, engine: "Engine") -> Photo:
    from familiar.identity.tracks import Tracks  # noqa: PLC0415 - a process that starts workers needs no numpy for it

    with opened_video(task.path, task.hash, options) as video:
        if video.missing is not None:
            _check_age(task, video.missing, options)
        longest = LONGEST_CLIP if video.content_id is None else LONGEST_IDENTIFIED_CLIP
        is_clip = task.beside_still and video.duration is not None and video.duration <= longest
        tracks, first = Tracks(engine.model.calibration), None
        frames = video.frames(
            interval=options.video_interval,
            most=1 if is_clip else options.video_frames,
            at_most=max(options.max_size, _FRAME),
            seconds=options.video_time_limit,
        )
        while together := list(islice(frames, _FRAMES)):
            first = first or together[0].picture
            found = [()] if is_clip else engine.find([frame.picture for frame in together])
            for frame, faces in zip(together, found, strict=True):
                tracks.add(frame.time, faces)
        assert first is not None, "a video without a frame is set aside"
        seen = _photo(task, first, engine, tracks.faces())
        kind: PhotoKind = "clip" if is_clip else "video"
        return replace(seen, kind=kind, duration=video.duration, missing=video.missing)


def _photo(task: IndexTask, picture: "Picture", engine: "Engine", faces: tuple[Face, ...]) -> Photo:
    return Photo(
        hash=task.hash,
        format=picture.format,
        width=picture.width,
        height=picture.height,
        taken=picture.taken,
        taken_source=picture.taken_source,
        content_id=picture.content_id,
        missing=None if picture.damage is None else picture.damage.missing,
        engine=engine.description,
        faces=faces,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """A file that can be decoded: the SHA-256 of its bytes, its format, the sides of the upright picture in pixels."""

    hash: str
    format: str
    width: int
    height: int


def check(path: Path, options: VisionOptions) -> CheckedFile:
    """Decode a file to its end, of a video the first picture, as cheaply as possible; return its hash and its size.

    Raises:
        GoneError, RetryError: the file can't be read.
        SetAsideError: it can't be decoded, or a part of it is missing.
    """
    from familiar.vision.decoding.pictures import decode  # noqa: PLC0415

    with memory_noted(options):
        if not has_video(path):
            data = read_bytes(path)
            picture = decode(data, max_megapixels=options.max_megapixels, at_least=1)
            missing = None if picture.damage is None else picture.damage.missing
            hash_ = hashlib.sha256(data).hexdigest()
        else:
            hash_ = fingerprint(path)
            with opened_video(path, hash_, options) as video:
                frames = video.frames(interval=1, most=1, at_most=options.max_size, seconds=options.time_limit)
                picture, missing = next(iter(frames)).picture, video.missing
    if missing is not None:
        raise SetAsideError(f"damaged: {describe_missing(missing)}")
    return CheckedFile(hash=hash_, format=picture.format, width=picture.width, height=picture.height)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodeTask:
    """Faces that were found before in a photo or a video: its path, and the hash that its content should have.

    `turn` is that of the photo.
    """

    path: Path
    hash: str
    faces: Sequence[Face]
    turn: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodedFaces:
    """Embeddings of the faces of a photo in their order, shape (n, numbers), and the qualities of the faces."""

    embeddings: Embeddings
    qualities: Sequence[float]


def encode(tasks: Sequence[EncodeTask], options: VisionOptions, models: Path) -> list[EncodedFaces | FamiliarError]:
    """Encode faces again that were found before, those of several photos in one go.

    Returns:
        For each photo the embeddings and qualities of its faces, or an error of `look`.

    Raises:
        MoreMemoryError: as `look` does.
    """
    engine, _ = engine_of(options, models)
    with memory_noted(options):
        return _encode(tasks, options, engine)


def _encode(
    tasks: Sequence[EncodeTask], options: VisionOptions, engine: "Engine"
) -> list[EncodedFaces | FamiliarError]:
    """Encode the faces in some photos, whose pictures are in memory one after the other."""
    from familiar.vision.faces.turned import turned, turned_along  # noqa: PLC0415

    found: dict[int, EncodedFaces | FamiliarError] = {}
    placed: dict[int, tuple[Sequence[Face], tuple[int, int]]] = {}

    def pictures() -> "Iterator[tuple[Picture, Sequence[Face]]]":
        for number, task in enumerate(tasks):
            try:
                if has_video(task.path):
                    found[number] = _encode_in_video(task, options, engine)
                    continue
                picture = decoded(task.path, task.hash, options, at_least=_at_least(options))
            except FamiliarError as error:
                found[number] = error
                continue
            shown, size = turned(picture, task.turn), (picture.width, picture.height)
            faces = [turned_along(face, task.turn, size) for face in task.faces]
            placed[number] = faces, (shown.width, shown.height)
            yield shown, faces

    encoded = engine.encode(pictures())
    for (number, (faces, size)), one in zip(placed.items(), encoded, strict=True):
        found[number] = _rated(faces, size, one, engine)
    return [found[number] for number in range(len(tasks))]


def _rated(faces: Sequence[Face], size: tuple[int, int], encoded: "Encoded", engine: "Engine") -> EncodedFaces:
    """Return the embeddings of faces in a picture of this width and height, with the qualities of the faces."""
    rated = [engine.rate(face, size, float(length)) for face, length in zip(faces, encoded.lengths, strict=True)]
    return EncodedFaces(embeddings=encoded.embeddings, qualities=rated)


def _encode_in_video(task: EncodeTask, options: VisionOptions, engine: "Engine") -> EncodedFaces:
    times = [face.time or 0.0 for face in task.faces]
    found: dict[int, tuple[Embedding, float]] = {}
    with opened_video(task.path, task.hash, options) as video:
        for frame in video.frames_at(times):
            own = [number for number, at in enumerate(times) if at == frame.time]
            faces, picture = [task.faces[number] for number in own], frame.picture
            (encoded,) = engine.encode([(picture, faces)])
            rated = _rated(faces, (picture.width, picture.height), encoded, engine)
            found.update(zip(own, zip(rated.embeddings, rated.qualities, strict=True), strict=True))
    import numpy as np  # noqa: PLC0415 - as above

    in_order = [found[number] for number in range(len(times))]
    return EncodedFaces(
        embeddings=np.stack([embedding for embedding, _ in in_order]), qualities=[quality for _, quality in in_order]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnTask:
    """A box that a person has drawn around a face in a photo, in pixels of the photo as it is shown.

    `paths` are those where the photo may be, `time` is one at which the frame is shown, in a video, `turn` that of the
    photo.
    """

    paths: Sequence[Path]
    hash: str
    box: Box
    time: float | None = None
    turn: int | None = None


def find_drawn(task: DrawnTask, options: VisionOptions, models: Path) -> Face | None:
    """Return the face in a box that a person has drawn, in pixels of the upright original; None if there is none.

    The detector looks at the box with what is around it. Where it finds nothing, the face is taken to fill the box, if
    the model tells what is no face by its embedding.

    Raises:
        GoneError, RetryError, ChangedError, SetAsideError: as `look` gives; the photo is at none of its paths.
    """
    from familiar.vision.faces.drawn import find_in_box  # noqa: PLC0415
    from familiar.vision.faces.turned import turned, turned_back  # noqa: PLC0415

    engine, _ = engine_of(options, models)
    with memory_noted(options):
        shown, time = _first_picture(task, options)
        picture = turned(shown, task.turn)
        found = find_in_box(engine, picture, task.box)
    if found is None:
        return None
    times = () if time is None else (time,)
    return replace(turned_back(found, task.turn, (picture.width, picture.height)), time=time, times=times)


def _first_picture(task: DrawnTask, options: VisionOptions) -> "tuple[Picture, float | None]":
    """Return a photo, or a frame of a video with its time, from the first of its paths that can be read."""

    def read(path: Path) -> "tuple[Picture, float | None]":
        if task.time is None:
            return decoded(path, task.hash, options), None
        with opened_video(path, task.hash, options) as video:
            frame = video.frame_shown_at(task.time)
            return frame.picture, frame.time

    return from_first(task.paths, read)


def devices(options: VisionOptions, models: Path) -> str:
    """Return the device of each network, and the file with the weights."""
    return engine_of(options, models)[0].devices


def _at_least(options: VisionOptions) -> int:
    """Return the longer side in pixels that a JPEG is decoded at, at least, to find faces in it."""
    return max(options.max_size, _DECODED)


@cache
def engine_of(options: VisionOptions, models: Path) -> "tuple[Engine, str | None]":
    """Return the engine of these options, which is loaded once, and why it is not the configured one, or None."""
    from familiar.vision.engines.selection import load_engine  # noqa: PLC0415

    return load_engine(options, models)
