"""The state that all parts of a `Library` share: settings, store, and objects that are created on first use.

Their modules are imported then, too: many calls need only the store, and finish faster than the imports would.
"""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from familiar.api.environment import noting_loss
from familiar.effects.disks import Disks
from familiar.errors import ModelError, NoStoreError, UsageError
from familiar.filesystem.presence import Unread
from familiar.plurals import counted
from familiar.state import locked

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from familiar.api.environment import Environment
    from familiar.embedding_models import Model
    from familiar.events import EventLog
    from familiar.library.handover import Handover
    from familiar.library.operations import OperationRunner
    from familiar.library.planning import Planner
    from familiar.library.progress import Progress
    from familiar.library.recognition import Recogniser
    from familiar.library.reencoding import Reencoder
    from familiar.library.scoring import Scorer
    from familiar.library.survey import IndexedFile
    from familiar.remote_state import RemoteState
    from familiar.rules.planning import Rules
    from familiar.settings import FolderSettings, Settings, VisionSettings
    from familiar.store.store import Store
    from familiar.vision.workers.pool import Workers

R = TypeVar("R")


class Loop(Protocol):
    """An event loop that runs one coroutine after the other."""

    def run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine to completion."""


_FEW = 64
"""Tasks for which other machines are not asked."""


class Session:
    """One opened library."""

    def __init__(
        self,
        environment: Environment,
        *,
        progress: Progress,
        log: EventLog,
        notify: Callable[[str], None],
        rematches: bool = True,
    ) -> None:
        """Take the environment, and receivers of progress, events and messages for a person.

        `rematches` says whether all faces are matched again after each decision.
        """
        self.environment = environment
        self.progress = progress
        self.log = log
        self.notify = notify
        self.unread = Unread()
        """The folders that could not be looked into so far."""
        self._stack = ExitStack()
        self._store: Store | None = None
        self._kept: tuple[VisionSettings, Workers] | None = None
        self._recogniser: Recogniser | None = None
        self._models: dict[str | None, Model] = {}
        self._workers: list[Workers] = []
        self._rematches = rematches

    @cached_property
    def settings(self) -> Settings:
        """The settings, read on first use.

        Raises:
            UsageError: the configuration can't be read, or is wrong.
        """
        return self.environment.settings()

    @property
    def model_in_use(self) -> Model:
        """The model in use.

        Raises:
            ModelError: the store's model can't be used here.
            UsageError: the configuration can't be read, or is wrong.
            StoreError: the store can't be used.
        """
        from familiar.vision.chosen_model import model_in_use

        recorded = self._recorded_model
        if recorded not in self._models:  # the file of a network of the user's own is read to tell which one it is
            self._models[recorded] = model_in_use(self.settings.vision, recorded)
        return self._models[recorded]

    @cached_property
    def known_models(self) -> tuple[Model, ...]:
        """All models that can be used: those of this program, and the one that the settings ask for."""
        from familiar.embedding_models import MODELS
        from familiar.vision.chosen_model import fixed_model

        fixed = fixed_model(self.settings.vision)
        return MODELS if fixed is None or fixed in MODELS else (*MODELS, fixed)

    @property
    def model(self) -> str:
        """Id of the model in use; raises as `model_in_use` does."""
        return self.model_in_use.id

    @property
    def vision(self) -> VisionSettings:
        """How photos are decoded, and faces found and encoded: by the model in use."""
        return self.vision_for(self.model_in_use)

    def vision_for(self, model: Model) -> VisionSettings:
        """Return how faces are found and encoded by a model, in use or not."""
        from familiar.vision.chosen_model import settings_for

        return settings_for(model, self.settings.vision)

    @property
    def model_or_default(self) -> str:
        """Id of the model in use, or of the store's if the configuration is invalid."""
        from familiar.embedding_models import DEFAULT

        if self.environment.config is not None:  # without one, no settings have to be imported
            with suppress(UsageError):
                return self.model
        return self._recorded_model or DEFAULT.id

    @property
    def model_trouble(self) -> ModelError | None:
        """Why the model of the store can't be used here, and what to do; None if it can, or nothing is known of it."""
        from familiar.embedding_models import model_of

        recorded = self._recorded_model
        if recorded is None or (self.environment.config is None and model_of(recorded) is not None):
            return None
        try:
            _ = self.model_in_use
        except ModelError as error:
            return error
        except UsageError:  # of the configuration
            return None
        return None

    @property
    def _recorded_model(self) -> str | None:
        """Id of the model that the store has in use, if there is a store."""
        try:
            return self.store().models.in_use
        except NoStoreError:
            return None

    def store(self, *, create: bool = False) -> Store:
        """Return the store, opened on first use; with `create`, a missing store is created.

        Raises:
            NoStoreError: no store exists, and none is to be created.
            StoreError: it can't be used.
        """
        if self._store is None:
            self._store = self._stack.enter_context(self.environment.store(create=create))
        return self._store

    @contextmanager
    def held_store(self, *, lasts: bool = False, create: bool = False) -> Iterator[Store]:
        """Hold the state folder for a block as `Environment.held_store` does, with the store if it is open already."""
        if self._store is None:
            with self.environment.held_store(lasts=lasts, create=create) as store:
                self._store = store
                try:
                    yield store
                finally:
                    self._store = self._recogniser = None
            return
        with locked(self.environment.state, lasts=lasts) as lock, noting_loss(lock, self._store):
            yield self._store

    @property
    def recogniser(self) -> Recogniser:
        """The matcher of faces against the people in the store."""
        from familiar.library.recognition import Recogniser

        if self._recogniser is None or self._recogniser.model != self.model:
            self._recogniser = Recogniser(self.store(), self.settings.matching, self.model)
        return self._recogniser

    def scorer_of(self, person: str, photos: Sequence[int] | None = None) -> Scorer:
        """Return what scores the stored photos for a person, by a model that has encoded references of theirs.

        If that is not the one in use, it first encodes the faces in these photos (None: in all) that it has not yet.

        Raises:
            UsageError: there is no such person, or no known model has encoded references of theirs.
        """
        from familiar.library.scoring import Scorer, model_for

        model = model_for(self.store(), person, in_use=self.model_in_use)
        if model != self.model_in_use:
            self.encode_missing(model, photos)
        return Scorer(self.store(), self.settings.matching, model.id)

    def planner(self, rules: Callable[[], Rules]) -> Planner:
        """Return a planner with the rules in effect."""
        from familiar.library.planning import Planner
        from familiar.library.scoring import PercentileIndex

        percentiles = PercentileIndex(self.store(), self.settings.matching, self.model)
        return Planner(rules=rules, percentiles=percentiles)

    @property
    def disks(self) -> Disks:
        """The register of the disks of folders."""
        return Disks(self.store().places)

    @property
    def handover(self) -> Handover:
        """Runs or undoes operations, here or through the daemon."""
        from familiar.library.handover import Handover

        return Handover(
            state=self.environment.state,
            store=self.store(),
            runners=self._runner,
            run=self.run,
            progress=self.progress,
            wait=self.settings.wait_for_daemon,
        )

    def settle(self) -> None:
        """Complete operations of killed commands, if a store exists, before files are chosen."""
        with suppress(NoStoreError):
            self.store()
            self.handover.settle()

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Make all decisions in a block, or none of them; all known faces are matched once, after it.

        Raises:
            StoreSchemaError: another version has migrated the store since it was opened.
        """
        before, self._rematches = self._rematches, False
        try:
            with self.store().writing():
                self.store().check_schema()
                yield
        finally:
            self._rematches = before
        self.rematch_after_decision()

    def rematch_after_decision(self) -> None:
        """Match all known faces again as `rematch` does, unless that is done later."""
        if self._rematches:
            self.rematch()

    def rematch(self, on_progress: Callable[[int], None] = lambda _done: None) -> None:
        """Match all known faces again if people have changed, here or through the daemon."""
        if not self.handover.rematch(self.recogniser, on_progress):
            self.notify("The daemon is matching the known faces again.")

    def workers(self, tasks: int | None = None, *, networks: bool = True) -> Workers:
        """Return workers for this many tasks; without `networks` they render, and do not find faces.

        Other machines help only with many tasks: workers of this one start sooner. Those of few tasks, which a person
        waits for, get the processors before those of the daemon.
        """
        is_much = networks and (tasks is None or tasks > _FEW)
        is_long = is_much or (tasks or 0) > _FEW
        return self.noted(
            self.environment.workers(
                settings=self.vision,
                models=self.environment.models,
                remote=self.settings.workers if is_much else None,
                tasks=tasks,
                networks=networks,
                urgent=not is_long,
            )
        )

    def kept_workers(self) -> Workers:
        """Return a worker for single images that a person waits for; as its start takes long, it is kept."""
        options = self.vision
        if self._kept is None or self._kept[0] != options:
            workers = self.workers(1)
            self._kept = (options, workers)
            self._stack.callback(lambda: self.run(_ended(workers)))
        return self._kept[1]

    def workers_for(self, model: Model) -> Workers:
        """Return worker processes that encode faces by a model, in use or not."""
        return self.noted(
            self.environment.workers(
                settings=self.vision_for(model), models=self.environment.models, remote=self.settings.workers
            )
        )

    def remote_workers(self) -> RemoteState:
        """Return the state of the workers of Dask, each of which is asked what it is.

        Raises:
            UsageError: none are configured, or a package for that is missing.
        """
        from familiar.vision.remote.extra import check_installed

        if self.settings.workers.engine != "dask":
            raise UsageError("No workers of Dask are configured; set workers.engine to `dask` (docs/workers.md).")
        check_installed()
        from familiar.vision.remote.inspection import inspect

        return self.run(inspect(self.settings.workers, self.vision))

    def noted(self, workers: Workers) -> Workers:
        """Note workers, for `fallbacks`."""
        self._workers.append(workers)
        return workers

    @property
    def fallbacks(self) -> frozenset[str]:
        """Why workers used another, slower engine or device than the settings say, as far as they did."""
        found = (workers.fallback for workers in self._workers)
        return frozenset(fallback for fallback in found if fallback is not None)

    def encode_missing(self, model: Model, photos: Sequence[int] | None = None) -> None:
        """Have a model encode the faces that it has not encoded, in all photos or in these; those in use stay.

        The embeddings are kept. A notice says how many photos can't be read.
        """
        from familiar.library.encoding import FaceEncoder

        store = self.store()
        missing = store.embeddings.missing(model.id, photos)
        if not missing:
            return

        async def encode() -> int:
            async with self.workers_for(model) as workers:
                encoder = FaceEncoder(
                    store=store,
                    workers=workers,
                    model=model.id,
                    write=lambda faces, encoded: store.embeddings.keep(faces.ids, encoded.embeddings, model.id),
                    log=self.log,
                )
                with self.progress(f"encoding photos by {model.name}") as count:
                    return (await encoder.encode_all(missing, count))[1]

        left = self.run(encode())
        if left:
            photos_left = counted(left, "photo")
            self.notify(f"The faces of {photos_left} could not be encoded by {model.name}: no file can be read now.")

    def reencoder(self, workers: Workers) -> Reencoder:
        """Return the re-encoder of faces that were encoded with another model; the model in use becomes the store's."""
        from familiar.library.reencoding import Reencoder

        self.store().models.use(self.model)
        return Reencoder(store=self.store(), workers=workers, recogniser=self.recogniser, log=self.log)

    def index(self, folders: Iterable[FolderSettings]) -> list[IndexedFile]:
        """Return the index entry of each photo in these folders, analysing new ones.

        Raises:
            UsageError: a folder has no photo, or can't be read.
        """
        from familiar.library.indexing import Indexer
        from familiar.library.survey import FolderIndexer, survey

        found = survey(self.store(), map(self.settings.watched, folders), self.model, self.unread)

        async def look() -> list[IndexedFile]:
            async with self.workers(len(found.unknown)) as workers:
                reencoder = self.reencoder(workers)
                await reencoder.reencode_references()
                indexer = FolderIndexer(
                    store=self.store(),
                    indexer=Indexer(store=self.store(), workers=workers),
                    reencoder=reencoder,
                    recogniser=self.recogniser,
                )
                with self.progress("scanning photos") as count:
                    return await indexer.look(found, count)

        return self.run(look())

    def run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine to completion, even if this thread runs an event loop, as in a notebook."""
        with self.loop() as loop:
            return loop.run(coroutine)

    @contextmanager
    def loop(self) -> Iterator[Loop]:
        """Keep an event loop for a block, for objects that outlive one coroutine; it can be used like `run`."""
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        if not _runs_loop():
            with asyncio.Runner() as runner:
                yield runner
            return
        with ThreadPoolExecutor(1) as thread:
            other = _LoopElsewhere(asyncio.Runner(), lambda call: self._call_in(thread, call))
            try:
                yield other
            finally:
                other.close()

    def _call_in(self, thread: ThreadPoolExecutor, call: Callable[[], R]) -> R:
        """Call a function in another thread, which may use the store while this thread waits for the result."""
        from concurrent.futures import wait

        def called() -> R:
            self._use_store()
            return call()

        future = thread.submit(called)
        try:
            return future.result()
        finally:
            wait([future])  # also after Ctrl-C
            self._use_store()

    def _use_store(self) -> None:
        if self._store is not None:
            self._store.use_in_this_thread()

    def close(self) -> None:
        """Close the store."""
        self._store = self._recogniser = self._kept = None
        self._stack.close()

    @asynccontextmanager
    async def _runner(self, tasks: int) -> AsyncIterator[tuple[OperationRunner, int]]:
        from familiar.library.companions import CompanionRules
        from familiar.library.operations import OperationRunner

        async with self.workers(tasks, networks=False) as workers:
            runner = OperationRunner(
                store=self.store(),
                workers=workers,
                disks=self.disks,
                log=_WithoutOperations(self.log),
                companions=CompanionRules.of(self.settings),
            )
            yield runner, workers.slots


async def _ended(workers: Workers) -> None:
    """End workers that are not those of a block."""
    async with workers:
        pass


class _LoopElsewhere:
    """An event loop in another thread."""

    def __init__(self, runner: asyncio.Runner, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._runner = runner
        self._call = call

    def run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        result: R = self._call(lambda: self._runner.run(coroutine))
        return result

    def close(self) -> None:
        self._call(self._runner.close)


def _runs_loop() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _WithoutOperations:
    """A log without the results of operations, which the caller gets, and whether they are retried."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def emit(self, name: str, /, **fields: Any) -> None:
        if not name.startswith("operation."):
            self._log.emit(name, **fields)
