"""Photos that all tests share."""

import shutil
from pathlib import Path

import pytest

import photos


@pytest.fixture(scope="session")
def package_photos() -> Path:
    return photos.package_photos()


@pytest.fixture(scope="session")
def obama(package_photos: Path) -> Path:
    return package_photos / "obama.jpg"


@pytest.fixture(scope="session")
def obama2(package_photos: Path) -> Path:
    return package_photos / "obama2.jpg"


@pytest.fixture(scope="session")
def biden(package_photos: Path) -> Path:
    return package_photos / "biden.jpg"


@pytest.fixture(scope="session")
def astronaut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portrait of Eileen Collins: 512 × 320 pixels, one face."""
    from PIL import Image  # noqa: PLC0415
    from skimage import data  # noqa: PLC0415 - it takes a second to import

    path = tmp_path_factory.mktemp("astronaut") / "astronaut.jpg"
    pixels = data.astronaut()  # type: ignore[no-untyped-call]
    Image.fromarray(pixels[:320]).save(path, quality=95)
    return path


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    folder = photos.shared_folder("photos")
    if folder is None:
        pytest.skip("the folder of shared photos is missing")
    return folder


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def put(photo: Path, folder: Path, name: str | None = None) -> Path:
    """Copy a photo into a folder."""
    return Path(shutil.copy(photo, folder / (name or photo.name)))
