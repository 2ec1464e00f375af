"""The progress of the work."""

from dataclasses import dataclass

from familiar.arrivals.tally import Tally
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Files handled since the start, and files that wait or are in progress."""

    done: int
    waiting: int


def progress_of(store: Store, tally: Tally) -> Progress:
    """Return how far the work is now."""
    return Progress(done=tally.handled + tally.failed, waiting=sum(store.files.waiting().values()))
