"""Photos in the order in which they were taken, the newest first, by months: without reading those of other months."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from familiar.identity.regions import UPRIGHT, stored_size
from familiar.store.database import Database
from familiar.store.views.photo_filters import Condition, PhotoFilter, conditions


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TimelinePlace:
    """A place in the timeline: that of the photo with this id and time, which is "" where it is not known."""

    taken: str
    id: int

    def __str__(self) -> str:
        """Return it as text, which `parse` takes."""
        return f"{self.taken}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the place that a text says; None if it says none."""
        found = re.fullmatch(r"(.*)_([0-9]{1,18})", text)
        return None if found is None else cls(taken=found[1], id=int(found[2]))

    @property
    def month(self) -> str:
        """The month, as "2024-07"; "" for photos without a date."""
        return self.taken[:7]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOfPhotos:
    """A month, as "2024-07", with the number of its photos; "" for those without a date."""

    month: str
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePhoto:
    """A photo as a timeline shows it; `name` is that of a file of it, `reason` says why it was set aside.

    Width and height are those of the photo as it is shown, in pixels. `duration` is that of a video, in seconds.
    """

    id: int
    hash: str
    kind: str
    width: int
    height: int
    taken: str | None
    duration: float | None
    reason: str | None
    name: str | None

    @property
    def place(self) -> TimelinePlace:
        """Its place in the timeline, unless it was set aside."""
        return TimelinePlace(taken=self.taken or "", id=self.id)


_LATEST = "(SELECT substr(max(photos.timeline_date), 1, 7) FROM photos INDEXED BY photos_timeline WHERE {base}{before})"
_MONTHS = f"""
WITH RECURSIVE months (month) AS (
    SELECT {_LATEST.format(base="{base}", before=" AND photos.timeline_date < :end")}
    UNION ALL SELECT {_LATEST.format(base="{base}", before=" AND photos.timeline_date < month")} FROM months
    WHERE month >= :begin
)
SELECT month, (
    SELECT count(*) FROM photos INDEXED BY photos_timeline
    WHERE {{base}} AND photos.timeline_date >= month AND photos.timeline_date < month || '~'{{holds}}
) FROM months WHERE month >= :begin
UNION ALL SELECT '', (
    SELECT count(*) FROM photos INDEXED BY photos_timeline WHERE {{base}} AND photos.timeline_date IS NULL{{holds}}
) WHERE :begin = ''
"""
"""From month to month by jumps in the index, and the photos of each counted there."""

_MONTHS_OF_SOME = """
SELECT COALESCE(substr(photos.timeline_date, 1, 7), '') AS month, count(*) FROM photos
WHERE {base}{holds} AND photos.id IN ({photos}) GROUP BY month
HAVING month < :end AND month >= :begin ORDER BY month DESC
"""

_FEW = 5000
"""Photos up to which it is faster to look those of a condition up one by one than to read a month: the one without a
date may have all photos."""

_SHOWN = """
SELECT photos.id, photos.hash, photos.kind, photos.width, photos.height, photos.turn, photos.timeline_date,
    photos.duration, photos.reason, COALESCE(
        (SELECT name FROM files WHERE files.photo_id = photos.id ORDER BY state = 'gone', files.id LIMIT 1),
        (SELECT name FROM sightings WHERE sightings.photo_id = photos.id ORDER BY sightings.id LIMIT 1)
    )
"""


class Timeline:
    """Reads photos by the time at which they were taken."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def months(self, wanted: PhotoFilter) -> list[MonthOfPhotos]:
        """Return the months of the photos that fulfil a filter, the newest first, and those without a date last.

        Photos that were set aside have no date here. For a filter that many photos fulfil, this takes seconds where
        there are a million.
        """
        those = list(conditions(wanted))
        if wanted.set_aside:
            query = f"SELECT '', count(*) FROM photos INDEXED BY photos_set_aside WHERE {wanted.base}{_holding(those)}"
        elif some := next((one for one in those if one.photos), None):
            rest = [one for one in those if one is not some]
            query = _MONTHS_OF_SOME.format(base=wanted.base, holds=_holding(rest), photos=some.photos)
        else:
            query = _MONTHS.format(base=wanted.base, holds=_holding(those))
        year = {"begin": "", "end": "~"} if wanted.year is None else _bounds(wanted.year)
        rows = self._db.conn.execute(query, {**_values(those), **year})
        return [MonthOfPhotos(month=month, photos=photos) for month, photos in rows if photos]

    def part(self, wanted: PhotoFilter, month: str, *, start: TimelinePlace | None, most: int) -> list[TimelinePhoto]:
        """Return photos of a month that fulfil a filter, the newest first, from a place on."""
        found, order, values = self._in_month(wanted, month, start)
        rows = self._db.conn.execute(f"{_SHOWN} {found} ORDER BY {order} LIMIT :most", {**values, "most": most})
        return [_photo(*row) for row in rows]

    def places(self, wanted: PhotoFilter, month: str, *, every: int) -> list[TimelinePlace]:
        """Return the place of the first photo of a month that fulfils a filter, and of each so many after it."""
        found, order, values = self._in_month(wanted, month, None)
        rows = self._db.conn.execute(
            "SELECT timeline_date, id FROM ("
            f"SELECT photos.timeline_date, photos.id, row_number() OVER (ORDER BY {order}) AS number {found}"
            ") WHERE number % :every = 1 % :every ORDER BY number",
            {**values, "every": every},
        )
        return [TimelinePlace(taken=taken or "", id=id_) for taken, id_ in rows]

    def has_flickr(self) -> bool:
        """Return whether there are photos from Flickr."""
        query = "SELECT EXISTS (SELECT 1 FROM flickr_photos WHERE photo_id IS NOT NULL)"
        return bool(self._db.conn.execute(query).fetchone()[0])

    def _in_month(
        self, wanted: PhotoFilter, month: str, start: TimelinePlace | None
    ) -> tuple[str, str, dict[str, Any]]:
        """Return what comes after the columns of a query for the photos of a month, its order, and the values in it."""
        those = list(conditions(wanted))
        values = {**_values(those), "month": month, **({} if start is None else {"id": start.id, "taken": start.taken})}
        if wanted.set_aside or not month:
            index, within = (
                ("photos_set_aside", "") if wanted.set_aside else ("photos_timeline", " AND timeline_date IS NULL")
            )
            within += "" if start is None else " AND photos.id <= :id"
            within += "".join(f" AND photos.id IN ({one.photos})" for one in those if self._are_few(one))
            order = "photos.id DESC"
        else:
            index, within = (
                "photos_timeline",
                " AND photos.timeline_date >= :month AND photos.timeline_date < :month || '~'",
            )
            within += "" if start is None else " AND (photos.timeline_date, photos.id) <= (:taken, :id)"
            order = "photos.timeline_date DESC, photos.id DESC"
        return f"FROM photos INDEXED BY {index} WHERE {wanted.base}{within}{_holding(those)}", order, values

    def _are_few(self, condition: Condition) -> bool:
        if not condition.photos:
            return False
        query = f"SELECT count(*) FROM (SELECT 1 FROM ({condition.photos}) LIMIT {_FEW})"
        return bool(self._db.conn.execute(query, condition.values).fetchone()[0] < _FEW)


def _bounds(year: int) -> dict[str, str]:
    """Return the first text of the months of a year, and one behind the last one."""
    return {"begin": f"{year:04}", "end": f"{year:04}~"}


def _holding(those: Sequence[Condition]) -> str:
    return "".join(f" AND {one.holds}" for one in those)


def _values(those: Sequence[Condition]) -> dict[str, Any]:
    return {name: value for one in those for name, value in one.values.items()}


def _photo(
    id_: int,
    hash_: str,
    kind: str,
    width: int | None,
    height: int | None,
    turn: int | None,
    taken: str | None,
    duration: float | None,
    reason: str | None,
    name: bytes | None,
) -> TimelinePhoto:
    shown = stored_size(width or 0, height or 0, turn or UPRIGHT)
    return TimelinePhoto(
        id=id_,
        hash=hash_,
        kind=kind,
        width=shown[0],
        height=shown[1],
        taken=taken,
        duration=duration,
        reason=reason,
        name=None if name is None else os.fsdecode(name),
    )
