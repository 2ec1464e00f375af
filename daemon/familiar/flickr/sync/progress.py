"""How far an account is, for the log."""

from familiar.events import EventLog
from familiar.store.store import Store


class FlickrProgress:
    """Logs how many photos wait and are done, if that has changed."""

    def __init__(self, *, store: Store, log: EventLog) -> None:
        """Take what counts, and the log."""
        self._store = store
        self._log = log
        self._told: dict[str, int] | None = None

    def tell(self) -> None:
        """Log it."""
        counts = self._store.flickr.counts()
        if counts == self._told:
            return
        self._told = counts
        pace = self._store.flickr_calls.pace()
        waiting = counts["listed"] + counts["fetched"]
        self._log.emit(
            "flickr.progress",
            waiting=waiting,
            done=counts["done"],
            refused=counts["refused"],
            calls=self._store.flickr_calls.last_hour("api"),
            per_minute=pace,
            minutes_left=waiting / pace if pace else None,
        )
