"""Videos made of photos, for the tests."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

SIZE = (640, 480)


def write_video(
    path: Path,
    scenes: Sequence[tuple[Path | None, float]],
    *,
    rate: int = 5,
    turned: int = 0,
    gop: int = 10,
    options: dict[str, str] | None = None,
    pixels: Fraction | None = None,
    metadata: dict[str, str] | None = None,
    size: tuple[int, int] = SIZE,
) -> Path:
    """Write a video of scenes, each a photo (None: black) and its seconds; `turned` is how a player is to turn it.

    There is a key frame every `gop` frames. `pixels` is how much wider than high they are.
    """
    with av.open(str(path), "w", options=options or {}) as container:
        container.metadata.update(metadata or {})
        coding = {"preset": "ultrafast", "g": str(gop), "x264-params": "scenecut=0"}
        stream = container.add_stream("libx264", rate=rate, options=coding)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if pixels is not None:
            stream.codec_context.sample_aspect_ratio = pixels
        if turned:
            stream.set_display_rotation(turned)
        for photo, seconds in scenes:
            frame = av.VideoFrame.from_image(_picture(photo, size))  # type: ignore[no-untyped-call]
            for _ in range(round(seconds * rate)):
                frame.pts = None
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _picture(photo: Path | None, size: tuple[int, int]) -> Image.Image:
    canvas = Image.new("RGB", size)
    if photo is not None:
        with Image.open(photo) as image:
            upright = image.convert("RGB")
        upright.thumbnail(size)
        canvas.paste(upright)
    return canvas
