"""What a daemon has done since its process started: totals that only grow, also through a reload."""

import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from familiar.arrivals.tally import Tally
from familiar.events import EventLog
from familiar.store.flickr.calls import Kind

_OUTCOMES = ("done", "kept", "failed", "refused", "outdated", "undone", "undo_failed")


@dataclass(slots=True)
class EventTotals:
    """Sums over the events of one process; operations by kind and outcome, of which a retry counts again."""

    photos: int = 0
    faces: int = 0
    set_aside: int = 0
    worker_deaths: int = 0
    tags_added: int = 0
    tags_removed: int = 0
    flickr_calls: int = 0
    flickr_downloads: int = 0
    operations: Counter[tuple[str, str]] = field(default_factory=Counter)
    beaten_at: float | None = None
    """When the last heartbeat came, in monotonic seconds; before the first one, when the start began."""
    settings_problem: str | None = None
    rules_problem: str | None = None

    def note(self, name: str, fields: dict[str, Any]) -> None:
        """Add an event."""
        subject, _, outcome = name.partition(".")
        if subject == "operation" and outcome in _OUTCOMES:
            self.operations[str(fields["kind"]), outcome] += 1
        self._note_problem(name, fields)
        match name:
            case "photo.seen":
                self.photos += 1
                self.faces += fields["faces"]
            case "photo.set_aside":
                self.set_aside += 1
            case "worker.died":
                self.worker_deaths += fields["deaths"]
            case "flickr.tag_added":
                self.tags_added += 1
            case "flickr.tag_removed":
                self.tags_removed += 1

    def note_call(self, kind: Kind) -> None:
        """Add a call of Flickr, or a download from it."""
        if kind == "images":
            self.flickr_downloads += 1
        else:
            self.flickr_calls += 1

    def _note_problem(self, name: str, fields: dict[str, Any]) -> None:
        match name:
            case "settings.rejected":
                self.settings_problem = fields["problems"][0]
            case "service.reloaded":
                self.settings_problem = None
            case "rules.rejected":
                self.rules_problem = fields["problems"][0]
            case "rules.loaded":
                self.rules_problem = None

    @property
    def rejected(self) -> str | None:
        """What is wrong with the configuration or the rules that are not in effect; None if all are."""
        return self.settings_problem or self.rules_problem

    def of_operations(self) -> list[dict[str, str | int]]:
        """Return the operations as a list, which all readers of logs take."""
        counts = sorted(self.operations.items())
        return [{"kind": kind, "outcome": outcome, "count": count} for (kind, outcome), count in counts]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessCounts:
    """What outlives a reload: the counts of one process, and an id by which its heartbeats belong together."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    tally: Tally = field(default_factory=Tally)
    totals: EventTotals = field(default_factory=EventTotals)


class CountingLog:
    """An `EventLog` that adds what it passes on to the totals."""

    def __init__(self, log: EventLog, totals: EventTotals) -> None:
        """Take the log behind it."""
        self._log = log
        self._totals = totals

    def emit(self, name: str, /, **fields: Any) -> None:
        """Count an event, and log it."""
        self._totals.note(name, fields)
        self._log.emit(name, **fields)
