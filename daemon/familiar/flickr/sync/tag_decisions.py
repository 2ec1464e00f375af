"""Decide on tags: what the rules give a photo on Flickr now, against what was given before."""

from dataclasses import dataclass

from familiar.events import EventLog
from familiar.library.planning import Planner
from familiar.library.recognition import Recogniser
from familiar.library.sources import FlickrCache
from familiar.model import Operation, Plan, Refusal, Tag
from familiar.store.flickr.photos import FlickrPhoto
from familiar.store.flickr.tags import TagRow
from familiar.store.store import Store
from familiar.tags import clean_tag


@dataclass(frozen=True, slots=True, kw_only=True)
class TagDifference:
    """What is to change on one photo: tags that it lacks, and tags that it should not have any more.

    `refused` are texts that rules give and that can't be tags.
    """

    add: tuple[Tag, ...] = ()
    remove: tuple[TagRow, ...] = ()
    refused: tuple[Refusal, ...] = ()


class TagDecider:
    """Compares what the rules say with the tags that are recorded."""

    def __init__(self, *, store: Store, recogniser: Recogniser, planner: Planner, log: EventLog) -> None:
        """Take the store, what makes plans, and the log."""
        self._log = log
        self._store = store
        self._recogniser = recogniser
        self._planner = planner
        self._source = FlickrCache(store)

    def basis(self) -> str | None:
        """Return what decisions are based on, which changes with people and rules; None: nothing is to be decided."""
        rules = self._planner.rules
        return f"{rules.version} {self._store.people.matched_with}" if rules.tagging() else None

    def difference(self, photo: FlickrPhoto) -> TagDifference:
        """Return what is to change on a photo; touches nothing.

        A tag is taken off only by the rule that gave it, if that holds still and says otherwise now: a rule that is
        gone takes nothing back.
        """
        plan = self.planned(photo)
        wanted = _tags_in(plan)
        known = {row.clean: row for row in self._store.flickr_tags.of(photo.id)}
        ruling = self._planner.rules.tagging()
        return TagDifference(
            add=tuple(tag for clean, tag in wanted.items() if _is_new(known.get(clean))),
            remove=tuple(
                row for clean, row in known.items() if row.wanted and clean not in wanted and row.rule in ruling
            ),
            refused=tuple(refusal for refusal in plan.refusals if refusal.text),
        )

    def wanted(self, photo: FlickrPhoto) -> dict[str, Tag]:
        """Return the tags that the rules give a photo now, by their cleaned form."""
        return _tags_in(self.planned(photo))

    def decide(self, photo: FlickrPhoto, basis: str) -> int | None:
        """Record what is to change on a photo; return the plan with new tags, if there are any."""
        difference = self.difference(photo)
        where = self._store.flickr.path_of(photo)
        plan_id = None
        with self._store.writing():
            for row in difference.remove:
                self._store.flickr_tags.unwant(row)
                if photo.photo_id is not None and where is not None:
                    self._store.journal.retire(photo.photo_id, where[0], Tag(text=row.text, rule=row.rule))
            refused = self._store.flickr_tags.refuse_on(photo.id, difference.refused)
            if difference.add and photo.photo_id is not None and where is not None:
                plan_id = self._store.journal.record(photo.photo_id, where[0], Plan(operations=difference.add))
            self._store.flickr.mark_decided(photo, basis)
        for refusal in refused:
            self._log.emit("flickr.tag_refused", photo=photo.id, tag=refusal.text, reason=refusal.reason)
        return plan_id

    def besides_tags(self, photo: FlickrPhoto) -> list[Operation]:
        """Return what the rules ask for on a photo now, apart from tags."""
        return [one for one in self.planned(photo).operations if not isinstance(one, Tag)]

    def planned(self, photo: FlickrPhoto) -> Plan:
        """Return what the rules ask for on a photo now; touches nothing."""
        where = self._store.flickr.path_of(photo)
        if photo.photo_id is None or where is None:
            return Plan()
        seen = self._store.photos.load(photo.photo_id)
        faces = self._recogniser.recognised(photo.photo_id, seen)
        return self._planner.plan(seen, faces, where[0], source=self._source, mtime_ns=where[1])


def _tags_in(plan: Plan) -> dict[str, Tag]:
    return {clean_tag(step.text): step for step in plan.operations if isinstance(step, Tag)}


def _is_new(row: TagRow | None) -> bool:
    return row is None or not (row.wanted or row.vetoed)
