"""Which model the settings ask for."""

from dataclasses import dataclass
from typing import Literal

from familiar.embedding_models import DLIB, DLIB_PLAIN, FILES, SFACE, Model, own_model
from familiar.errors import GoneError, RetryError, UsageError
from familiar.filesystem.reading import fingerprint
from familiar.settings import VisionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelValues:
    """What a network takes for pixels: their values less `mean`, divided by `std`; red first, or blue."""

    mean: float
    std: float
    colours: Literal["rgb", "bgr"]


def chosen_model(settings: VisionSettings) -> Model:
    """Return the model whose embeddings these settings give. Both engines run dlib's network, with the same numbers.

    A network of the user's own is told by its file, which is read and not taken apart here.

    Raises:
        UsageError: that file can't be read.
    """
    match settings.model:
        case "sface":
            return SFACE
        case "own":
            hash_ = file_hash(settings)
            return FILES.get(hash_) or own_model(
                dimension=settings.model_dimension,
                length=settings.model_length,
                told_apart_by=f"{hash_} {pixel_values(settings)}",
            )
    return DLIB if settings.mirror else DLIB_PLAIN


def file_hash(settings: VisionSettings) -> str:
    """Return the SHA-256 of the file that the settings name, 64 hexadecimal digits.

    Raises:
        UsageError: it can't be read.
    """
    assert settings.model_file is not None, "the settings are checked"
    try:
        return fingerprint(settings.model_file)
    except (GoneError, RetryError) as error:
        raise UsageError(f"vision.model_file: {error}") from error


def pixel_values(settings: VisionSettings) -> PixelValues:
    """Return how the user's own network sees pixels."""
    return PixelValues(mean=settings.model_mean, std=settings.model_std, colours=settings.model_colours)
