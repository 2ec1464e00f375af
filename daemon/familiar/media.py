"""What a file is by its name: photo, RAW file or video."""

import importlib.util
from pathlib import Path

VIDEOS = (
    "*.mp4", "*.m4v", "*.mov", "*.3gp", "*.avi", "*.mkv", "*.webm", "*.mts", "*.m2ts", "*.mpg", "*.mpeg", "*.wmv",
    "*.mp",
)  # fmt: skip
"""Names of videos; the last one is the moving part of Google's motion photos."""

RAWS = (
    "*.dng", "*.cr2", "*.cr3", "*.crw", "*.nef", "*.nrw", "*.arw", "*.srf", "*.sr2", "*.orf", "*.rw2", "*.raf",
    "*.pef", "*.srw", "*.erf", "*.mrw", "*.3fr", "*.iiq", "*.rwl", "*.kdc", "*.dcr", "*.x3f",
)  # fmt: skip
"""Names of RAW files."""

PHOTOS = (
    "*.jpg", "*.jpeg", "*.jpe", "*.jfif", "*.png", "*.webp", "*.tif", "*.tiff",
    "*.gif", "*.bmp", "*.heic", "*.heif", "*.hif", "*.avif", "*.mpo", "*.jxl",
)  # fmt: skip
"""Names of pictures."""

JPEG_XL = ("*.jxl",)
"""Names of pictures that a plug-in of Pillow decodes, if it is installed."""

LONGEST_CLIP = 5.0
"""Longest moving part of a live photo, in seconds; what is longer beside a still is a video of its own."""

LONGEST_IDENTIFIED_CLIP = 30.0
"""Longest moving part, in seconds, of a live photo whose still and clip have one identifier."""


def is_photo(path: Path) -> bool:
    """Return whether a file is a photo by its name, and no video."""
    return f"*{path.suffix.lower()}" in PHOTOS or is_raw(path)


def is_video(path: Path) -> bool:
    """Return whether a file is a video by its name."""
    return f"*{path.suffix.lower()}" in VIDEOS


def is_raw(path: Path) -> bool:
    """Return whether a file is a RAW file by its name."""
    return f"*{path.suffix.lower()}" in RAWS


def jpeg_xl_plugin() -> str | None:
    """Return the module that lets Pillow decode JPEG XL, if one is installed."""
    plugins = ("pillow_jxl", "jxlpy.JXLImagePlugin")
    return next((name for name in plugins if importlib.util.find_spec(name.partition(".")[0]) is not None), None)


def has_raw_decoder() -> bool:
    """Return whether rawpy is installed, an extra that decodes RAW files."""
    return importlib.util.find_spec("rawpy") is not None
