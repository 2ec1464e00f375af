"""Keep unexpected errors to the one path that they are about."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from familiar.errors import StoreError
from familiar.events import EventLog


@contextmanager
def surviving(path: Path, log: EventLog, *, on_error: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Run a block about one path; an unexpected error ends the block and is logged, and `on_error` is called.

    Raises:
        StoreError: the store can't be used, which is not about the path.
    """
    try:
        yield
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - one path must not stop the others
        log.emit("photo.error", path=path, error=repr(error), exc_info=True)
        on_error()
