"""The names of the two files of a live photo: its still, and its clip (pure).

Cameras and programs name the clip of `NAME.HEIC` in these forms: `NAME.MOV` (the camera), `NAME_HEVC.MOV` (downloads
from iCloud, where `NAME.MOV` belongs to `NAME.JPG`), `NAME.HEIC.MOV` and `NAME.JPG.MP4` (exports), and `NAME.MP` of
`NAME.jpg` or `NAME.MP.jpg` (Google). Upper and lower case of ASCII are alike: cameras, cards and programs change it.
"""

from pathlib import Path

from familiar.media import PHOTOS, RAWS

_STILLS = tuple(pattern.removeprefix("*").encode() for pattern in (*PHOTOS, *RAWS))
_HEICS = (b".heic", b".heif", b".hif")
_HEVC = b"_hevc"
_GOOGLE = b".mp"
_ENDINGS = (*_STILLS, _HEVC, _GOOGLE)

_NEAR, _PLAIN, _OTHER_CASE = 0, 1, 2


def common_root(path: Path) -> bytes:
    """Return the beginning, in lower case, that the names of a still and its clip have in common in any form."""
    stem = _folded(path.stem)
    while stem.endswith(_ENDINGS):
        stem = stem[: -max(len(ending) for ending in _ENDINGS if stem.endswith(ending))]
    return stem


def beginnings(path: Path) -> tuple[bytes, ...]:
    """Return how the names of all files begin, in lower case, that may have the root of this one."""
    root = common_root(path)
    return (root + b".", root + _HEVC + b".")


def nearness(still: Path, clip: Path) -> int | None:
    """Return how near the name of a clip is to that of a still, 0 for the nearest; None if it is not in any form."""
    stem, own, other = _folded(still.stem), _folded(still.name), _folded(clip.stem)
    is_heic = own.endswith(_HEICS)
    if other == own or _is_of_google(still, clip) or (is_heic and other == stem + _HEVC):
        form = _NEAR
    elif other == stem:
        form = _PLAIN
    else:
        return None
    return form if clip.name.startswith(still.stem) else form + _OTHER_CASE


def beside(clip: Path, still: Path, target: Path) -> Path:
    """Return where the clip of `still` belongs when that is at `target`: its name keeps its form."""
    if target.name == still.name:
        return target.with_name(clip.name)
    stem = target.name.removesuffix(still.suffix)
    if _folded(clip.stem) == _folded(still.name):
        return target.with_name(target.name + clip.suffix)
    if _is_of_google(still, clip):
        return target.with_name(stem if _folded(stem).endswith(_GOOGLE) else stem + clip.suffix)
    return target.with_name(stem + clip.name[len(still.stem) :])


def _is_of_google(still: Path, clip: Path) -> bool:
    """Return whether a clip is `NAME.MP` of the still `NAME.MP.jpg`."""
    name = _folded(clip.name)
    return name.endswith(_GOOGLE) and name == _folded(still.stem)


def _folded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape").lower()
