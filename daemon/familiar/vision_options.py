"""What worker processes have to know of the settings: plain values, which they get without loading what checks them.

pydantic and the models of all settings take as long to load as numpy does.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

PRESETS: dict[str, dict[str, dict[str, int]]] = {
    "fast": {"yunet": {"upsample": 0, "max_size": 320}, "others": {"upsample": 1, "max_size": 800}},
    "balanced": {"yunet": {"upsample": 0, "max_size": 640}, "others": {"upsample": 1, "max_size": 1200}},
    "thorough": {"yunet": {"upsample": 0, "max_size": 2560}, "others": {"upsample": 2, "max_size": 2000}},
}
"""The values of each preset, with the detector yunet and with the others (docs/detection.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionOptions:
    """The values of `VisionSettings` that workers need, under the same names, and whether networks run on a GPU."""

    preset: Literal["fast", "balanced", "thorough"]
    engine: Literal["onnx", "dlib"]
    detector: Literal["yunet", "mtcnn", "hog", "cnn"]
    upsample: int
    max_size: int
    model_file: Path | None
    model_sha256: str | None
    model: Literal["sface", "dlib", "own"] | None
    model_dimension: int
    model_mean: float
    model_std: float
    model_colours: Literal["rgb", "bgr"]
    model_length: float
    mirror: bool | None
    video_interval: float
    video_frames: int
    video_time_limit: float
    time_limit: float
    memory_limit: int
    large_memory_limit: int
    max_megapixels: int
    damaged_after: float
    has_gpu_build: bool

    def with_detector(self, detector: Literal["mtcnn", "hog"]) -> Self:
        """Return the options with another detector in the place of yunet, at the scale of the preset."""
        scale = PRESETS[self.preset]["others"]
        return replace(self, detector=detector, upsample=scale["upsample"], max_size=scale["max_size"])
