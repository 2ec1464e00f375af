"""Which model encodes faces: the one that the settings ask for, or else the one that the store has in use."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from familiar.embedding_models import (
    DEFAULT,
    DLIB,
    DLIB_PLAIN,
    FILES,
    NOT_NAMED,
    OWN,
    SFACE,
    Model,
    is_own,
    model_of,
    own_model,
)
from familiar.errors import GoneError, ModelError, RetryError, SetAsideError, UsageError
from familiar.filesystem.reading import fingerprint
from familiar.vision_options import VisionOptions

if TYPE_CHECKING:
    from familiar.settings import VisionSettings

Choice: TypeAlias = "VisionSettings | VisionOptions"
"""What says which model is to be used: the settings, and in workers what they know of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelValues:
    """What a network takes for pixels: their values less `mean`, divided by `std`; red first, or blue."""

    mean: float
    std: float
    colours: Literal["rgb", "bgr"]


def chosen_model(settings: Choice) -> Model:
    """Return the model whose embeddings these settings give, where they leave it open that of a new store.

    That is SFace, unless they ask for what only dlib has. Both engines run dlib's network, with the same numbers. A
    network of the user's own is told by its file, which is read and not taken apart here.

    Raises:
        UsageError: that file can't be read.
    """
    is_dlibs = settings.engine == "dlib" or settings.mirror is not None
    match settings.model or ("dlib" if is_dlibs else DEFAULT.name):
        case "sface":
            return SFACE
        case "own":
            hash_ = file_hash(settings)
            return FILES.get(hash_) or own_model(
                dimension=settings.model_dimension,
                length=settings.model_length,
                told_apart_by=f"{hash_} {pixel_values(settings)}",
            )
    return DLIB_PLAIN if settings.mirror is False else DLIB


def file_hash(settings: Choice) -> str:
    """Return the SHA-256 of the file that the settings name, 64 hexadecimal digits.

    Raises:
        UsageError: it can't be read, or is not the one of `model_sha256`.
    """
    assert settings.model_file is not None, "the settings are checked"
    found = hash_of(settings.model_file)
    if settings.model_sha256 not in {None, found}:
        raise UsageError(
            f"vision.model_file: {settings.model_file} has the SHA-256 {found}, not {settings.model_sha256}; put the "
            "former file back, or restart familiar to use another network"
        )
    return found


def hash_of(file: Path) -> str:
    """Return the SHA-256 of a file that is given as `model_file`, 64 hexadecimal digits.

    Raises:
        UsageError: it can't be read.
    """
    try:
        return fingerprint(file)
    except GoneError as error:
        raise UsageError(f"vision.model_file: {file}: no such file") from error
    except (RetryError, SetAsideError) as error:
        raise UsageError(f"vision.model_file: {file}: {error}") from error


def pixel_values(settings: Choice) -> PixelValues:
    """Return how the user's own network sees pixels."""
    return PixelValues(mean=settings.model_mean, std=settings.model_std, colours=settings.model_colours)


def fixed_model(settings: "VisionSettings") -> Model | None:
    """Return the model that the settings ask for, or None where they leave that to the store."""
    return None if settings.model is None else chosen_model(settings)


def model_in_use(settings: "VisionSettings", recorded: str | None) -> Model:
    """Return the model in use.

    Args:
        settings: where they ask for a model, it is that one; `mirror` alone tells which one of dlib it is.
        recorded: id of the model that the store has in use; None in a store that has encoded no face yet.

    Raises:
        ModelError: the settings and this installation do not know that model, or the engine can't run it.
        UsageError: the file of a network of the user's own can't be read.
    """
    fixed = fixed_model(settings)
    if fixed is not None:
        return fixed
    if recorded is None:
        return chosen_model(settings)
    found = model_of(recorded)
    if found is None:
        raise _unknown(recorded, settings)
    if found in {DLIB, DLIB_PLAIN}:
        return found if settings.mirror is None else chosen_model(settings)
    if settings.engine == "dlib":
        raise ModelError(
            f"The store has the model {found.name} in use, which the engine dlib can't run",
            f"set vision.engine to 'onnx', or run `familiar models use dlib`, {_KEPT.format('dlib')}",
        )
    return found


_KEPT = "which keeps names and clusters, and encodes the faces that {} has not encoded before"


def _unknown(id_: str, settings: "VisionSettings") -> ModelError:
    other = "dlib" if settings.engine == "dlib" else DEFAULT.name
    way_out = f"run `familiar models use {other}`, {_KEPT.format(other)}"
    encoded = f"The faces in the store were encoded by the model {id_!r}"
    if is_own(id_):
        return ModelError(
            f"{encoded}, {NOT_NAMED}",
            f"restore vision.model: own with its model_file and the other settings of that network, or {way_out}",
        )
    return ModelError(
        f"{encoded}, which is not known here", f"use the version of familiar that encoded them, or {way_out}"
    )


def doubts(settings: "VisionSettings") -> tuple[str, ...]:
    """Return what is set for a network of the user's own and has no effect, or why that can't be told."""
    given = [key for key in _OF_OWN if key in settings.model_fields_set]
    if settings.model != OWN:
        reason = f"it is for a network of your own (vision.model: {OWN})"
    else:
        try:
            model = chosen_model(settings)
        except UsageError as error:
            return (str(error),)
        if model.name == OWN:
            return ()
        reason = f"{settings.model_file} is {model.name}, which is known and calibrated"
    return tuple(f"vision.{key} has no effect: {reason}" for key in given)


_OF_OWN = ("model_dimension", "model_mean", "model_std", "model_colours", "model_length")


def settings_for(model: Model, settings: "VisionSettings") -> "VisionSettings":
    """Return these settings as they are for encoding faces by a model; one of the user's own is that of the settings.

    Raises:
        UsageError: the file that they name can't be read.
    """
    if model.name == OWN:  # a file that changes later gives other embeddings
        return settings.model_copy(update={"model": OWN, "model_sha256": file_hash(settings)})
    is_of_file = settings.model == OWN and chosen_model(settings) == model
    file = settings.model_file if is_of_file or settings.model != OWN else None
    name = "sface" if model == SFACE else "dlib"
    return settings.model_copy(update={"model": name, "model_file": file, "mirror": model != DLIB_PLAIN})
