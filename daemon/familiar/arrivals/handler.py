"""Handling one file, stage by stage; its errors do not stop other files."""

import asyncio
from collections.abc import Sequence

from familiar.arrivals.arrival import Arrival, Stage
from familiar.arrivals.latencies import Latencies
from familiar.arrivals.retries import Retries
from familiar.errors import ChangedError, GoneError, IncompleteError, RetryError, StoreError, WorkersError
from familiar.events import EventLog
from familiar.library.sources import Sources
from familiar.store.files import FileRow


class Handler:
    """Takes files one by one from *pending* to *done*."""

    def __init__(
        self,
        *,
        stages: Sequence[Stage],
        sources: Sources,
        retries: Retries,
        latencies: Latencies,
        log: EventLog,
    ) -> None:
        """Take the stages in their order, and what is asked and told where a file does not pass them."""
        self._stages = tuple(stages)
        self._sources = sources
        self._retries = retries
        self._latencies = latencies
        self._log = log

    async def handle(self, file: FileRow, turn: asyncio.Event) -> None:
        """Handle one pending file. `turn` is set when the files before it are done.

        Photos are analysed in parallel, but operations are done in the order in which the files were found, so
        that a name that two photos want goes to the same one whenever and however often the work is interrupted.

        Raises:
            StoreError, WorkersError: the store can't be used, or no worker be started; the file is pending still.
        """
        try:
            await self._pass(Arrival(file=file, turn=turn))
        except GoneError:
            source = self._sources.of(file.path)
            source.mark_gone(file.path)
            if source.is_there(file.path):
                self._retries.fail(file, "unavailable")
        except ChangedError:
            self._retries.settle_again(file)
        except WorkersError:
            raise  # as StoreError
        except IncompleteError as error:
            self._retries.fail(file, str(error), seconds=error.retry_in)
        except RetryError as error:
            self._retries.fail(file, str(error))
        except StoreError:
            raise  # not the photo's fault: the loop waits, and the file is pending still
        except Exception as error:  # noqa: BLE001 - one photo must not stop the others
            self._log.emit("photo.error", path=file.path, error=repr(error), exc_info=True)
            self._retries.fail(file, f"unexpected error: {error!r}")

    async def _pass(self, arrival: Arrival) -> None:
        for stage in self._stages:
            with self._latencies.timed(type(stage).__name__):
                following = await stage(arrival)
            if following is None:
                return
            arrival = following
