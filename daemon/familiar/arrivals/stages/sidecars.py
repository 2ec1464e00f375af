"""Take what sidecars of a photo say, and have its own written."""

from familiar.arrivals.arrival import Arrival
from familiar.library.sidecars.reader import SidecarReader
from familiar.library.sidecars.writer import SidecarWriter


class ReadSidecars:
    """Takes faces for confirmed that other programs named in the sidecars of a photo."""

    def __init__(self, reader: SidecarReader) -> None:
        """Take what reads sidecars."""
        self._reader = reader

    async def __call__(self, arrival: Arrival) -> Arrival:
        """Read the sidecars that are new or have changed."""
        await self._reader.listen(arrival.indexed, arrival.path)
        return arrival


class WriteSidecars:
    """Has the sidecars of a handled photo written soon, in the background."""

    def __init__(self, writer: SidecarWriter) -> None:
        """Take what writes sidecars."""
        self._writer = writer

    async def __call__(self, arrival: Arrival) -> Arrival:
        """Note the photo for the background."""
        self._writer.touch(arrival.indexed, follows=arrival.plan_id)
        return arrival
