"""Compare the faces of a photo with the people."""

from collections.abc import Sequence
from dataclasses import replace

from familiar.arrivals.arrival import Arrival
from familiar.events import EventLog
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.model import RecognisedFace


class Reencode:
    """Encodes the faces of a known photo again, if they are of another model."""

    def __init__(self, reencoder: Reencoder) -> None:
        """Take what encodes faces."""
        self._reencoder = reencoder

    async def __call__(self, arrival: Arrival) -> Arrival:
        """Encode the photo with the current model; raises as `Reencoder.reencode_photo` does."""
        if arrival.known is not None:
            await self._reencoder.reencode_photo(arrival.indexed, arrival.path)
        return arrival


class Recognise:
    """Matches the faces of a photo."""

    def __init__(self, *, recogniser: Recogniser, log: EventLog) -> None:
        """Take what knows the people."""
        self._recogniser = recogniser
        self._log = log

    async def __call__(self, arrival: Arrival) -> Arrival:
        """Add the photo, and its faces with their matches."""
        photo, faces = self._recogniser.recognise(arrival.indexed)
        self._tell(arrival, faces)
        return replace(arrival, photo=photo, faces=faces)

    def _tell(self, arrival: Arrival, faces: Sequence[RecognisedFace]) -> None:
        if not faces:
            return
        people = sorted({face.person for face in faces if face.person is not None})
        ambiguous = sum(face.match is not None and face.match.ambiguous for face in faces)
        unknown = sum(face.person is None for face in faces)
        about = {"photo": arrival.indexed, "path": arrival.path}
        self._log.emit("photo.recognised", **about, people=people, unknown=unknown, ambiguous=ambiguous)
