"""The world of one attempt: two disks, the store, and what arrives and is decided there."""

import os
import random
from pathlib import Path

from familiar.effects.kinds.write_sidecar import WriteSidecar
from familiar.model import Box, Copy, Crop, Link, Move, Operation, SidecarContent
from familiar.store.store import Store
from faults import acting
from faults.contents import Ledger, Tree, is_hidden, tree
from faults.disks import Disks
from faults.workloads import Arrive, Decide, Wish
from support.sidecars import DIGIKAM

_HOURS = 3
"""Between two commands: longer than any operation waits to be tried again."""
_TIME = 1_700_000_000_123_456_789
"""When photos were written, in nanoseconds."""


class World:
    """Where everything is; each command has its own hour."""

    def __init__(self, disks: Disks, ledger: Ledger) -> None:
        """Take the disks as they are, empty."""
        self.disks = disks
        self.ledger = ledger
        self.arrived: Tree = {}
        """What came to where, without what anybody has done since."""
        self._hour = 0
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        """Return the store; it stays open until `close`, which is due before another process works with it."""
        if self._store is None:
            self._store = acting.open_store(self.disks.state, self._hour)
        return self._store

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def later(self) -> None:
        self.close()
        self._hour += _HOURS

    def everything(self) -> Tree:
        """Return all that is anywhere: hidden, outside, or below a mount point, too."""
        return tree((*self.disks.inside, self.disks.away))

    def visible(self) -> list[Path]:
        return [path for path in tree(self.disks.tops) if not is_hidden(path)]

    def short(self, path: Path) -> str:
        return str(path).removeprefix(f"{self.disks.base}/")

    def arrive(self, act: Arrive) -> None:
        """Put a photo where it is said, with what belongs to it, unless something is there or the folder is not."""
        path = self._path(act.path)
        contents = {path: random.Random(f"content {act.content}").randbytes(act.size)}
        if act.sidecar:
            contents[path.with_name(path.name + ".xmp")] = DIGIKAM.replace(b"Rome", f"Rome {act.path}".encode())
        if act.companions:
            contents[path.with_suffix(".aae")] = f"edits of {act.path}".encode()
            contents[path.with_name(path.name + ".json")] = f"metadata of {act.path}".encode()
        if act.edited:
            contents[path.with_stem(f"{path.stem}-edited")] = f"edited version of {act.path}".encode() * 20
        for place, content in contents.items():
            if not os.path.lexists(place) and place.parent.is_dir():
                place.write_bytes(content)
                os.utime(place, ns=(_TIME, _TIME))
                self.arrived[place] = self.ledger.arrive(content, place.name)

    def decide(self, act: Decide) -> None:
        """Record a plan for a photo, if it is there."""
        photo = self._photo(act.photo)
        if photo is not None and photo.is_file():
            made = [self._operation(photo, wish) for wish in act.wishes]
            acting.plan(self.store, photo, made, as_command=act.as_command)

    def notice(self) -> None:
        acting.notice(self.store, self.visible())

    def _path(self, name: str) -> Path:
        side, _, rest = name.partition("/")
        return (self.disks.near if side == "near" else self.disks.far) / rest

    def _photo(self, wanted: str | int) -> Path | None:
        if isinstance(wanted, str):
            return self._path(wanted)
        photos = [path for path in self.visible() if path.suffix == ".jpg" and path.is_file()]
        return photos[wanted % len(photos)] if photos else None

    def _operation(self, photo: Path, wish: Wish) -> Operation:
        target = self._path(wish.target + photo.name if wish.target.endswith("/") else wish.target)
        match wish.kind:
            case "copy":
                return Copy(target=target, rule="r")
            case "move":
                return Move(target=target, rule="r")
            case "symlink" | "hardlink":
                return Link(target=target, rule="r", symbolic=wish.kind == "symlink")
            case "crop":
                box = Box(left=0, top=0, right=5, bottom=5)
                return Crop(target=target.with_suffix(".png"), rule="r", box=box, margin=0.4, size=None)
            case _:
                sidecar = photo.with_name(f"{photo.name}.xmp")
                return WriteSidecar(target=sidecar, rule="sidecars", wanted=SidecarContent(names=("Ann",)))
