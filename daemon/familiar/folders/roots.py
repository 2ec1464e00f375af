"""The watched roots: whether each is in place, and its watcher alive.

Absence is not deletion: a missing file is gone only if its root is in place, on the same device.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from familiar.effects.disks import Disks
from familiar.errors import OfflineError
from familiar.events import EventLog
from familiar.filesystem.mounts import is_network
from familiar.filesystem.presence import is_missing
from familiar.settings import FolderSettings, Settings
from familiar.sources.messages import Message
from familiar.sources.patterns import Patterns
from familiar.sources.roots import RootView, judge, look_at, vouches
from familiar.sources.watcher import Watcher
from familiar.store.roots import RootRow
from familiar.store.store import Store

NOT_WATCHED = "it is not watched any more"
"""Why a root of the store is offline that is in no setting."""
_TRUSTED = 1.0
"""Seconds for which a root that was found in place is trusted when files vanish."""
_SAMPLE = 20
"""Files by which a root on another device is known again."""


@dataclass(slots=True, kw_only=True)
class RootWalk:
    """One walk in progress: its results so far; `missing` are names of files that were in the folders before.

    `started` is in monotonic seconds, `started_ns` by the clock of the machine.
    """

    started: float
    started_ns: int
    listed: set[int] = field(default_factory=set)
    missing: list[tuple[Path, tuple[bytes, ...]]] = field(default_factory=list)
    files: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    passed_by: Counter[str] = field(default_factory=Counter)
    again: bool = False


@dataclass(slots=True, kw_only=True)
class WatchedRoot:
    """One watched folder; `watcher` is None if walks replace it."""

    id: int
    settings: FolderSettings
    patterns: Patterns
    watcher: Watcher | None
    is_remote: bool
    is_new: bool
    """Whether it was never scanned as a whole: what is found in it was there before."""
    polls: bool = False
    """Whether walks replace the events of some folders, which can't be watched."""
    is_online: bool = False
    reason: str | None = None
    files: int | None = None
    """Files that the last whole walk found, None before the first one."""
    device: int | None = None
    judged_at: float = float("-inf")
    walked_at: float = float("-inf")
    walk_seconds: float = 0.0
    """How long the last whole walk took; 0 for the first one, which writes down each file."""
    walks: dict[Path, RootWalk] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The folder."""
        return self.settings.path

    @property
    def state(self) -> Literal["online", "offline", "unknown"]:
        """Whether it is available; unknown until it was looked at: a start completes operations first."""
        if self.judged_at == float("-inf"):
            return "unknown"
        return "online" if self.is_online else "offline"


class WatchedRoots:
    """All watched roots."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        disks: Disks,
        log: EventLog,
        clock: Callable[[], float],
        watch: bool,
        on_message: Callable[[Message], None],
        on_online: Callable[[WatchedRoot], None],
    ) -> None:
        """Take the folders of the settings; without `watch` none gets a watcher.

        `on_message` takes what watchers tell, from their threads; `on_online` is called with a root that has
        come into place, or whose watcher was replaced: events may have been missed.
        """
        self._store = store
        self._disks = disks
        self._log = log
        self._clock = clock
        self._watch = watch
        self._on_online = on_online
        self._sidecars = settings.sidecars.read
        self._companions = settings.companions.tails
        self._roots = {folder.path: self._root(folder, on_message) for folder in settings.folders}

    def __iter__(self) -> Iterator[WatchedRoot]:
        """Give the roots in the order of the settings."""
        return iter(self._roots.values())

    def __getitem__(self, path: Path) -> WatchedRoot:
        """Return the root at a path."""
        return self._roots[path]

    def containing(self, path: Path) -> WatchedRoot | None:
        """Return the root that a path is in."""
        return next((root for root in self if path.is_relative_to(root.path)), None)

    def start(self) -> None:
        """Check all roots for the first time, and report unavailable ones; others are not watched any more."""
        if self._watch:
            for known in self._store.roots.all():
                if known.path not in self._roots and known.reason != NOT_WATCHED:
                    self._store.roots.set_offline(known.id, reason=NOT_WATCHED)
        for root in self:
            self.judge(root)
            if not root.is_online:
                self._log.emit("root.offline", root=root.path, reason=root.reason)

    def stop(self) -> None:
        """End all watchers."""
        for root in self:
            if root.watcher is not None:
                root.watcher.stop()

    def judge(self, root: WatchedRoot) -> bool:
        """Check whether a root is in place, record it, and return it."""
        view, known = look_at(root.path), self._store.roots.know(root.path)
        moved = self._moved(root, view, known)
        files = self._store.files.count_in_root(root.id) if view.is_empty or moved else 1
        verdict = judge(view, moved=moved, known_files=files, vouched=moved is not None and self._vouched(root))
        root.judged_at = self._clock()
        was_online, root.is_online, root.reason = root.is_online, verdict.online, verdict.reason
        root.device = view.device
        if verdict.online and view.device is not None and (not was_online or moved):
            self._store.roots.set_online(root.id, device=view.device)
            self._disks.remember(root.path)
            self._log.emit("root.online", root=root.path, device=view.device)
            self._start_watching(root)
            self._on_online(root)
        elif was_online and not verdict.online:
            self._log.emit("root.offline", root=root.path, reason=verdict.reason)
        if not verdict.online and (was_online or (known.state, known.reason) != ("offline", verdict.reason)):
            self._store.roots.set_offline(root.id, reason=verdict.reason or "")
        return verdict.online

    def look_after(self, root: WatchedRoot) -> bool:
        """Check a root, and replace its watcher if it has stopped; return whether the root is in place."""
        if not self.judge(root):
            return False
        if self._watch and root.watcher is not None and not root.watcher.is_alive:
            root.watcher.stop()
            self._log.emit("watch.restarted", root=root.path, reason="its watcher had stopped")
            self._start_watching(root)
            self._on_online(root)
        return True

    def note_disk(self, root: WatchedRoot, folder: Path, device: int) -> None:
        """Record the disk of a folder below a root on which another file system is mounted, the first time."""
        if device != root.device and os.path.ismount(folder) and self._disks.place_of(folder) is None:
            with suppress(OSError):  # it was unmounted again
                self._disks.remember(folder)

    def is_there(self, path: Path) -> bool:
        """Return whether a file is at a path, or may be: it can't be looked at, or its root is offline."""
        return (not is_missing(path) and self.reaches(path)) or not self.may_vanish(path)

    def reaches(self, path: Path) -> bool:
        """Return whether a file is in its root, and no link that leads out of it, if the settings do not allow that."""
        root = self.containing(path)
        return root is None or root.patterns.reaches(path)

    def excludes(self, path: Path) -> bool:
        """Return whether a file is in a root whose settings do not include it."""
        root = self.containing(path)
        return root is not None and not root.patterns.takes(path)

    def may_vanish(self, path: Path) -> bool:
        """Return whether a file that is missing is gone, and not only out of reach."""
        root = self.containing(path)
        if root is None:
            return True
        if self._clock() - root.judged_at > _TRUSTED:
            self.judge(root)
        return root.is_online and self._on_same_device(path.parent)

    def _root(self, folder: FolderSettings, on_message: Callable[[Message], None]) -> WatchedRoot:
        is_remote = is_network(folder.path)
        polls = is_remote if folder.polling is None else folder.polling
        patterns = Patterns(folder, sidecars=self._sidecars, companions=self._companions)
        watcher = Watcher(folder.path, patterns, on_message) if self._watch and not polls else None
        known = self._store.roots.know(folder.path)
        return WatchedRoot(
            id=known.id,
            is_new=known.scanned_at is None,
            settings=folder,
            patterns=patterns,
            watcher=watcher,
            is_remote=is_remote,
        )

    def _moved(self, root: WatchedRoot, view: RootView, known: RootRow) -> str | None:
        """Return on what a root is now and was before, if that is another disk; by its number alone at first."""
        if view.device is None:
            return None
        place = self._disks.place_of(root.path)
        if place is not None:
            return self._disks.move_of(place)
        if known.device in {None, view.device}:
            return None
        return f"another device than before ({view.device}, not {known.device})"

    def _vouched(self, root: WatchedRoot) -> bool:
        sample = self._store.files.sample(root.id, limit=_SAMPLE)
        return vouches((file.path, file.size, file.mtime_ns) for file in sample)

    def _on_same_device(self, folder: Path) -> bool:
        """Return whether a folder, or the nearest one above it that is there, is on the disk that it was on.

        A file system that was mounted below the root and is not any more leaves the empty folder that it hid; another
        one in its place may have the same number.
        """
        try:
            self._disks.check(folder)
        except OfflineError:
            return False
        remembered = self._store.files.device_of(folder)
        while True:
            try:
                return remembered is None or folder.stat().st_dev == remembered
            except OSError:
                folder = folder.parent

    def _start_watching(self, root: WatchedRoot) -> None:
        if not self._watch:
            return
        root.polls = False
        if root.watcher is not None:
            root.watcher.stop()
            try:
                root.watcher.start()
            except OSError as error:
                reason = f"{error.strerror or error}; raise fs.inotify.max_user_watches or max_user_instances"
                self._log.emit("watch.lost", root=root.path, reason=f"{reason}; using polling instead")
                root.watcher = None
        self._log.emit("watch.started", root=root.path, how="events" if root.watcher is not None else "polling")
