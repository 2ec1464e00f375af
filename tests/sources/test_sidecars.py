from pathlib import Path

import pytest

from familiar.sources.sidecars import new_sidecar, photos_of, sidecars_of


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


@pytest.mark.parametrize(
    ("lying", "photo", "sidecars"),
    [
        ("a.jpg", "a.jpg", []),
        ("a.jpg a.jpg.xmp", "a.jpg", ["a.jpg.xmp"]),
        ("a.jpg a.jpg.XMP", "a.jpg", ["a.jpg.XMP"]),
        ("a.jpg a.xmp", "a.jpg", ["a.xmp"]),
        ("a.jpg a.xmp a.jpg.xmp", "a.jpg", ["a.jpg.xmp", "a.xmp"]),
        ("a.JPG a.NEF a.xmp", "a.JPG", []),
        ("a.JPG a.NEF a.xmp", "a.NEF", ["a.xmp"]),
        ("a.heic a.mov a.xmp", "a.heic", ["a.xmp"]),
        ("a.heic a.mov a.xmp", "a.mov", []),
        ("a.jpg a.png a.xmp", "a.jpg", []),
        ("a.b.jpg a.b.xmp a.xmp", "a.b.jpg", ["a.b.xmp"]),
    ],
)
def test_a_sidecar_belongs_to_the_photo_whose_name_it_has(
    tmp_path: Path, lying: str, photo: str, sidecars: list[str]
) -> None:
    for name in lying.split():
        (tmp_path / name).touch()
    assert names(sidecars_of(tmp_path / photo)) == sidecars
    for sidecar in sidecars:
        assert names(photos_of(tmp_path / sidecar)) == [photo]


def test_a_sidecar_of_nothing_belongs_to_no_photo(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg.xmp").touch()
    assert photos_of(tmp_path / "gone.jpg.xmp") == []


def test_a_new_sidecar_has_the_whole_name_of_its_photo() -> None:
    assert new_sidecar(Path("/in/a.jpg")) == Path("/in/a.jpg.xmp")
