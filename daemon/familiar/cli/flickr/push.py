"""What familiar flickr push does: decide on all tags, and send them."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from familiar.cli.context import Context
from familiar.cli.rematching import rematch
from familiar.cli.starting import rule_book
from familiar.effects.disks import Disks
from familiar.events import EventLog
from familiar.flickr.api.errors import NotAllowedError
from familiar.flickr.sync.job import connect
from familiar.flickr.sync.tag_decisions import TagDecider
from familiar.flickr.sync.tag_sender import Sender, as_json
from familiar.library.operations import OperationRunner
from familiar.library.recognition import Recogniser
from familiar.logs import open_log
from familiar.settings import Settings
from familiar.store.flickr.photos import FlickrPhoto
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deciding:
    decider: TagDecider
    basis: str | None

    @classmethod
    def on(cls, context: Context, settings: Settings, store: Store, log: EventLog) -> "_Deciding":
        rematch(context, store, settings, quiet=True)
        recogniser = Recogniser(store, settings.matching, settings.vision.model)
        rules = rule_book(context, settings, store, log)
        decider = TagDecider(store=store, recogniser=recogniser, rules=rules, log=log)
        return cls(decider=decider, basis=decider.basis())


def planned(context: Context, settings: Settings, store: Store) -> list[dict[str, str]]:
    """Return what would be sent; nothing is written down."""
    deciding = _Deciding.on(context, settings, store, open_log(sys.stderr, level="error"))
    changes = {
        (tag.flickr_id, tag.clean): _change(tag.flickr_id, "add" if tag.wanted else "remove", tag.text, tag.rule)
        for tag in store.flickr_tags.open_tags()
        if tag.wanted or tag.ours or tag.sending
    }
    for photo in _done(store) if deciding.basis is not None else ():
        difference = deciding.decider.difference(photo)
        for new in difference.add:
            changes[photo.id, new.text] = _change(photo.id, "add", new.text, new.rule)
        for row in difference.remove:
            changes.pop((photo.id, row.clean), None)
            if row.present and row.ours:
                changes[photo.id, row.clean] = _change(photo.id, "remove", row.text, row.rule)
    return list(changes.values())


def pushed(context: Context, settings: Settings, store: Store, log: EventLog) -> dict[str, Any]:
    """Decide on all tags, send them, and return what was done.

    Raises:
        StoppedError, NotAllowedError: Flickr does not let us.
    """
    return asyncio.run(_push(context, settings, store, log))


async def _push(context: Context, settings: Settings, store: Store, log: EventLog) -> dict[str, Any]:
    calls, login = connect(context.credentials, settings.flickr, store, log)
    deciding = _Deciding.on(context, settings, store, log)
    async with Workers(settings=settings.vision, models=context.models) as workers:
        runner = OperationRunner(store=store, workers=workers, disks=Disks(store.places), log=log)
        await runner.begin()
        for photo in list(_done(store)) if deciding.basis is not None else []:
            plan_id = deciding.decider.decide(photo, deciding.basis or "")
            if plan_id is not None:
                await runner.perform(plan_id, {})
    sender = Sender(calls=calls, store=store, log=log, later=settings.flickr.later)
    try:
        if not login.may_write and store.flickr_tags.open_tags():
            raise NotAllowedError("it may only read")
        await sender.send_all()
    finally:
        calls.close()
    for flickr_id, text, reason in sender.sent.refusals:
        click.echo(f"refused: {text!r} on {flickr_id}: {reason}", err=True)
    return as_json(sender.sent)


def _done(store: Store) -> Iterator[FlickrPhoto]:
    """Give all photos that are done, some at a time."""
    after = ""
    while photos := store.flickr.done(after=after, limit=_BATCH):
        yield from photos
        after = photos[-1].id


def _change(photo: str, would: str, tag: str, rule: str) -> dict[str, str]:
    return {"photo": photo, "would": would, "tag": tag, "rule": rule}
