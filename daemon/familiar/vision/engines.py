"""The engines that can be chosen, each put together from its parts."""

from pathlib import Path

from familiar.errors import FamiliarError
from familiar.settings import VisionSettings
from familiar.vision.dlib_networks import DlibCnnDetector, DlibEncoder, HogDetector, load_landmarks
from familiar.vision.engine import Detector, Encoder, Engine, FaceEngine

EMBEDDING_ID = "dlib-resnet-v1"
"""Both engines run the same network, and give the same numbers."""


def load_engine(settings: VisionSettings, models: Path) -> tuple[Engine, str | None]:
    """Return the engine of the settings with all its networks, and why it is another one than was asked for, or None.

    Args:
        settings: engine, detector, upsampling and the scale of detection.
        models: the folder for converted models.

    Raises:
        FamiliarError: no engine can be loaded.
    """
    if settings.engine == "onnx":
        try:
            return _onnx_engine(settings, models), None
        except (FamiliarError, ImportError, OSError) as error:
            return _dlib_engine(settings), f"ONNX Runtime can't be used: {error}"
    return _dlib_engine(settings), None


def _onnx_engine(settings: VisionSettings, models: Path) -> Engine:
    from familiar.vision.onnx_networks import OnnxDetector, OnnxEncoder  # noqa: PLC0415 - where it may be missing

    detector = (
        OnnxDetector(models, upsample=settings.upsample)
        if settings.detector == "cnn"
        else HogDetector(upsample=settings.upsample)
    )
    return _engine(settings, "onnx", detector, OnnxEncoder(models))


def _dlib_engine(settings: VisionSettings) -> Engine:
    detector = (
        DlibCnnDetector(upsample=settings.upsample)
        if settings.detector == "cnn"
        else HogDetector(upsample=settings.upsample)
    )
    return _engine(settings, "dlib", detector, DlibEncoder())


def _engine(settings: VisionSettings, name: str, detector: Detector, encoder: Encoder) -> Engine:
    chosen = f"{settings.detector} upsample={settings.upsample} max_size={settings.max_size}"
    return FaceEngine(
        id=EMBEDDING_ID,
        description=f"{EMBEDDING_ID} {name} {chosen}",
        detector=detector,
        landmarks=load_landmarks(),
        encoder=encoder,
        max_size=settings.max_size,
    )
