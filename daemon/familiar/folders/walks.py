"""Walks of the roots: every folder is listed and compared with the store.

A root is judged before and after each walk, and what a walk misses is forgotten only where the root is in place both
times.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from familiar.errors import StoreError
from familiar.events import EventLog
from familiar.filesystem.stamps import Stamp
from familiar.folders.isolation import surviving
from familiar.folders.messages import SLICE
from familiar.folders.roots import RootWalk, WatchedRoot, WatchedRoots
from familiar.library.live_photos import leave_out, mark_gone
from familiar.sources.messages import Listing, WalkFinished
from familiar.sources.walker import Walker
from familiar.store.store import Store

_NEVER = 2**63 - 1
"""A time (ns) that no file has."""
_PART = 1000
"""Files of a folder whose paths are in memory at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _EndedWalk:
    """A walk that has ended, and the files that it did not find, as far as they are not forgotten."""

    root: WatchedRoot
    top: Path
    walk: RootWalk
    missing: Iterator[Path]


class Walks:
    """The walks in progress, and what they find."""

    def __init__(
        self,
        *,
        store: Store,
        roots: WatchedRoots,
        walker: Walker,
        settle: float,
        watch: bool,
        on_sidecar: Callable[[Path, Stamp, float], None],
        on_more: Callable[[], None],
        log: EventLog,
        clock: Callable[[], float],
    ) -> None:
        """Take what walks, and the seconds after which a file has settled.

        `on_sidecar` is called with each sidecar, its stamp, and when it will have settled, `on_more` when there is more
        to forget. Without `watch` each walk is reported, however little it found.
        """
        self._store = store
        self._roots = roots
        self._walker = walker
        self._settle = settle
        self._watch = watch
        self._on_sidecar = on_sidecar
        self._on_more = on_more
        self._log = log
        self._clock = clock
        self._ended: deque[_EndedWalk] = deque()

    def walk_all(self, root: WatchedRoot) -> None:
        """Compare a root with the store."""
        self.walk(root, root.path)

    def walk(self, root: WatchedRoot, top: Path) -> None:
        """Compare a folder, and all below it, with the store."""
        if top in root.walks:
            root.walks[top].again = True  # it may have passed the changed part
        elif root.is_online:
            root.walks[top] = RootWalk(started=self._clock(), started_ns=time.time_ns())
            if top == root.path:
                root.walked_at = self._clock()
            self._walker.walk(root.path, top, root.patterns)

    def take_listing(self, root: WatchedRoot, listing: Listing, now: float) -> None:
        """Record new and changed files in a folder, or in a part of a large one."""
        walk = root.walks.get(listing.top)
        if walk is None:
            return
        known = self._store.files.device_of(listing.folder)
        if known not in {None, listing.device} and not listing.entries:
            return  # a mount below the root that is not there: what it had is not listed, and not forgotten
        with self._store.writing():
            folder_id = self._store.files.folder(listing.folder, root_id=root.id, device=listing.device)
        walk.listed.add(folder_id)
        walk.passed_by.update(listing.passed_by)
        self._roots.note_disk(root, listing.folder, listing.device)
        self._compare(root, walk, folder_id, listing, now)
        for name, size, mtime_ns, ctime_ns in listing.sidecars:
            sidecar = Path(listing.folder, os.fsdecode(name))
            with surviving(sidecar, self._log):
                stamp = Stamp(size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns)
                self._on_sidecar(sidecar, stamp, self._due(root, now, max(mtime_ns, ctime_ns)))

    def _compare(self, root: WatchedRoot, walk: RootWalk, folder_id: int, listing: Listing, now: float) -> None:
        """Compare a listing with the store; a file that can't be recorded, for whatever reason, stops no other one."""
        try:
            with self._store.writing():
                found = self._store.files.compare(
                    folder_id,
                    listing.entries,
                    after=listing.after,
                    upto=listing.upto,
                    due=partial(self._due, root, now),
                    backlog_until=_backlog_until(root, walk),
                )
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            if len(listing.entries) > 1:
                for part in listing.halves():
                    self._compare(root, walk, folder_id, part, now)
                return
            path = next((Path(listing.folder, os.fsdecode(name)) for name, *_ in listing.entries), listing.folder)
            self._log.emit("photo.error", path=path, error=repr(error), exc_info=True)
            return
        walk.files += len(listing.entries)
        walk.new += found.new
        walk.changed += found.changed
        if found.missing:
            walk.missing.append((listing.folder, found.missing))

    def _due(self, root: WatchedRoot, now: float, changed_ns: int) -> float:
        """Return when a listed file will have settled: one that does not change for long enough already has.

        A file's last change of any kind can't be set by a program that copies it. The clock of another machine does
        not count, nor does a time to come.
        """
        quiet = time.time() - changed_ns / 1e9
        if root.is_remote or quiet < 0:
            quiet = 0.0
        return now + max(0.0, self._settle - quiet)

    def finish(self, root: WatchedRoot, finished: WalkFinished) -> None:
        """Begin to forget what a walk did not find, if its root is in place."""
        walk = root.walks.get(finished.top)
        if walk is None:
            return
        if not self._roots.judge(root):
            del root.walks[finished.top]
            return
        if finished.errors:
            errors = [f"{path}: {reason}" for path, reason in finished.errors]
            self._log.emit("root.incomplete", root=root.path, errors=errors)
        unreadable = tuple(path for path, _ in finished.errors)
        missing = self._missing(root, finished.top, walk, unreadable)
        self._ended.append(_EndedWalk(root=root, top=finished.top, walk=walk, missing=missing))

    def forget_missing(self) -> None:
        """Forget what walks did not find, for a short time; there may be a million files."""
        ends = time.monotonic() + SLICE
        while self._ended:
            root, walk = self._ended[0].root, self._ended[0].walk
            is_in_place = self._roots.judge(root)
            if is_in_place and not self._forget(walk, self._ended[0].missing, ends):
                break
            ended = self._ended.popleft()
            del root.walks[ended.top]
            if is_in_place:
                self._end(root, ended.top, walk)
            if time.monotonic() >= ends:
                break
        if self._ended:
            self._on_more()

    def _end(self, root: WatchedRoot, top: Path, walk: RootWalk) -> None:
        if walk.again:
            self.walk(root, top)
        if top == root.path:
            root.walk_seconds = 0.0 if root.is_new else self._clock() - walk.started
            is_first = root.files is None
            root.files, root.is_new = walk.files, False
            self._store.roots.set_scanned(root.id, passed_by=walk.passed_by)
            is_regular = root.watcher is not None and not root.polls  # once an hour, not twice a minute
            if walk.new or walk.changed or walk.gone or is_first or is_regular or not self._watch:
                self._tell_walk(root, walk)

    def _missing(self, root: WatchedRoot, top: Path, walk: RootWalk, unreadable: tuple[Path, ...]) -> Iterator[Path]:
        """Yield the files that the walk did not find, except for those in unreadable folders."""
        for folder, names in walk.missing:
            yield from (Path(folder, os.fsdecode(name)) for name in names)
        for folder_id, folder, _ in self._store.files.folders_below(root.id, top):
            if folder_id not in walk.listed and not any(folder.is_relative_to(path) for path in unreadable):
                yield from self._in_folder(folder_id)

    def _in_folder(self, folder_id: int) -> Iterator[Path]:
        after = b""
        while paths := self._store.files.in_folder(folder_id, after=after, limit=_PART):
            yield from paths
            after = os.fsencode(paths[-1].name)

    def _forget(self, walk: RootWalk, paths: Iterator[Path], ends: float) -> bool:
        """Forget files that are gone, until a time of the monotonic clock; return whether these were all."""
        with self._store.writing():
            for path in paths:
                if not self._roots.is_there(path) and mark_gone(self._store, path, self._log):
                    walk.gone += 1
                    self._log.emit("file.gone", path=path)
                elif self._roots.excludes(path):
                    leave_out(self._store, path, self._log)
                if time.monotonic() >= ends:
                    return False
        return True

    def _tell_walk(self, root: WatchedRoot, walk: RootWalk) -> None:
        self._log.emit(
            "root.scanned",
            root=root.path,
            folders=len(walk.listed),
            files=walk.files,
            new=walk.new,
            changed=walk.changed,
            gone=walk.gone,
            seconds=self._clock() - walk.started,
        )


def _backlog_until(root: WatchedRoot, walk: RootWalk) -> int:
    """Return the time (ns) of the last change from which on a file has arrived, in the first scan of a root.

    The clock of another machine does not tell.
    """
    if not root.is_new:
        return 0
    return _NEVER if root.is_remote else walk.started_ns
