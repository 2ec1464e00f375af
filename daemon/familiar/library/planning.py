"""A photo with its faces becomes what the rules look at."""

from datetime import datetime
from pathlib import Path

from familiar.model import Photo, RecognisedFace, Subject
from familiar.settings import FLICKR


def subject_of(photo: Photo, faces: tuple[RecognisedFace, ...], path: Path, source: str, mtime_ns: int) -> Subject:
    """Return what the rules look at; the file's time is local and without a zone, as cameras write it."""
    file_time = datetime.fromtimestamp(mtime_ns / 1e9)  # noqa: DTZ006 - see above
    is_remote = source == FLICKR
    return Subject(photo=photo, path=path, source=source, file_time=file_time, faces=faces, is_remote=is_remote)
