"""The progress of the Flickr account, from the store, without calls to Flickr."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from familiar.flickr.api.credentials import Login, Perms
from familiar.flickr.sync.budget import CallWait, limit_of, waiting
from familiar.settings import FlickrSettings
from familiar.store.flickr.calls import Kind
from familiar.store.store import Store

_KINDS: tuple[Kind, ...] = ("api", "images")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """Calls in the last hour, how many are allowed, and downloads in the last hour."""

    last_hour: int
    limit: int
    downloads_last_hour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfetchedPhoto:
    """A photo that can't be fetched, and why; if it is `given_up`, it is not retried automatically."""

    photo: str
    reason: str | None
    given_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedTag:
    """A tag that Flickr does not take, and why."""

    photo: str
    tag: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatus:
    """How far the account is.

    `username`, `nsid` and `perms` are None without a login. `trouble` says why nothing is done until somebody
    acts; `waits` says what is only put off. `photos` and `tags` are counts by state; `tag_failures` are the reasons
    why tags that wait could not be sent the last time, each with their number. `listed_at` and `polled_at` are the ends
    of the last whole listing and of the last look for changes; `listing` says that a listing is in progress.
    `photos_per_minute` is the pace of late, and `minutes_left` what the photos that wait take at that pace.
    """

    enabled: bool
    username: str | None
    nsid: str | None
    perms: Perms | None
    trouble: str | None
    photos: Mapping[str, int]
    listed_at: datetime | None
    polled_at: datetime | None
    listing: bool
    calls: CallCounts
    waits: tuple[CallWait, ...]
    photos_per_minute: float
    minutes_left: float | None
    tags: Mapping[str, int]
    tag_failures: Mapping[str, int]
    not_fetched: tuple[UnfetchedPhoto, ...]
    refused_tags: tuple[RefusedTag, ...]


def status_of(store: Store, settings: FlickrSettings, login: Login | None) -> AccountStatus:
    """Return what is known of the account."""
    counts, pace = store.flickr.counts(), store.flickr_calls.pace()
    photos_left = counts["listed"] + counts["fetched"]
    return AccountStatus(
        enabled=settings.enabled,
        username=None if login is None else login.username,
        nsid=None if login is None else login.nsid,
        perms=None if login is None else login.perms,
        trouble=store.flickr_facts.get("trouble"),
        photos=counts,
        listed_at=_moment(store.flickr_facts.get("listed at")),
        polled_at=_moment(store.flickr_facts.get("polled at")),
        listing=store.flickr_facts.get("walk") is not None,
        calls=CallCounts(
            last_hour=store.flickr_calls.last_hour("api"),
            limit=settings.calls_per_hour,
            downloads_last_hour=store.flickr_calls.last_hour("images"),
        ),
        waits=_waits(store, settings),
        photos_per_minute=pace,
        minutes_left=photos_left / pace if pace and photos_left else None,
        tags=store.flickr_tags.counts(),
        tag_failures=store.flickr_tags.failures(),
        not_fetched=tuple(
            UnfetchedPhoto(photo=photo.id, reason=photo.reason, given_up=photo.state == "refused")
            for photo in store.flickr.troubled()
        ),
        refused_tags=tuple(
            RefusedTag(photo=tag.flickr_id, tag=tag.text, reason=tag.refused) for tag in store.flickr_tags.refusals()
        ),
    )


def _waits(store: Store, settings: FlickrSettings) -> tuple[CallWait, ...]:
    """Return what keeps calls and downloads from being made now."""
    found = (waiting(store, kind, limit=limit_of(settings, kind, urgent=False)) for kind in _KINDS)
    return tuple(one for one in found if one is not None)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
