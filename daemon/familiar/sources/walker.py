"""List folders, in a thread of its own, and send their content as messages.

Symbolic links to folders are not followed (so that no loop and no second way into a tree exists); links to files
are, as long as a regular file is at their end, and in the root unless its settings allow others. Nothing is opened:
FIFOs, sockets and devices are passed by.
"""

import os
import queue
import stat
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from familiar.filesystem.stamps import changed_ns, modified_ns
from familiar.sources.messages import Listing, Message, WalkFinished
from familiar.sources.patterns import Patterns

_CHUNK = 1000
"""Files in one listing: what is held in memory of a folder, except for the names, is at most this much."""


Entries: TypeAlias = tuple[tuple[bytes, int, int, int], ...]
"""Files as a listing has them: name, size, mtime (ns), last change of any kind (ns)."""


class Walker:
    """Walks folders on request, one after the other; duplicate requests are ignored."""

    def __init__(self, on_message: Callable[[Message], None]) -> None:
        """Take the receiver of messages; `on_message` may block, which slows down the walk."""
        self._on_message = on_message
        self._requests: queue.Queue[tuple[Path, Path, Patterns] | None] = queue.Queue()
        self._waiting: set[tuple[Path, Path]] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="walker", daemon=True)

    def start(self) -> None:
        """Start taking requests."""
        self._thread.start()

    def walk(self, root: Path, top: Path, patterns: Patterns) -> bool:
        """Request a walk of `top`, which is `root` or below it; return False if it is already requested."""
        with self._lock:
            if (root, top) in self._waiting:
                return False
            self._waiting.add((root, top))
        self._requests.put((root, top, patterns))
        return True

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def stop(self, within: float = 2.0) -> None:
        """End the thread; a walk in progress is cancelled."""
        self._stopping.set()
        self._requests.put(None)
        if self._thread.is_alive():
            self._thread.join(within)

    def _run(self) -> None:
        while (request := self._requests.get()) is not None:
            root, top, patterns = request
            with self._lock:
                self._waiting.discard((root, top))
            errors: list[tuple[Path, str]] = []
            try:
                for listing in walk(root, top, patterns, errors):
                    if self._stopping.is_set():
                        return
                    self._on_message(listing)
            except Exception as error:  # noqa: BLE001 - the other folders are to be walked, and the loop waits for an end
                errors.append((top, f"unexpected error: {error!r}"))
            self._on_message(WalkFinished(root=root, top=top, errors=tuple(errors)))


def walk(
    root: Path, top: Path, patterns: Patterns, errors: list[tuple[Path, str]], *, chunk: int = _CHUNK
) -> Iterator[Listing]:
    """Give the listings of `top` and all below it, in parts of `chunk` files, in the order of names.

    What can't be listed goes to `errors`.
    """
    rest = [top]
    while rest:
        folder = rest.pop()
        try:
            device = folder.lstat().st_dev
            names, folders, sidecars, passed = _list(root, folder, patterns)
        except FileNotFoundError:
            continue  # vanished in the meantime: it is not listed, and so counts as gone
        except OSError as error:
            errors.append((folder, error.strerror or str(error)))
            continue
        rest.extend(folder / name for name in reversed(folders))
        yield from _listings(root, top, folder, device, names, _entries(folder, sidecars), passed, chunk)


def _list(root: Path, folder: Path, patterns: Patterns) -> tuple[list[bytes], list[str], list[bytes], Counter[str]]:
    """Return the names of the photos (as bytes), of the folders, and of the sidecars in a folder, all in order.

    Last come the files that are no photos by their names, counted by suffix.
    """
    prefix = "" if folder == root else f"{folder.relative_to(root)}/"
    names, folders, sidecars = [], [], []
    passed: Counter[str] = Counter()
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                if patterns.takes_folder(name, prefix + name):
                    folders.append(name)
            elif entry.is_symlink() and not patterns.reaches(folder / name):
                continue
            elif patterns.takes_file(name, prefix + name):
                names.append(os.fsencode(name))
            elif patterns.takes_sidecar(name, prefix + name):
                sidecars.append(os.fsencode(name))
            elif patterns.passes_by(name, prefix + name):
                passed[os.path.splitext(name)[1].lower()] += 1  # noqa: PTH122 - a path for each file takes long
    return sorted(names), sorted(folders, key=os.fsencode), sorted(sidecars), passed


def _listings(
    root: Path,
    top: Path,
    folder: Path,
    device: int,
    names: list[bytes],
    sidecars: Entries,
    passed: Mapping[str, int],
    chunk: int,
) -> Iterator[Listing]:
    after = b""
    for start in range(0, max(len(names), 1), chunk):
        part = names[start : start + chunk]
        upto = part[-1] if start + chunk < len(names) else None
        yield Listing(
            root=root,
            top=top,
            folder=folder,
            device=device,
            after=after,
            upto=upto,
            entries=_entries(folder, part),
            sidecars=sidecars if start == 0 else (),
            passed_by=passed if start == 0 else {},
        )
        after = upto or b""


def _entries(folder: Path, names: list[bytes]) -> Entries:
    prefix = os.fsencode(folder) + b"/"
    entries = []
    for name in names:
        try:
            found = os.stat(prefix + name)
        except OSError:
            continue  # gone in the meantime, a broken link, or a loop of links
        if stat.S_ISREG(found.st_mode):
            entries.append((name, found.st_size, modified_ns(found), changed_ns(found)))
    return tuple(entries)
