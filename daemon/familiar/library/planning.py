"""A photo becomes a plan."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from familiar.library.scoring import PercentileIndex
from familiar.model import Photo, Plan, RecognisedFace, Subject
from familiar.rules.planning import Rules, plan_for
from familiar.settings import FLICKR


class Planner:
    """Makes plans by the rules that hold now; touches nothing."""

    def __init__(self, *, rules: Callable[[], Rules], percentiles: PercentileIndex) -> None:
        """Take what gives the rules, which may change while a daemon runs, and the percentiles of scores."""
        self._rules = rules
        self._percentiles = percentiles

    @property
    def rules(self) -> Rules:
        """The rules that hold now."""
        return self._rules()

    def plan(self, photo: Photo, faces: Sequence[RecognisedFace], path: Path, *, source: str, mtime_ns: int) -> Plan:
        """Return what the rules decide for a photo.

        Args:
            photo: the photo.
            faces: its faces, with whom they match.
            path: where it lies.
            source: the name of the source that the path belongs to.
            mtime_ns: when the file was changed last, which stands in where a photo does not say when it was taken.
        """
        rules = self.rules
        subject = _subject(photo, tuple(faces), path, source, mtime_ns)
        return plan_for(rules, rules.rank(subject, self._percentiles.percentile_rank))


def _subject(photo: Photo, faces: tuple[RecognisedFace, ...], path: Path, source: str, mtime_ns: int) -> Subject:
    """Return what the rules look at; the file's time is local and without a zone, as cameras write it."""
    file_time = datetime.fromtimestamp(mtime_ns / 1e9)  # noqa: DTZ006 - see above
    is_remote = source == FLICKR
    return Subject(photo=photo, path=path, source=source, file_time=file_time, faces=faces, is_remote=is_remote)
