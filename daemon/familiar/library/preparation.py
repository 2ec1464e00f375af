"""What a kind of operation may ask for before one of its steps is done: workers, sidecars, the rest of the plan."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from familiar.effects.executor import Executor
from familiar.effects.journal import Step
from familiar.effects.kinds.following import Following
from familiar.errors import FamiliarError, GoneError, RetryError, SetAsideError
from familiar.events import EventLog
from familiar.library.companions import CompanionRules
from familiar.model import Crop, Operation, PhotoOperation, SidecarContent
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers


class WorkerRenderer:
    """Renders pictures and sidecars in the workers; the `Renderer` of `familiar.effects.kinds`."""

    def __init__(self, *, store: Store, workers: Workers, log: EventLog) -> None:
        """Take the store, which knows what was written into sidecars before."""
        self._store = store
        self._workers = workers
        self._log = log

    async def picture(self, step: Step, crop: Crop) -> bytes:
        """Return the picture of a face."""
        return await self._workers.crop(step.path, step.photo_hash, crop)

    async def sidecar(self, step: Step, sidecar: Path, wanted: SidecarContent) -> tuple[bytes | None, bytes | None]:
        """Return the intended and the present content of a sidecar; record the part that familiar writes."""
        former = self._store.sidecars.wrote(sidecar)
        try:
            rendered = await self._workers.render_sidecar(step.path, sidecar, wanted, former)
        except FamiliarError:
            raise
        except Exception as error:
            self._log.emit("photo.error", path=sidecar, error=repr(error), exc_info=True)
            raise SetAsideError(f"unexpected error: {error!r}") from error  # one sidecar must not stop the others
        with self._store.writing():
            self._store.sidecars.note_wrote(sidecar, step.photo_id, rendered.ours)
        return rendered.after, rendered.before


class StepSurroundings:
    """The `Surroundings` of `familiar.effects.kinds`."""

    def __init__(
        self,
        *,
        store: Store,
        renderer: WorkerRenderer,
        executor: Executor,
        is_there: Callable[[Path], bool],
        companions: CompanionRules,
    ) -> None:
        """Take the store and the renderer; `is_there` says whether a file is at a path, or is only unavailable."""
        self.renderer = renderer
        self._companions = companions
        self._store = store
        self._executor = executor
        self._is_there = is_there

    def check_in_reach(self, step: Step) -> None:
        """Check that a photo is at the path that the rules used, or is gone; a copy elsewhere is another file.

        Raises:
            RetryError: the photo is unavailable, and may not be gone.
        """
        begun = step.target is not None
        source = step.source if begun and step.source is not None else step.path
        if os.path.lexists(source) or (step.target is not None and os.path.lexists(step.target)):
            return
        if self._is_there(source):
            raise RetryError(f"{source}: unavailable for now")

    def check_photo(self, photo: Path) -> None:
        """Check that a photo is at the path of the sidecar to write.

        Raises:
            RetryError: it is unavailable, and may not be gone.
            GoneError: it is gone.
        """
        if not os.path.lexists(photo):
            if self._is_there(photo):
                raise RetryError(f"{photo}: unavailable for now")
            raise GoneError(f"{photo}: no longer exists")

    def steps_beside(self, step: Step) -> Sequence[Step]:
        """Return all steps of the same plan, by their positions."""
        return self._store.journal.steps(step.plan_id)

    def append(self, step: Step, operations: Sequence[Operation]) -> None:
        """Append operations to the same plan."""
        self._store.journal.append(step.plan_id, operations)

    def is_written(self, step: Step) -> bool:
        """Return whether an interrupted step had written its content."""
        return self._executor.is_written(step)

    def is_wanted(self, sidecar: Path, content: SidecarContent) -> bool:
        """Return whether this content of a sidecar is still wanted."""
        return self._store.sidecars.wanted(sidecar) == content

    def append_following(self, wish: PhotoOperation, step: Step) -> None:
        """Record that the companions of a photo follow it, each once."""
        operations = [step.operation for step in self.steps_beside(step)]
        known = {one.file for one in operations if isinstance(one, Following) and one.behind == step.position}
        found = self._companions.following(wish, step.path, behind=step.position)
        new = [one for one in found if one.file not in known]
        if new:
            self.append(step, new)
