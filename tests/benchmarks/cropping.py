"""Compare `familiar crop` with a plain Pillow loop that makes the same crops: seconds for both, and their ratio.

    uv run python tests/benchmarks/cropping.py FOLDER... [--crops N] [--size N] [--aligned] [--large MEGAPIXELS]

All photos are looked at before, by another crop: what is timed is what the command does with photos that are known,
from its start to its end. The loop is told the boxes; it reads, decodes, turns, crops, resizes and saves, in the same
format, in one process, its start included.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.photos import MODELS

LOOP = """
import json, sys
from PIL import Image, ImageOps
faces, out, size, margin = json.load(open(sys.argv[1])), sys.argv[2], int(sys.argv[3]), 0.4
for number, face in enumerate(faces):
    with Image.open(face["source"]) as file:
        try:
            image = ImageOps.exif_transpose(file).convert("RGB")
        except SyntaxError:
            image = file.convert("RGB")
    side = min((1 + 2 * margin) * max(face["width"], face["height"]), *image.size)
    left = min(max(face["x"] + face["width"] / 2 - side / 2, 0), image.width - side)
    top = min(max(face["y"] + face["height"] / 2 - side / 2, 0), image.height - side)
    box = tuple(map(round, (left, top, left + side, top + side)))
    face = image.crop(box).resize((size, size), Image.Resampling.LANCZOS)
    face.save(f"{out}/{number}.jpg", quality=92, subsampling=0)
"""


def gather(folders: list[Path], into: Path, most: int, megapixels: float | None) -> None:
    """Copy so many photos, in equal parts from all folders; enlarge them if that is requested."""
    lists = [
        sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".png"}) for folder in folders
    ]
    short = sorted(lists, key=len)
    chosen: list[Path] = []
    for number, files in enumerate(short):
        chosen += files[: (most - len(chosen)) // (len(short) - number)]
    for number, path in enumerate(chosen):
        copy = into / f"{number:04}-{path.name}"
        shutil.copy(path, copy)
        if megapixels is not None:
            with Image.open(copy) as image:
                upright = image.convert("RGB")
            factor = (megapixels * 1e6 / (upright.width * upright.height)) ** 0.5
            upright.resize((round(upright.width * factor), round(upright.height * factor))).save(
                copy.with_suffix(".jpg")
            )
            if copy.suffix != ".jpg":
                copy.unlink()


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a command; return how long it took, and how much time of processors."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--crops", type=int, default=500)
    parser.add_argument("--size", default="256")
    parser.add_argument("--large", type=float, metavar="MEGAPIXELS", help="enlarge all photos to so many")
    parser.add_argument("--all-faces", action="store_true", help="crop each face, not one a photo")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        photos = base / "photos"
        photos.mkdir()
        gather(options.folders, photos, options.crops, options.large)
        # Both run from compiled modules, as on a user's machine.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"FAMILIAR_STATE": str(base / "state"), "CACHE_DIRECTORY": str(MODELS.parent)}
        reference = next(iter(sorted(photos.iterdir())))
        command = ["familiar", "crop", "--reference", str(reference), "--largest", "--threshold", "1", str(photos)]
        command += ["--size", options.size, *(["--all-faces"] if options.all_faces else []), "--to"]
        timed([*command, str(base / "first")], environment)
        for number in range(options.rounds):
            out, own = base / f"own-{number}", base / f"loop-{number}"
            own.mkdir()
            seconds, work = timed([*command, str(out)], environment)
            made = json.loads((out / "faces.json").read_text())["faces"]
            (base / "faces").write_text(json.dumps(made))
            loop, loop_work = timed(
                [sys.executable, "-c", LOOP, str(base / "faces"), str(own), options.size], environment
            )
            again, _ = timed([*command, str(out)], environment)
            print(
                f"{len(made)} crops: {seconds:.2f} s, plain loop {loop:.2f} s, ratio {seconds / loop:.2f} "
                f"(of processors {work:.2f} s and {loop_work:.2f} s); again, with nothing new: {again:.2f} s"
            )


if __name__ == "__main__":
    main()
