"""The tags of all photos at once: what would change on Flickr, and the decisions on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from familiar.flickr.sync.tag_decisions import TagDecider
from familiar.library.operations import OperationRunner
from familiar.store.flickr.photos import FlickrPhoto
from familiar.store.store import Store

_BATCH = 500
"""Photos that are read from the store at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChange:
    """One tag that would be put on a photo, or taken off, by a rule."""

    photo: str
    would: Literal["add", "remove"]
    tag: str
    rule: str


def tag_changes(store: Store, decider: TagDecider) -> list[TagChange]:
    """Return what would be sent; nothing is recorded."""
    changes: dict[tuple[str, str], TagChange] = {}
    for tag in store.flickr_tags.open_tags():
        if tag.wanted or tag.ours or tag.sending:
            would: Literal["add", "remove"] = "add" if tag.wanted else "remove"
            changes[tag.flickr_id, tag.clean] = TagChange(photo=tag.flickr_id, would=would, tag=tag.text, rule=tag.rule)
    for photo in done_photos(store) if decider.basis() is not None else ():
        difference = decider.difference(photo)
        for new in difference.add:
            changes[photo.id, new.text] = TagChange(photo=photo.id, would="add", tag=new.text, rule=new.rule)
        for row in difference.remove:
            changes.pop((photo.id, row.clean), None)
            if row.present and row.ours:
                changes[photo.id, row.clean] = TagChange(photo=photo.id, would="remove", tag=row.text, rule=row.rule)
    return list(changes.values())


async def decide_all(store: Store, decider: TagDecider, runner: OperationRunner) -> None:
    """Decide on the tags of all photos, and record what is to be sent."""
    basis = decider.basis()
    await runner.begin()
    for photo in list(done_photos(store)) if basis is not None else []:
        plan_id = decider.decide(photo, basis or "")
        if plan_id is not None:
            await runner.perform(plan_id, {})


def done_photos(store: Store) -> Iterator[FlickrPhoto]:
    """Give all photos that are done, some at a time."""
    after = ""
    while photos := store.flickr.done(after=after, limit=_BATCH):
        yield from photos
        after = photos[-1].id
