"""What is done, what is waiting, and what failed."""

from familiar.api.session import Session
from familiar.library.status import LibraryStatus, status_of


def status(session: Session) -> LibraryStatus:
    """Return the status; see `Library.status`."""
    trouble = session.model_trouble
    return status_of(session.store(), session.model_or_default, None if trouble is None else str(trouble))
