"""One look at an account, for a command that ends."""

from familiar.flickr.api.errors import PassingError
from familiar.flickr.sync.connection import FlickrConnection
from familiar.flickr.sync.job import FlickrSync


class SingleFlickrSync(FlickrSync):
    """A job: looks at the account one time and fetches what it finds; no tag is sent, and nothing is tried for long."""

    _has_listed = False

    async def advance(self, now: float) -> None:
        """Do some of what is to be done; end where no download is answered."""
        await super().advance(now)
        if self._connection is not None and self._connection.has_no_files:
            await self._stand_still(PassingError("the image servers of Flickr do not answer"), now)

    @property
    def is_idle(self) -> bool:
        """Whether the look is over, and all that it found is done; or nothing can be done."""
        if self._store.flickr.under_way() or not (self._tags.is_idle and self._rules.is_idle):
            return False
        if self.trouble is not None:
            return True
        return self._has_listed and self._connection is not None and self._connection.is_idle

    def _start_tasks(self, connection: FlickrConnection) -> None:
        connection.start("list", self._list(connection))

    def _may_try_again(self, _now: float) -> bool:
        return False

    def _on_unexpected(self, error: Exception) -> None:
        self.trouble = f"an unexpected error: {error!r}"

    async def _list(self, connection: FlickrConnection) -> None:
        await self._lister(connection).look()
        self._recover()
        self._has_listed = True
