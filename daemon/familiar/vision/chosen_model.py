"""Which model encodes faces: the one that the settings ask for, or else the one that the store has in use."""

from familiar.embedding_models import DLIB, DLIB_PLAIN, SFACE, Model, model_of
from familiar.errors import UsageError
from familiar.settings import VisionSettings


def chosen_model(settings: VisionSettings) -> Model:
    """Return the model whose embeddings these settings give. Both engines run dlib's network, with the same numbers."""
    if settings.model == "sface":
        return SFACE
    return DLIB_PLAIN if settings.mirror is False else DLIB


def fixed_model(settings: VisionSettings) -> Model | None:
    """Return the model that the settings ask for, or None where they leave that to the store."""
    return None if settings.model is None else chosen_model(settings)


def model_in_use(settings: VisionSettings, recorded: str | None) -> Model:
    """Return the model in use.

    Args:
        settings: where they ask for a model, it is that one; `mirror` alone tells which one of dlib it is.
        recorded: id of the model that the store has in use; None in a store that has encoded no face yet.

    Raises:
        UsageError: that model is none that this installation knows, or the engine can't run it.
    """
    fixed = fixed_model(settings)
    if fixed is not None:
        return fixed
    if recorded is None:
        return default_model(settings)
    found = model_of(recorded)
    if found is None:
        raise UsageError(
            f"The faces in the store were encoded by the model {recorded!r}, which is not known here. Set vision.model "
            "to another one; `familiar models list` shows them. All faces are encoded again by it then."
        )
    if found in {DLIB, DLIB_PLAIN}:
        return found if settings.mirror is None else chosen_model(settings)
    if settings.engine == "dlib":
        raise UsageError(
            f"The store has the model {found.name} in use, which the engine dlib can't run. Set vision.engine to "
            "'onnx', or vision.model to 'dlib': all faces are encoded again by it then."
        )
    return found


def default_model(settings: VisionSettings) -> Model:
    """Return the model of a store that has encoded no face yet."""
    return chosen_model(settings)


def settings_for(model: Model, settings: VisionSettings) -> VisionSettings:
    """Return these settings as they are for encoding faces by a model."""
    name = "sface" if model == SFACE else "dlib"
    return settings.model_copy(update={"model": name, "mirror": model != DLIB_PLAIN})
