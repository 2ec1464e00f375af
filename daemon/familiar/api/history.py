"""What was done, and by which command it can be undone."""

from familiar.api.session import Session
from familiar.library.arguments import check_number
from familiar.library.history import HistoryEntry, history_of


def history(session: Session, *, limit: int | None) -> list[HistoryEntry]:
    """Return what was done; `Library.history` says more."""
    check_number("limit", limit, 0)
    return history_of(session.store(), limit=limit)
