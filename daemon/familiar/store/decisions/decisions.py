"""All decisions as one value: by what they are about, with their log, and undo."""

from dataclasses import dataclass

from familiar.store.clusters.clusters import Clusters
from familiar.store.database import Database, reading
from familiar.store.decisions.clusters import ClusterDecisions
from familiar.store.decisions.confirmations import Confirmations
from familiar.store.decisions.dependencies import LaterEvents
from familiar.store.decisions.faces import FaceDecisions
from familiar.store.decisions.log import DecisionLog, EventRow, Subject
from familiar.store.decisions.people import PersonDecisions
from familiar.store.decisions.restoration import Restoration
from familiar.store.people import People


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDecision:
    """An event of the log; `builder` is the newest later event that builds upon it, and has to be undone first."""

    event: EventRow
    builder: int | None


class Decisions:
    """What persons decide; each decision is an event of the log, and can be undone."""

    def __init__(self, db: Database, *, clusters: Clusters, people: People, log: DecisionLog) -> None:
        """Take the open store, its clusters and people, and the log."""
        self._db = db
        self.log = log
        self.clusters = ClusterDecisions(db, clusters=clusters, log=log)
        self.faces = FaceDecisions(db, clusters=clusters, log=log)
        self.people = PersonDecisions(db, people=people, log=log)
        self.confirmations = Confirmations(db, clusters=clusters, log=log)
        self._restoration = Restoration(db, log=log)

    def undo(self, event_id: int | None = None, *, subject: Subject | None = None) -> EventRow:
        """Undo an event, by default the last one of a person on this subject, if one is given; return it.

        Raises:
            UsageError: there is no such event, it was undone already, or later decisions or changes are in the way;
                nothing is changed.
        """
        return self._restoration.undo(event_id, subject=subject)

    def history(self, *, limit: int | None = None) -> list[PastDecision]:
        """Return the events of the log, the newest first, at most `limit` events."""
        later, found = LaterEvents(), []
        with reading(self._db):
            for entry in self.log.entries(limit=limit):
                holds = entry.event.undone_at is None
                found.append(PastDecision(event=entry.event, builder=later.builder(entry) if holds else None))
                if holds:
                    later.take(entry)
        return found
