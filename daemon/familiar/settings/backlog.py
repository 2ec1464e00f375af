"""Settings of the backlog: photos that were there before."""

import re
from datetime import time

from pydantic import Field, field_validator

from familiar.settings.section import Section

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class BacklogSettings(Section):
    """When the daemon handles the backlog: the photos that the first scan of a folder finds.

    Photos that arrive later are handled at any time, and before those of the backlog; `familiar scan` handles all.
    """

    hours: str | None = Field(
        default=None, description="The hours of the day for the backlog, in local time, such as 22:00-07:00; null: all."
    )
    on_battery: bool = Field(
        default=False, description="Whether the backlog is handled while the machine runs on its battery."
    )
    max_load: float | None = Field(
        default=None,
        gt=0,
        description="Load of the machine by other programs, in processors (as `uptime` shows it, without the workers), "
        "above which the backlog waits; null: any. Workers have a low priority in any case.",
    )

    @field_validator("hours")
    @classmethod
    def _check_hours(cls, hours: str | None) -> str | None:
        if hours is not None and _HOURS.fullmatch(hours) is None:
            raise ValueError("should be two times of the day, such as 22:00-07:00")
        return hours

    @property
    def span(self) -> tuple[time, time] | None:
        """The beginning and the end of the hours; the end may be on the next day."""
        found = None if self.hours is None else _HOURS.fullmatch(self.hours)
        if found is None:
            return None
        begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
        return time(begin_hour, begin_minute), time(end_hour, end_minute)
