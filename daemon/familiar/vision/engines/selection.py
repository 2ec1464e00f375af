"""The engines that can be chosen, each built from its parts."""

from pathlib import Path

from familiar.embedding_models import DLIB, DLIB_PLAIN, SFACE, Model
from familiar.errors import FamiliarError
from familiar.vision.chosen_model import chosen_model, pixel_values
from familiar.vision.engines.dlib_networks import (
    DlibCnnDetector,
    DlibEncoder,
    HogDetector,
    ReducingDetector,
    load_landmarks,
)
from familiar.vision.engines.engine import Detector, Encoder, Engine, FaceEngine
from familiar.vision.engines.second_look import SecondLookDetector
from familiar.vision_options import VisionOptions


def load_engine(options: VisionOptions, models: Path) -> tuple[Engine, str | None]:
    """Return the engine of the settings with all its networks, and the reason if it is not the configured one, or None.

    Args:
        options: engine, detector, upsampling and the scale of detection.
        models: the folder for converted models.

    Raises:
        FamiliarError: no engine can be loaded that gives the embeddings of the chosen model.
    """
    if options.engine == "onnx":
        try:
            return _onnx_engine(options, models)
        except (FamiliarError, ImportError, OSError) as error:
            model = chosen_model(options)
            if model not in {DLIB, DLIB_PLAIN}:
                raise FamiliarError(f"the model {model.name} can't be used: {error}") from error
            return _dlib_engine(options), f"ONNX Runtime can't be used: {error}"
    return _dlib_engine(options), None


def _onnx_engine(options: VisionOptions, models: Path) -> tuple[Engine, str | None]:
    """Return the engine that ONNX Runtime runs; mtcnn takes the place of yunet where that can't be loaded."""
    from familiar.vision.engines.onnx_sessions import has_cuda  # noqa: PLC0415 - ONNX Runtime may be missing

    try:
        detector = load_detector(options, models)
    except FamiliarError as error:
        if options.detector != "yunet":
            raise
        engine, _ = _onnx_engine(options.with_detector("mtcnn"), models)
        return engine, f"yunet can't be used, mtcnn takes its place: {error}"
    encoder = _encoder(chosen_model(options), options, models)
    without = "CUDA can't be used; using the CPU" if has_cuda() and encoder.device == "CPU" else None
    return _engine(options, "onnx", detector, encoder), without


def load_detector(options: VisionOptions, models: Path) -> Detector:
    """Return the detector of the settings as ONNX Runtime runs it; HOG, which it does not have, as dlib does.

    Raises:
        FamiliarError: it can't be loaded.
    """
    from familiar.vision.engines.mtcnn import MtcnnDetector  # noqa: PLC0415
    from familiar.vision.engines.onnx_networks import OnnxDetector  # noqa: PLC0415
    from familiar.vision.engines.yunet import YunetDetector  # noqa: PLC0415

    upsample, max_size = options.upsample, options.max_size
    match options.detector:
        case "yunet":
            return YunetDetector(models, upsample=upsample, max_size=max_size)
        case "mtcnn":
            return SecondLookDetector(MtcnnDetector(models, upsample=upsample, max_size=max_size))
        case "cnn":
            return SecondLookDetector(ReducingDetector(OnnxDetector(models, upsample=upsample), max_size=max_size))
        case "hog":
            return SecondLookDetector(ReducingDetector(HogDetector(upsample=upsample), max_size=max_size))


def _encoder(model: Model, options: VisionOptions, models: Path) -> Encoder:
    from familiar.vision.engines.onnx_models import models_of  # noqa: PLC0415
    from familiar.vision.engines.onnx_networks import DirectionEncoder, DlibOnnxEncoder  # noqa: PLC0415
    from familiar.vision.engines.onnx_sessions import open_session  # noqa: PLC0415
    from familiar.vision.engines.opencv_models import head_of, sface_from  # noqa: PLC0415
    from familiar.vision.engines.own_models import open_own  # noqa: PLC0415

    if model in {DLIB, DLIB_PLAIN}:
        return DlibOnnxEncoder(models, mirror=model != DLIB_PLAIN)
    if model == SFACE:
        network, path = sface_from(options.model_file)
        parts = models_of([network, head_of(network)], models, path=path)
        trunk, head = (open_session(part, str(path), gpu=True) for part in parts)
        return DirectionEncoder(trunk, head, model, path)
    assert options.model_file is not None, "the settings are checked"
    path = options.model_file
    session = open_own(path, models, pixels=pixel_values(options), dimension=model.dimension)
    return DirectionEncoder(session, None, model, path)


def _dlib_engine(options: VisionOptions) -> Engine:
    """Return dlib's own engine; HOG replaces a detector that dlib does not have."""
    if options.detector not in {"hog", "cnn"}:
        options = options.with_detector("hog")
    kind = DlibCnnDetector if options.detector == "cnn" else HogDetector
    detector = ReducingDetector(kind(upsample=options.upsample), max_size=options.max_size)
    encoder = DlibEncoder(mirror=options.mirror is not False)
    return _engine(options, "dlib", SecondLookDetector(detector), encoder)


def _engine(options: VisionOptions, name: str, detector: Detector, encoder: Encoder) -> Engine:
    chosen = f"{options.detector} upsample={options.upsample} max_size={options.max_size}"
    model = chosen_model(options)
    return FaceEngine(
        model=model,
        description=f"{model.id} {name} {chosen}",
        detector=detector,
        landmarks=load_landmarks(),
        encoder=encoder,
    )
