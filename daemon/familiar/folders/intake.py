"""Add the files of folders to the store: found files settle, and settled files are pending.

Events are hints: each makes the intake check one path. The walk is the truth: at the start, after lost events, on
request and by a timer every folder is listed and compared with the store.
"""

from collections.abc import Callable
from contextlib import nullcontext
from itertools import groupby
from pathlib import Path

from familiar.effects.disks import Disks
from familiar.events import EventLog
from familiar.filesystem.stamps import Stamp
from familiar.folders.isolation import surviving
from familiar.folders.messages import Messages
from familiar.folders.roots import WatchedRoot, WatchedRoots
from familiar.folders.settler import Settler
from familiar.folders.source import WatchedFolders
from familiar.folders.walks import Walks
from familiar.library.sources import Source
from familiar.settings import Settings
from familiar.sources.completeness import look
from familiar.sources.messages import EventsLost, FileHint, FolderHint, Listing, Message, WalkFinished
from familiar.sources.sidecars import is_sidecar
from familiar.sources.walker import Walker
from familiar.store.store import Store

_CHECK = 5.0
"""Seconds between two looks at the roots and their watchers."""
_POLL, _REST = 30.0, 10.0
"""Seconds between the beginnings of two walks of a root that sends no events, or so many times what the last one took,
if that is longer: a disk with a million files would be walked all the time."""


class Intake:
    """A job: watches the roots, and updates the files in the store."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        disks: Disks,
        log: EventLog,
        clock: Callable[[], float],
        watch: bool,
        on_message: Callable[[], None] = lambda: None,
        on_sidecar_changed: Callable[[Path, float], None] = lambda _path, _due: None,
    ) -> None:
        """Take the folders of the settings; without `watch` they are walked once, as for a scan.

        `on_message` is called from other threads when there is something to do. `on_sidecar_changed` is called with
        each sidecar that is new or has changed, and when it will have settled, where sidecars are read.
        """
        self._settings = settings
        self._store = store
        self._log = log
        self._clock = clock
        self._watch = watch
        self._on_sidecar_changed = on_sidecar_changed
        self._messages = Messages(on_message)
        self._walker = Walker(self._messages.post)
        self._roots = WatchedRoots(
            settings=settings,
            store=store,
            disks=disks,
            log=log,
            clock=clock,
            watch=watch,
            on_message=self._messages.post,
            on_online=self._on_online,
        )
        self.source: Source = WatchedFolders(roots=self._roots, store=store, log=log)
        """The watched folders as a source of photos."""
        self._walks = Walks(
            store=store,
            roots=self._roots,
            walker=self._walker,
            settle=settings.settle,
            watch=watch,
            on_sidecar=self._on_sidecar,
            on_more=on_message,
            log=log,
            clock=clock,
        )
        self._settler = Settler(
            store=store, roots=self._roots, source=self.source, seconds=settings.settle, watch=watch, log=log
        )
        self._checked_at = float("-inf")
        self._must_rescan = False

    def start(self) -> None:
        """Check the roots, start the watchers, and request the first walks."""
        now = self._clock()
        self._store.files.restart_clock(settling_due=now + self._settings.settle, failed_due=now)
        self._walker.start()
        self._roots.start()
        self._checked_at = now

    async def advance(self, now: float) -> None:
        """Process messages, settle files, check roots and watchers."""
        if self._must_rescan:
            self._rescan()
            self._must_rescan = False
        self._take_messages(now)
        self._walks.forget_missing()
        self._settler.settle(now, self.online_roots)
        if now - self._checked_at >= _CHECK:
            self._checked_at = now
            for root in self._roots:
                self._look_after(root, now)

    @property
    def is_idle(self) -> bool:
        """Whether no walk is in progress and no message waits."""
        return not self._must_rescan and not any(root.walks for root in self._roots) and not self._messages

    async def close(self) -> None:
        """End all threads."""
        self._roots.stop()
        self._messages.drop_listings()  # the walker may wait for room
        self._walker.stop()

    def request_rescan(self) -> None:
        """Have all roots compared with the store in the next turn."""
        self._must_rescan = True

    @property
    def online_roots(self) -> list[int]:
        """Ids of the roots that are in place."""
        return [root.id for root in self._roots if root.is_online]

    @property
    def queued(self) -> int:
        """Messages that wait."""
        return len(self._messages)

    @property
    def failed(self) -> int:
        """Files that were skipped because a program has them open for writing."""
        return self._settler.failed

    def root_states(self) -> dict[str, str]:
        """Return the state of each root: online, or offline and why."""
        return {str(root.path): "online" if root.is_online else f"offline: {root.reason}" for root in self._roots}

    def root_list(self) -> list[dict[str, str | int | None]]:
        """Return each root with its state, the reason if it is offline, and how many files of it are known.

        Those that are not online come first, as a line of the log has room for some only.
        """
        return [
            {
                "root": str(root.path),
                "state": root.state,
                "reason": root.reason,
                "files": root.files,
            }
            for root in sorted(self._roots, key=lambda root: root.is_online)
        ]

    def _rescan(self) -> None:
        for root in self._roots:
            was_online = root.is_online
            self._roots.judge(root)
            if was_online:  # else it is walked when it comes online
                self._walks.walk_all(root)

    def _on_online(self, root: WatchedRoot) -> None:
        self._walks.walk_all(root)

    def _take_messages(self, now: float) -> None:
        hinted: dict[Path, WatchedRoot] = {}
        for message in self._messages.hints():
            root = self._roots[message.root]
            match message:
                case FileHint():
                    hinted[message.path] = root
                case FolderHint():
                    self._walks.walk(root, message.path)
                case EventsLost():
                    self._log.emit("watch.lost", root=root.path, reason=message.reason)
                    root.polls = root.polls or message.is_lasting
                    self._walks.walk_all(root)
        if hinted:  # a transaction costs as much as a turn that has nothing to do
            with self._store.writing():
                for path, root in hinted.items():
                    with surviving(path, self._log):
                        self._take_hint(root, path, now)
        for is_listing, messages in groupby(self._messages.listings(), key=_is_listing):
            with self._store.writing() if is_listing else nullcontext():  # as above: there are many small folders
                for message in messages:
                    self._take_from_walk(self._roots[message.root], message, now)

    def _take_from_walk(self, root: WatchedRoot, message: Message, now: float) -> None:
        match message:
            case Listing():
                self._walks.take_listing(root, message, now)
            case WalkFinished():
                self._walks.finish(root, message)

    def _take_hint(self, root: WatchedRoot, path: Path, now: float) -> None:
        present, due = look(path) if root.patterns.reaches(path) else None, now + self._settings.settle
        if is_sidecar(path):
            if present is not None:
                self._on_sidecar(path, present, due)
            return
        if present is None:
            self.source.mark_gone(path)
            return
        size, mtime_ns, ctime_ns = present.size, present.mtime_ns, present.ctime_ns
        if self._store.files.hint(path, size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns, root_id=root.id, due=due):
            self._log.emit("file.found", path=path)

    def _on_sidecar(self, sidecar: Path, stamp: Stamp, due: float) -> None:
        if self._store.sidecars.has_changed(sidecar, stamp):
            self._on_sidecar_changed(sidecar, due)

    def _look_after(self, root: WatchedRoot, now: float) -> None:
        if not self._roots.look_after(root) or not self._watch:
            return
        has_events = root.watcher is not None and not root.polls
        longest = self._settings.rescan * 60
        period = longest if has_events else min(max(_POLL, _REST * root.walk_seconds), longest)
        if now - root.walked_at >= period and root.path not in root.walks:
            self._walks.walk_all(root)


def _is_listing(message: Message) -> bool:
    return isinstance(message, Listing)
