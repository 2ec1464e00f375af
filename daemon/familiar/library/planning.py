"""Plans for photos."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from familiar.library.scoring import PercentileIndex
from familiar.library.sources import Origin
from familiar.model import FlickrFacts, Photo, Plan, RecognisedFace, Subject
from familiar.rules.planning import Rules, plan_for


class Planner:
    """Makes plans by the rules in use; touches no file."""

    def __init__(self, *, rules: Callable[[], Rules], percentiles: PercentileIndex) -> None:
        """Take the percentiles of scores, and what returns the rules, which can change while a daemon runs."""
        self._rules = rules
        self._percentiles = percentiles

    @property
    def rules(self) -> Rules:
        """The rules in use."""
        return self._rules()

    def plan(self, photo: Photo, faces: Sequence[RecognisedFace], path: Path, *, source: Origin, mtime_ns: int) -> Plan:
        """Return what the rules decide for a photo.

        Args:
            photo: the photo.
            faces: its faces, with their matches.
            path: path of its file.
            source: the source that the path belongs to.
            mtime_ns: modification time of the file, for photos that do not say when they were taken.
        """
        rules = self.rules
        facts = source.flickr_facts(path)
        subject = Subject(
            photo=photo if facts is None else _dated(photo, facts),
            path=path,
            source=source.name_of(path),
            file_time=(None if facts is None else facts.uploaded) or _local_time(mtime_ns),
            faces=tuple(faces),
            is_remote=source.is_remote,
            flickr=facts,
        )
        return plan_for(rules, rules.rank(subject, self._percentiles.percentile_rank))


def _dated(photo: Photo, facts: FlickrFacts) -> Photo:
    """Return a photo with the date on Flickr, which its owner can correct there, in place of that in its file."""
    return replace(photo, taken=facts.taken, taken_source=None if facts.taken is None else "flickr")


def _local_time(mtime_ns: int) -> datetime:
    """Return a file's time as local time without a zone, which is what cameras write."""
    return datetime.fromtimestamp(mtime_ns / 1e9)  # noqa: DTZ006 - see above
