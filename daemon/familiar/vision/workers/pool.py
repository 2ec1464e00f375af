"""The contract of a pool of workers, which read, decode and analyse files for the program; `pools` starts one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from familiar.errors import FamiliarError
from familiar.model import Crop, Face, Photo, SidecarContent
from familiar.remote_state import RemoteState

if TYPE_CHECKING:  # loading these takes longer than many a command runs
    from familiar.settings import VisionSettings
    from familiar.vision.sidecars import Rendered, SidecarFaces
    from familiar.vision.workers.pictures import PictureTask
    from familiar.vision.workers.tasks import CheckedFile, DrawnTask, EncodedFaces, EncodeTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of the workers: deaths, the reason of the last one, and why the configured engine is not used.

    `remote` is the state of those on other machines; None where none are configured.
    """

    running: bool
    tasks: int
    deaths: int
    last_death: str | None
    fallback: str | None
    remote: RemoteState | None = None


class Workers(Protocol):
    """Workers that decode photos; they start with the first task."""

    count: int
    """How many files are analysed at the same time, at most."""

    @property
    def slots(self) -> int:
        """Number of photos in progress: enough to keep all workers busy, few enough for crops not to wait long."""

    async def fingerprint(self, path: Path) -> str:
        """Return the SHA-256 of a file's bytes, 64 hexadecimal digits.

        Raises:
            GoneError: it does not exist.
            RetryError: it can't be read for now, or not within the time limit.
        """

    async def look(self, path: Path, hash_: str, *, beside_still: bool = False, turn: int | None = None) -> Photo:
        """Decode a photo or a video and find the faces in it; `beside_still` and `turn` as in `tasks.IndexTask`.

        Raises:
            GoneError, RetryError: the file can't be read.
            ChangedError: its content is not that of `hash_`.
            SetAsideError: it can't be decoded within the limits, or it crashes its worker.
            WorkersError: no worker can be used.
        """

    async def check(self, path: Path) -> "CheckedFile":
        """Decode a file to its end, of a video the first picture; return its hash and its size.

        Raises:
            GoneError, RetryError: the file can't be read.
            SetAsideError: it can't be decoded within the limits, or it crashes its worker.
        """

    async def encode(
        self, tasks: "Sequence[EncodeTask]", settings: "VisionSettings | None" = None
    ) -> "list[EncodedFaces | FamiliarError]":
        """Encode faces again that were found before, those of several photos in one go.

        Args:
            tasks: the photos, each with its faces.
            settings: those of another model, if that is to encode them.

        Returns:
            For each photo the embeddings and qualities of its faces, or an error of `look`.

        Raises:
            WorkersError: no worker can be used.
        """

    async def devices(self) -> str:
        """Return the device of each network, and the file with the weights."""

    async def crop(self, path: Path, hash_: str, wish: Crop) -> bytes:
        """Return the picture file of a face.

        Raises:
            GoneError, RetryError, ChangedError, SetAsideError: as `look` does.
        """

    async def crops(self, path: Path, hash_: str, wishes: Sequence[Crop]) -> list[bytes | FamiliarError]:
        """Return the picture files of faces of one photo, which is decoded once, or why one of them can't be cropped.

        Raises:
            GoneError, RetryError, ChangedError, SetAsideError: as `look` does.
        """

    async def pictures(self, task: "PictureTask") -> list[bytes | FamiliarError]:
        """Return pictures of one photo or video for a page, or why one of them can't be made.

        No file is looked at by this process: a disk that does not answer holds up a worker, and nothing else.

        Raises:
            GoneError, RetryError, ChangedError, SetAsideError: as `look` does, for all of its paths.
            WorkersError: no worker can be started.
        """

    async def find_drawn(self, task: "DrawnTask") -> Face | None:
        """Return the face in a box that a person has drawn; None if there is none.

        Raises:
            GoneError, RetryError, ChangedError, SetAsideError: as `look` does, for all of its paths.
            WorkersError: no worker can be started.
        """

    async def render_sidecar(
        self, photo: Path, sidecar: Path, wanted: SidecarContent, former: SidecarContent
    ) -> "Rendered":
        """Return the present and the intended content of a sidecar, as `sidecars.render` does.

        Raises:
            GoneError, RetryError: photo or sidecar can't be read.
            SetAsideError: the sidecar is damaged, is not XMP, or crashes its worker.
        """

    async def listen_to_sidecar(
        self, photo: Path, sidecar: Path, size: tuple[int, int], former: SidecarContent
    ) -> "SidecarFaces":
        """Return the named faces of other programs in a sidecar, as `sidecars.listen` does.

        Raises:
            GoneError, RetryError, SetAsideError: as `render_sidecar` does.
        """

    async def turn_of(self, photo: Path, listed: Sequence[Path]) -> int | None:
        """Return how the sidecars of a photo turn it, as `sidecars.turn_of` does.

        Raises:
            GoneError, RetryError, SetAsideError: as `render_sidecar` does.
        """

    def warm_up(self) -> None:
        """Start the workers ahead of their next task, if they do not run: loading the networks takes a second."""

    def health(self) -> Health:
        """Return the state of the workers; call this regularly, as it also ends idle workers."""

    @property
    def fallback(self) -> str | None:
        """Why another engine or device than the settings say is used; None if that is used."""

    def close(self, within: float = 0.0) -> None:
        """End all workers; tasks in progress get `within` seconds."""

    async def __aenter__(self) -> Self:
        """Return the workers; they end with the block."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all workers."""
