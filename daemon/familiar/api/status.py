"""What is done, what waits, and what went wrong."""

from familiar.api.session import Session
from familiar.library.status import LibraryStatus, status_of


def status(session: Session) -> LibraryStatus:
    """Return how far everything is; `Library.status` says more."""
    return status_of(session.store(), session.model_or_default)
