import os
from pathlib import Path

from familiar.review.picture_cache import PictureCache


def test_pictures_are_kept_under_their_names(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path / "faces", limit=1000)
    assert cache.get("abc.webp") is None
    cache.put("abc.webp", b"picture")
    assert cache.get("abc.webp") == b"picture"
    assert PictureCache(tmp_path / "faces", limit=1000).get("abc.webp") == b"picture"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["abc.webp"]


def test_the_oldest_pictures_go_when_there_are_too_many_bytes(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path / "faces", limit=1000)
    for number in range(30):
        cache.put(f"{number:02}.webp", b"x" * 100)
        path = tmp_path / "faces" / f"{number:02}" / f"{number:02}.webp"
        os.utime(path, (number, number))
    assert cache.get("29.webp") is not None
    assert cache.get("00.webp") is None
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.webp")) <= 1000


def test_a_cache_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = PictureCache(tmp_path / "file", limit=1000)
    cache.put("abc.webp", b"picture")
    assert cache.get("abc.webp") is None
