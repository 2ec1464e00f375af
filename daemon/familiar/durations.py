"""Lengths of time in words."""

_LONG = 90
"""From so many seconds on, times are told in minutes; from so many minutes on in hours, and then in days."""


def duration(seconds: float) -> str:
    """Return a length of time, as in "40 s", "12 min", "3 h 05 min" or "6 days"."""
    if seconds < _LONG:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < _LONG:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60:02} min" if hours < _LONG else f"{round(minutes / (24 * 60))} days"
