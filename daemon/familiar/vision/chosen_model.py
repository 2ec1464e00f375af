"""Which model the settings ask for."""

from familiar.embedding_models import DLIB, DLIB_PLAIN, SFACE, Model
from familiar.settings import VisionSettings


def chosen_model(settings: VisionSettings) -> Model:
    """Return the model whose embeddings these settings give. Both engines run dlib's network, with the same numbers."""
    if settings.model == "sface":
        return SFACE
    return DLIB if settings.mirror else DLIB_PLAIN
