"""Workers that render at once, in this process, and without any picture."""

import importlib
from collections.abc import Sequence
from pathlib import Path

from familiar.model import Crop, SidecarContent
from familiar.vision.sidecars import Rendered, render

importlib.import_module("familiar.xmp.document")  # once, and not in each process that is forked


class Studio:
    """Stands for `Workers` where operations are carried out."""

    async def crop(self, _path: Path, hash_: str, wish: Crop) -> bytes:
        return picture_of(hash_, wish)

    async def crops(self, _path: Path, hash_: str, wishes: Sequence[Crop]) -> list[bytes]:
        return [picture_of(hash_, wish) for wish in wishes]

    async def render_sidecar(
        self, photo: Path, sidecar: Path, wanted: SidecarContent, former: SidecarContent
    ) -> Rendered:
        return render(photo, sidecar, wanted, former)


def picture_of(hash_: str, wish: Crop) -> bytes:
    return f"a picture of {hash_} in {wish.target.name}\n".encode() * 40
