"""Bring the folders into the store: what is found settles, and what settled is pending.

Events are hints: each makes the intake look at one path. The truth is the walk: at the start, after lost events, on
request and by a timer every folder is listed and compared with the store. A root is judged before and after each
walk, and what a walk misses is forgotten only where the root is in place both times.
"""

import os
import queue
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from familiar.effects.disks import Disks
from familiar.events import EventLog
from familiar.filesystem.writers import is_open_for_writing
from familiar.service.roots import RootWalk, WatchedRoot, WatchedRoots
from familiar.settings import Settings, folder_name
from familiar.sources.messages import EventsLost, FileHint, FolderHint, Listing, Message, WalkFinished
from familiar.sources.settling import Gone, Ready, look, settle
from familiar.sources.sidecars import is_sidecar
from familiar.sources.walker import Walker
from familiar.store.files import FileRow
from familiar.store.store import Store

_CHECK = 5.0
"""Seconds between two looks at the roots and their watchers."""
_POLL = 30.0
"""Seconds between two walks of a root that sends no events."""
_SLICE = 0.2
"""Seconds for which messages are taken in one go, before the loop sees to its other work."""
_QUEUE = 64
"""Listings that wait at most; the walker is held back beyond that."""
_BATCH = 500
_BUSY = "is open for writing in another program"
_BUSY_RETRY = 60.0
"""Seconds after which a scan's file is tried again that a program was writing."""


class Intake:
    """Watches the roots, and keeps the store's files true to the folders."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        disks: Disks,
        log: EventLog,
        clock: Callable[[], float],
        watch: bool,
        on_sidecar_changed: Callable[[Path, float], None] = lambda _path, _due: None,
    ) -> None:
        """Take the folders of the settings; without `watch` they are walked once, as for a scan.

        `on_sidecar_changed` is called with each sidecar that is new or has changed, and when it will have settled,
        where sidecars are read.
        """
        self._on_sidecar_changed = on_sidecar_changed
        self._settings = settings
        self._store = store
        self._log = log
        self._clock = clock
        self._watch = watch
        self._messages: queue.Queue[Message] = queue.Queue()
        self._listings: queue.Queue[Message] = queue.Queue(_QUEUE)
        self._wake: Callable[[], None] = lambda: None
        self._walker = Walker(self._post)
        self._roots = WatchedRoots(
            settings=settings,
            store=store,
            disks=disks,
            log=log,
            clock=clock,
            watch=watch,
            post=self._post,
            came=self._walk_all,
        )
        self._checked_at = float("-inf")
        self._busy: set[int] = set()
        self.failed = 0

    # What the loop calls

    def start(self, wake: Callable[[], None]) -> None:
        """Judge the roots, start the watchers, and ask for the first walks; `wake` is called from other threads."""
        self._wake = wake
        now = self._clock()
        self._store.files.restart_clock(settling_due=now + self._settings.settle, failed_due=now)
        self._walker.start()
        self._roots.start()
        self._checked_at = now

    def stop(self) -> None:
        """End all threads."""
        self._roots.stop()
        while not self._listings.empty():  # the walker may wait for room
            self._listings.get_nowait()
        self._walker.stop()

    def tick(self, now: float) -> None:
        """Take messages, settle files, look after roots and watchers."""
        self._take_messages(now)
        self._settle(now)
        if now - self._checked_at >= _CHECK:
            self._checked_at = now
            for root in self._roots:
                self._look_after(root, now)

    def rescan(self) -> None:
        """Compare all roots with the store."""
        for root in self._roots:
            self._roots.judge(root)
            self._walk_all(root)

    @property
    def online_roots(self) -> list[int]:
        """Ids of the roots that are in place."""
        return [root.id for root in self._roots if root.is_online]

    @property
    def is_idle(self) -> bool:
        """Whether no walk is under way and no message waits."""
        waits = any(root.walks for root in self._roots)
        return not waits and self._messages.empty() and self._listings.empty()

    @property
    def queued(self) -> int:
        """Messages that wait."""
        return self._messages.qsize() + self._listings.qsize()

    def root_states(self) -> dict[str, str]:
        """Return the state of each root: online, or offline and why."""
        return {str(root.path): "online" if root.is_online else f"offline: {root.reason}" for root in self._roots}

    # What handlers ask

    def source_of(self, path: Path) -> str:
        """Return the name of the source that a path belongs to."""
        root = self._roots.containing(path)
        return root.settings.source if root is not None else folder_name(path.parent)

    def is_there(self, path: Path) -> bool:
        """Say whether a file lies at a path; where its root is offline it is not known to be gone."""
        return self._roots.is_there(path)

    def mark_gone(self, path: Path) -> None:
        """Write down that a file is gone, if it is and its root is in place."""
        if not self.is_there(path) and self._store.files.mark_gone(path):
            self._log.emit("file.gone", path=path)

    # Messages

    def _post(self, message: Message) -> None:
        """Take a message from another thread. A listing waits for room; a hint never does."""
        if isinstance(message, Listing | WalkFinished):
            self._listings.put(message)
        else:
            self._messages.put(message)
        self._wake()

    def _take_messages(self, now: float) -> None:
        hinted: dict[Path, WatchedRoot] = {}
        for message in _drain(self._messages):
            root = self._roots[message.root]
            match message:
                case FileHint():
                    hinted[message.path] = root
                case FolderHint():
                    self._walk(root, message.path)
                case EventsLost():
                    self._log.emit("watch.lost", root=root.path, reason=message.reason)
                    self._walk_all(root)
        with self._store.writing():
            for path, root in hinted.items():
                self._take_hint(root, path, now)
        ends = time.monotonic() + _SLICE
        while time.monotonic() < ends and not self._listings.empty():
            listing = self._listings.get_nowait()
            if isinstance(listing, Listing):
                self._take_listing(self._roots[listing.root], listing, now)
            elif isinstance(listing, WalkFinished):
                self._finish_walk(self._roots[listing.root], listing)
        if not self._listings.empty():
            self._wake()

    def _take_hint(self, root: WatchedRoot, path: Path, now: float) -> None:
        present = look(path)
        if is_sidecar(path):
            if present is not None:
                self._look_at_sidecar(path, present, now + self._settings.settle)
            return
        if present is None:
            self.mark_gone(path)
            return
        due = now + self._settings.settle
        if self._store.files.hint(path, size=present[0], mtime_ns=present[1], root_id=root.id, due=due):
            self._log.emit("file.found", path=path)

    def _look_at_sidecar(self, sidecar: Path, looks: tuple[int, int], due: float) -> None:
        if self._store.sidecars.looks(sidecar) != looks:
            self._on_sidecar_changed(sidecar, due)

    # Walks

    def _look_after(self, root: WatchedRoot, now: float) -> None:
        if not self._roots.look_after(root) or not self._watch:
            return
        period = self._settings.rescan * 60 if root.watcher is not None else min(_POLL, self._settings.rescan * 60)
        if now - root.walked_at >= period:
            self._walk_all(root)

    def _walk_all(self, root: WatchedRoot) -> None:
        self._walk(root, root.path)

    def _walk(self, root: WatchedRoot, top: Path) -> None:
        if top in root.walks:
            root.walks[top].again = True  # it may have passed what has changed now
        elif root.is_online:
            root.walks[top] = RootWalk(started=self._clock())
            if top == root.path:
                root.walked_at = self._clock()
            self._walker.walk(root.path, top, root.patterns)

    def _take_listing(self, root: WatchedRoot, listing: Listing, now: float) -> None:
        walk = root.walks.get(listing.top)
        if walk is None:
            return
        known = self._store.files.device_of(listing.folder)
        if known not in {None, listing.device} and not listing.entries:
            return  # a mount below the root that is not there: what it had is not listed, and not forgotten
        with self._store.writing():
            folder_id = self._store.files.folder(listing.folder, root_id=root.id, device=listing.device)
            found = self._store.files.compare(
                folder_id,
                listing.entries,
                after=listing.after,
                upto=listing.upto,
                due=partial(self._due, root, now),
            )
        for name, size, mtime_ns, changed_ns in listing.sidecars:
            sidecar = Path(listing.folder, os.fsdecode(name))
            self._look_at_sidecar(sidecar, (size, mtime_ns), self._due(root, now, changed_ns))
        walk.listed.add(folder_id)
        walk.files += len(listing.entries)
        walk.new += found.new
        walk.changed += found.changed
        walk.missing += [Path(listing.folder, os.fsdecode(name)) for name in found.missing]

    def _due(self, root: WatchedRoot, now: float, changed_ns: int) -> float:
        """Return when a listed file will have settled: one that lies unchanged for long enough already has.

        A file's last change of any kind can't be set by a program that copies it. The clock of another machine does
        not count, nor does a time to come.
        """
        quiet = time.time() - changed_ns / 1e9
        if root.is_remote or quiet < 0:
            quiet = 0.0
        return now + max(0.0, self._settings.settle - quiet)

    def _finish_walk(self, root: WatchedRoot, finished: WalkFinished) -> None:
        walk = root.walks.pop(finished.top, None)
        if walk is None or not self._roots.judge(root):
            return
        if walk.again:
            self._walk(root, finished.top)
        if finished.errors:
            errors = [f"{path}: {reason}" for path, reason in finished.errors]
            self._log.emit("root.incomplete", root=root.path, errors=errors)
        unreadable = tuple(path for path, _ in finished.errors)
        gone = self._forget(self._missing(root, finished.top, walk, unreadable))
        if finished.top == root.path:
            self._store.roots.set_scanned(root.id)
            if walk.new or walk.changed or gone or root.watcher is not None or not self._watch:
                self._tell_walk(root, walk, gone)

    def _missing(self, root: WatchedRoot, top: Path, walk: RootWalk, unreadable: tuple[Path, ...]) -> Iterable[Path]:
        """Give the files that the walk did not find, but for those in folders that it could not read."""
        yield from walk.missing
        for folder_id, folder, _ in self._store.files.folders_below(root.id, top):
            if folder_id not in walk.listed and not any(folder.is_relative_to(path) for path in unreadable):
                yield from self._store.files.in_folder(folder_id)

    def _forget(self, paths: Iterable[Path]) -> int:
        count = 0
        with self._store.writing():
            for path in paths:
                if not self.is_there(path) and self._store.files.mark_gone(path):
                    count += 1
                    self._log.emit("file.gone", path=path)
        return count

    def _tell_walk(self, root: WatchedRoot, walk: RootWalk, gone: int) -> None:
        self._log.emit(
            "root.scanned",
            root=root.path,
            folders=len(walk.listed),
            files=walk.files,
            new=walk.new,
            changed=walk.changed,
            gone=gone,
            seconds=self._clock() - walk.started,
        )

    # Settling

    def _settle(self, now: float) -> None:
        files = self._store.files.settled(now, roots=self.online_roots, limit=_BATCH)
        if not files:
            return
        with self._store.writing():
            for file in files:
                self._settle_file(file, now)

    def _settle_file(self, file: FileRow, now: float) -> None:
        match settle((file.size, file.mtime_ns), present := look(file.path)):
            case Ready() if is_open_for_writing(file.path):
                self._wait_for_writer(file, now)
            case Ready():
                self._busy.discard(file.id)
                self._store.files.mark_pending(file.id)
                self._log.emit("file.pending", path=file.path)
            case Gone():
                if os.path.lexists(file.path) and present is None:
                    self._store.files.mark_gone(file.path)  # it is no regular file any more
                elif self._roots.may_vanish(file.path):
                    self.mark_gone(file.path)
                else:
                    self._put_off(file, now)
            case wait:
                due = now + self._settings.settle
                self._store.files.wait(file.id, size=wait.size, mtime_ns=wait.mtime_ns, due=due)

    def _wait_for_writer(self, file: FileRow, now: float) -> None:
        """Let a file wait that a program has open for writing, however long that pauses."""
        if not self._watch:
            self._store.files.mark_failed(file.id, reason=_BUSY, due=now + _BUSY_RETRY)
            self._log.emit("file.failed", path=file.path, reason=_BUSY, retry_in=_BUSY_RETRY)
            self.failed += 1
            return
        if file.id not in self._busy:
            self._busy.add(file.id)
            self._log.emit("file.busy", path=file.path)
        self._put_off(file, now)

    def _put_off(self, file: FileRow, now: float) -> None:
        self._store.files.wait(file.id, size=file.size, mtime_ns=file.mtime_ns, due=now + self._settings.settle)


def _drain(messages: "queue.Queue[Message]") -> Iterable[Message]:
    """Give what waits now; what comes meanwhile waits for the next time."""
    for _ in range(messages.qsize()):
        yield messages.get_nowait()
