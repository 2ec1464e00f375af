"""The budget of calls: why calls wait, and until when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from familiar.settings import FlickrSettings
from familiar.store.flickr.calls import Kind
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWait:
    """Waiting calls or downloads, with the reason as text."""

    what: Kind
    until: datetime
    reason: str


def limit_of(settings: FlickrSettings, kind: Kind, *, urgent: bool) -> int:
    """Return the limit of calls or downloads in an hour; `urgent` calls can use the reserve."""
    if kind == "images":
        return settings.downloads_per_hour
    return settings.calls_per_hour if urgent else max(settings.calls_per_hour - settings.reserve, 1)


def waiting(store: Store, kind: Kind, *, limit: int) -> CallWait | None:
    """Return the reason why calls or downloads wait, or None."""
    seconds = store.flickr_calls.wait(kind, limit=limit)
    if seconds <= 0:
        return None
    until = store.now() + timedelta(seconds=seconds)
    clock = f"{until.astimezone() + timedelta(seconds=59):%H:%M}"
    is_asked = store.flickr_calls.paused_until(kind) >= until.timestamp() - 1
    used = f"{limit:,} {'downloads' if kind == 'images' else 'calls'} an hour used up until {clock}"
    return CallWait(what=kind, until=until, reason=f"Flickr asks to wait until {clock}" if is_asked else used)
