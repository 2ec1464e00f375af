"""The models that encode faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from familiar.errors import FamiliarError, NoStoreError, UsageError
from familiar.library.argument_types import checked_arguments

if TYPE_CHECKING:
    from familiar.api.session import Session
    from familiar.embedding_models import Model
    from familiar.identity.scale import MeasuredLength
    from familiar.library.models import ListedModel, ModelChange, ModelPlan
    from familiar.library.reencoding import Reencoded
    from familiar.store.store import Store
    from familiar.vision.workers.pool import Workers


@checked_arguments
class FaceModels:
    """The models that encode faces, of which one is in use; embeddings of two models are never compared."""

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def list(self) -> list[ListedModel]:
        """Return all models, and how many faces and references each has encoded.

        Raises:
            UsageError: the configuration can't be read, or is wrong.
        """
        from familiar.library.models import listed

        return listed(self._store_if_any(), self._session.known_models, self._session.model_or_default)

    def in_use(self) -> str:
        """Return the name of the model in use, as `use` takes it.

        Raises:
            UsageError: the configuration can't be read, or is wrong.
        """
        from familiar.embedding_models import command_name

        return command_name(self._session.model_or_default)

    def plan(self, name: str) -> ModelPlan:
        """Return what it takes to use a model: how many faces have to be encoded, and how long that takes.

        Some photos are encoded for it; nothing is changed.

        Raises:
            UsageError: there is no model of this name, or the settings ask for another one.
            NoStoreError: there is no store yet.
        """
        from familiar.library.models import plan_of

        session, model = self._session, self._choosable(name)
        store = session.store()

        async def plan() -> ModelPlan:
            async with session.workers_for(model) as workers:
                await workers.devices()  # a network that can't be used is told here
                with session.progress("measuring") as count:
                    return await plan_of(store, workers, model, count)

        return session.run(plan())

    def measure(self) -> MeasuredLength:
        """Return how long the embeddings of your own network should be, by faces that are in one photo of the library.

        Nothing is kept: what it says belongs into the settings, before the network is used.

        Raises:
            UsageError: the settings name no network of your own, or its file is one that is known and calibrated.
            NoStoreError: there is no store yet.
            FamiliarError: the library has too few photos with several faces, or the network can't be used.
        """
        from familiar.embedding_models import OWN
        from familiar.library.model_scale import measure_length
        from familiar.vision.chosen_model import chosen_model

        session, vision = self._session, self._session.settings.vision
        if vision.model != OWN:
            raise UsageError(
                f"vision.model is {vision.model or 'null'}, but what is measured is a network of your own. Set it to "
                f"{OWN}, and vision.model_file to the ONNX file; to try it first, in a copy that --config names."
            )
        model = chosen_model(vision)
        if model.name != OWN:
            raise UsageError(
                f"vision.model_file: {vision.model_file} is {model.name}, which is known and calibrated. There is "
                "nothing to measure, and vision.model_length has no effect."
            )
        store = session.store()

        async def measure() -> MeasuredLength:
            async with session.workers_for(model) as workers:
                await workers.devices()
                with session.progress("measuring") as count:
                    return await measure_length(store, workers, count)

        return session.run(measure())

    def use(self, name: str) -> ModelChange:
        """Use a model from now on: all faces are encoded again by it, references first, then the newest photos.

        Names, clusters and decisions stay, and so do the embeddings of other models: to go back to one of them takes
        no photo. A daemon that runs encodes the faces in the background, and this call returns at once. After an
        interruption, the next call continues.

        Raises:
            UsageError: there is no model of this name, or the settings ask for another one.
            NoStoreError: there is no store yet.
            FamiliarError: the network can't be used (nothing is changed then); another process has the library for too
                long, or has chosen another model meanwhile.
        """
        from familiar.library.models import ModelChange
        from familiar.library.reencoding import Reencoded

        session, model = self._session, self._choosable(name)
        store = session.store()
        done = session.run(self._use(model))
        if done is None:
            done = Reencoded()
        else:
            session.rematch()
        return ModelChange(
            model=model.name,
            daemon=session.handover.daemon_with(model.id),
            photos=done.photos,
            restored=done.restored,
            left=done.left,
            references_left=store.references.without_face(model.id),
        )

    async def _use(self, model: Model) -> Reencoded | None:
        """Choose a model, and encode all faces by it; None if a daemon does that.

        Raises:
            FamiliarError: as `use` does.
        """
        session, store = self._session, self._session.store()
        async with session.workers_for(model) as workers:
            if store.embeddings.count_missing(model.id):
                await workers.devices()  # a network that can't be used changes nothing
            store.models.use(model.id)
            if session.handover.await_daemon_with(model.id) is not None:
                return None
            return await self._reencode(model, workers)

    async def _reencode(self, model: Model, workers: Workers) -> Reencoded:
        """Encode all faces by a model until that is done, or a daemon has begun to.

        Raises:
            FamiliarError: another model was chosen meanwhile.
        """
        session, store = self._session, self._session.store()
        handover = session.handover

        def goes_on() -> bool:
            return store.models.in_use == model.id and handover.daemon_with(model.id) is None

        reencoder = session.reencoder(workers)
        with session.progress("encoding photos of references") as count:
            references = await reencoder.reencode_references(count)
        with session.progress("encoding other photos") as count:
            others = await reencoder.reencode_all(count, goes_on)
        if store.models.in_use != model.id:
            raise FamiliarError(f"Another model was chosen meanwhile: {model.name!r} is not used.")
        return references + others

    def _choosable(self, name: str) -> Model:
        """Return the model of this name.

        Raises:
            UsageError: there is none, or the settings ask for another one.
        """
        from familiar.library.models import known_model
        from familiar.vision.chosen_model import model_in_use

        vision = self._session.settings.vision
        model = known_model(name, self._session.known_models)
        found = model_in_use(vision, model.id)
        if found == model:
            return model
        key = "model" if vision.model is not None else "mirror"
        value = f"{vision.model}" if vision.model is not None else f"{vision.mirror}".lower()
        raise UsageError(
            f"{self._session.environment.config}: vision.{key} is {value}, which asks for the model {found.name}. "
            f"Remove that line, and run this again to use {model.name}."
        )

    def _store_if_any(self) -> Store | None:
        try:
            return self._session.store()
        except NoStoreError:
            return None
