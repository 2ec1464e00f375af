"""What the methods of an account on Flickr return."""

from collections.abc import Mapping
from dataclasses import dataclass

from familiar.flickr.sync.status import RefusedTag
from familiar.flickr.sync.tag_sender import Sender
from familiar.service.assembly import Assembly
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAlbum:
    """An album of an account: how many photos and videos it has, and whether they are fetched."""

    id: str
    title: str
    photos: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """The result of a sync.

    `handled` and `set_aside` count photos of this run. `failed` are tried again by the next sync; `refused` can't be
    fetched; `photos` is the total of known photos. `tags` are counts by state. `trouble` is the error that ended the
    sync, if any; `stopped` is true if it was stopped before its end.
    """

    handled: int
    set_aside: int
    failed: int
    refused: int
    photos: int
    trouble: str | None
    stopped: bool
    tags: Mapping[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to retry."""
        return not (self.failed or self.trouble or self.stopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushResult:
    """The result of sending tags.

    Counts of tags that were added, removed, already on their photos (`kept`), refused, or failed for now; `to_add` and
    `to_remove` are still waiting, and `failures` has the reasons, each with the number of tags. `refusals` has the
    reasons of this run, and `trouble` why it ended before all was tried, or None.
    """

    added: int
    removed: int
    kept: int
    refused: int
    failed: int
    to_add: int
    to_remove: int
    failures: Mapping[str, int]
    refusals: tuple[RefusedTag, ...]
    trouble: str | None

    @property
    def is_complete(self) -> bool:
        """Whether no tags are left to send."""
        return not (self.failed or self.to_add or self.to_remove)


def sync_result(store: Store, made: Assembly) -> SyncResult:
    """Return the result of a sync of the account that the store has."""
    (sync,) = made.flickr
    counts = store.flickr.counts()
    return SyncResult(
        handled=made.tally.done,
        set_aside=made.tally.set_aside,
        failed=counts["listed"] + counts["fetched"],
        refused=counts["refused"],
        photos=counts["done"],
        trouble=sync.trouble,
        stopped=made.daemon.was_stopped,
        tags=store.flickr_tags.counts(),
    )


def push_result(store: Store, sender: Sender) -> PushResult:
    """Return the result of sending the tags of the account that the store has."""
    sent, counts = sender.sent, store.flickr_tags.counts()
    return PushResult(
        added=sent.added,
        removed=sent.removed,
        kept=sent.kept,
        refused=sent.refused,
        failed=sent.failed,
        to_add=counts["to_add"],
        to_remove=counts["to_remove"],
        failures=store.flickr_tags.failures(),
        refusals=tuple(RefusedTag(photo=photo, tag=tag, reason=reason) for photo, tag, reason in sent.refusals),
        trouble=sent.trouble,
    )
