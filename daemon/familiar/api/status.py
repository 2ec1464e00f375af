"""What is done, what is waiting, and what failed."""

from familiar.api.session import Session
from familiar.errors import StoreError
from familiar.library.prometheus import metrics, metrics_without_store
from familiar.library.status import LibraryStatus, status_of


def status(session: Session) -> LibraryStatus:
    """Return the status; see `Library.status`."""
    trouble = session.model_trouble
    return status_of(session.store(), session.model_or_default, None if trouble is None else str(trouble))


def metrics_of(session: Session) -> str:
    """Return the status as metrics; see `Library.metrics`."""
    store = session.environment.store_path
    try:
        return metrics(status(session), store)
    except StoreError:
        return metrics_without_store(store)
