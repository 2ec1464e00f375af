"""Memory that decoding a picture takes, by format and size.

uv run python tests/benchmarks/decoding_memory.py [MEGAPIXELS ...]

Makes a picture of each size (12, 50, 108 and 200 megapixels, 4:3) in each format, in a temporary folder, and decodes it
in a process of its own, as a worker does to find faces, and whole, as for a crop. Prints the largest private memory of
the process, less what it had before it read the file, in MB. It takes some minutes, and 2 GB of disk.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

FORMATS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("a.jpg", {}),
    "progressive JPEG": ("a.jpg", {"progressive": True}),
    "MPO": ("a.mpo", {"save_all": True}),
    "PNG": ("a.png", {"compress_level": 1}),
    "PNG with transparency": ("a.png", {"compress_level": 1}),
    "PNG, 16-bit grey": ("a.png", {"compress_level": 1}),
    "TIFF": ("a.tif", {}),
    "WebP": ("a.webp", {"method": 0}),
    "HEIC": ("a.heic", {"quality": 30, "enc_params": {"preset": "ultrafast"}}),
}

MEASURED = """
import sys, threading, time
from familiar.vision.decoding.memory import used
from familiar.vision.decoding.pictures import decode, prepare_decoders

prepare_decoders()
before, most, is_done = used(), 0, False

def watch():
    global most
    while not is_done:
        most = max(most, used())
        time.sleep(0.005)

thread = threading.Thread(target=watch)
thread.start()
decode(open(sys.argv[1], "rb").read(), max_megapixels=1000, at_least=int(sys.argv[2]) or None)
is_done = True
thread.join()
print((most - before) // 10**6)
"""


def main() -> None:
    pillow_heif.register_heif_opener()
    pillow_heif.options.GRID_TILE_SIZE = 512  # as phones do
    sizes = [int(text) for text in sys.argv[1:]] or [12, 50, 108, 200]
    print("format", *(f"{size} MP: to find faces / whole" for size in sizes), sep=" | ")
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, options) in FORMATS.items():
            cells = []
            for megapixels in sizes:
                path = Path(folder, file)
                picture(name, megapixels).save(path, **options)
                cells.append(f"{peak(path, 1000)} / {peak(path, 0)}")
            print(name, *cells, sep=" | ", flush=True)


def picture(name: str, megapixels: int) -> Image.Image:
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    small = np.random.default_rng(1).integers(0, 255, (150, 200, 3), np.uint8)
    image = Image.fromarray(small).resize((width, width * 3 // 4), Image.Resampling.BILINEAR)
    if name.endswith("transparency"):
        return image.convert("RGBA")
    return Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257) if name.endswith("grey") else image


def peak(path: Path, at_least: int) -> int:
    command = [sys.executable, "-c", MEASURED, str(path), str(at_least)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
