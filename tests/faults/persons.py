"""What a person does with the files: between two commands, or while familiar stands still in the middle of one."""

import ctypes
import os
import random
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from faults.contents import Ledger, hash_of, is_hidden
from faults.disks import Disks

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


class Person:
    """Somebody who keeps to names that they can see, and takes care: who never writes over a file unknowingly."""

    def __init__(self, disks: Disks, ledger: Ledger, chance: random.Random) -> None:
        self._disks = disks
        self._ledger = ledger
        self._chance = chance
        self._number = 0
        self._live = False
        self._later: list[Callable[[], None]] = []
        self.traps: dict[Path, bool] = {}
        """Folders outside to which a link leads, and whether familiar held the one that was there before."""

    def act(
        self, name: str, *, among: Sequence[Path], folders: Sequence[Path] = (), held: Collection[Path] = (), live: bool
    ) -> None:
        """Do something with one of these files or folders; `live` while familiar works, and holds some folders."""
        self._live = live
        files = [path for path in among if path.is_file() and not path.is_symlink() and not is_hidden(path)]
        if name in {"unmount", "mount-over"}:
            self._take_disk(name)
        elif name == "link-folder":
            self._link_folder(folders or [path.parent for path in files], held)
        elif files:
            file = self._chance.choice(files)
            acts: dict[str, Callable[[Path], None]] = {
                "rename": self._rename,
                "replace": self._replace,
                "edit": self._edit,
                "delete": self._delete,
                "link-file": self._link_file,
                "link-copy": self._link_copy,
                "swap": self._swap,
                "take": self._take,
                "append": self._append,
            }
            acts[name](file)

    def put_right(self) -> None:
        """Undo what can't stay: folders that are links, disks that are away, files that are still written."""
        while self._later:
            self._later.pop()()

    def _fresh(self, size: int = 900) -> bytes:
        return self._chance.randbytes(size)

    def _free(self, near: Path) -> Path:
        self._number += 1
        return near.with_name(f"own-{self._number}-{near.name}")

    def _release(self, file: Path) -> None:
        """What goes while familiar works may be the only copy in between; otherwise `settle` looks what is left."""
        if self._live:
            self._ledger.release(hash_of(file.read_bytes()))

    def _rename(self, file: Path) -> None:
        file.rename(self._free(file))

    def _replace(self, file: Path) -> None:
        data, new = self._fresh(), self._free(file)
        self._release(file)
        new.write_bytes(data)
        new.replace(file)
        self._ledger.arrive(data, f"what replaced {file.name}")

    def _edit(self, file: Path) -> None:
        """Write into the file: of the same length, and with its times kept. Where it is held, nothing is written."""
        looks = file.stat()
        data = self._fresh(max(looks.st_size, 1))
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return
        self._release(file)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
            opened.truncate()
        os.utime(file, ns=(looks.st_atime_ns, looks.st_mtime_ns))
        self._ledger.arrive(data, f"what was written into {file.name}")

    def _delete(self, file: Path) -> None:
        self._release(file)
        file.unlink()

    def _link_file(self, file: Path) -> None:
        kept = file.rename(self._free(file))
        file.symlink_to(kept)

    def _link_copy(self, file: Path) -> None:
        """Put a link in the place of a file of which there is another copy."""
        content = file.read_bytes()
        others = (path for path in sorted(file.parents[1].rglob("*")) if path.is_file() and not path.is_symlink())
        other = next(
            (one for one in others if one != file and not is_hidden(one) and one.read_bytes() == content), None
        )
        if other is None:
            return
        self._release(file)
        file.unlink()
        file.symlink_to(other)

    def _link_folder(self, folders: Sequence[Path], held: Collection[Path]) -> None:
        """Put a link to a folder outside in the place of a folder, for a while."""
        below = (top for top in (self._disks.near, self._disks.far))
        real = {path for path in folders if path.is_dir() and not path.is_symlink()}
        chosen = sorted(path for top in below for path in real if path.is_relative_to(top) and path != top)
        if not chosen:
            return
        folder = self._chance.choice(chosen)
        aside, trap = self._free(folder), self._disks.away / f"trap-{self._number}"
        trap.mkdir()
        folder.rename(aside)
        folder.symlink_to(trap)
        self.traps[trap] = folder in held

        def back() -> None:
            if folder.is_symlink():
                folder.unlink()
                aside.rename(folder)

        self._later.append(back)

    def _swap(self, file: Path) -> None:
        """Let two files of a folder have each other's name."""
        names = (path for path in sorted(file.parent.iterdir()) if path.is_file() and not path.is_symlink())
        others = [path for path in names if path != file and not is_hidden(path)]
        if others:
            other = self._chance.choice(others)
            libc = ctypes.CDLL(None)
            libc.renameat2(_AT_FDCWD, os.fsencode(file), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)

    def _take(self, file: Path) -> None:
        """Put a file of one's own under each of the names that familiar might want."""
        tops = (self._disks.near, self._disks.far)
        for name in (file.name, "photo.jpg"):
            for folder in (top / inner for top in tops for inner in ("in", "out", "out/new")):
                if folder.is_dir() and not os.path.lexists(folder / name):
                    data = self._fresh(200)
                    with (folder / name).open("xb") as new:
                        new.write(data)
                    self._ledger.arrive(data, f"what came as {name}")

    def _append(self, file: Path) -> None:
        """Write at the end of a file that stays open, now and once more later."""
        first, second = self._fresh(50), self._fresh(50)
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_NONBLOCK)
        except OSError:
            return
        before = file.read_bytes()
        self._release(file)
        os.write(descriptor, first)
        self._ledger.known.add(hash_of(before + first))

        def later() -> None:
            os.write(descriptor, second)
            os.close(descriptor)
            self._ledger.arrive(before + first + second, f"what was written at the end of {file.name}")

        self._later.append(later)

    def _take_disk(self, name: str) -> None:
        if self._disks.can_mount:
            self._later.append(self._disks.attach)
            (self._disks.detach if name == "unmount" else self._disks.cover)()
