"""Real faces for the tests: photos that come with packages, and the folder of shared photos where there is one."""

import fcntl
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

SDIST = "face_recognition-1.3.0.tar.gz"
SDIST_SHA256 = "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec"
"""SHA-256 of the source distribution of face_recognition 1.3.0, which has photos of Obama and Biden in its tests."""

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "familiar-tests"
MODELS = CACHE / "models"
"""Where all tests keep converted networks."""

REPOSITORY = Path(__file__).parents[2]


def shared_folder(name: str) -> Path | None:
    """Return a folder of the shared data, or None where that is missing."""
    base = os.environ.get("FAMILIAR_SHARED")
    folder = Path(base) / name if base else REPOSITORY.parent / "shared" / name
    return folder if folder.is_dir() else None


def package_photos() -> Path:
    """Return the folder with the photos of the source distribution, fetching it if needed.

    Two processes may ask at once: the second waits for the first.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    photos = CACHE / f"photos-{SDIST_SHA256[:12]}"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not photos.is_dir():
            _unpack(_fetch(CACHE), photos)
    return photos


def _fetch(cache: Path) -> Path:
    file = cache / SDIST
    if not file.is_file():
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation"]
            subprocess.run([*command, "--no-binary", ":all:", "--dest", folder, "face_recognition==1.3.0"], check=True)
            (Path(folder) / SDIST).rename(file)
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != SDIST_SHA256:
        file.unlink()
        raise ValueError(f"{SDIST} has the SHA-256 {found}, but {SDIST_SHA256} was expected")
    return file


def _unpack(sdist: Path, photos: Path) -> None:
    with tempfile.TemporaryDirectory(dir=photos.parent) as folder:
        with tarfile.open(sdist) as archive:
            for member in archive.getmembers():
                name = Path(member.name)
                if member.isfile() and name.parent.name == "test_images":
                    member.name = name.name
                    archive.extract(member, folder, filter="data")
        Path(folder).chmod(0o755)
        Path(folder).rename(photos)
        Path(folder).mkdir()  # so that the clean-up finds what it made
