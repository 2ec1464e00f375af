"""A photo becomes a plan."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from familiar.library.scoring import PercentileIndex
from familiar.library.sources import Origin
from familiar.model import Photo, Plan, RecognisedFace, Subject
from familiar.rules.planning import Rules, plan_for


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

    def plan(self, photo: Photo, faces: Sequence[RecognisedFace], path: Path, *, source: Origin, mtime_ns: int) -> Plan:
        """Return what the rules decide for a photo.

        Args:
            photo: the photo.
            faces: its faces, with whom they match.
            path: where it lies.
            source: the source that the path belongs to.
            mtime_ns: when the file was changed last, which stands in where a photo does not say when it was taken.
        """
        rules = self.rules
        subject = Subject(
            photo=photo,
            path=path,
            source=source.name_of(path),
            file_time=_local_time(mtime_ns),
            faces=tuple(faces),
            is_remote=source.is_remote,
        )
        return plan_for(rules, rules.rank(subject, self._percentiles.percentile_rank))


def _local_time(mtime_ns: int) -> datetime:
    """Return the time of a file without a zone, as cameras write theirs."""
    return datetime.fromtimestamp(mtime_ns / 1e9)  # noqa: DTZ006 - see above
