"""Watch a root with kernel events (inotify), and report when events were lost or will not arrive.

Field notes on watchdog that this module answers: its observer lives on when an emitter has died; after an overflow of
the kernel's queue it rebuilds its watches but replays nothing; a folder that can't be watched, because the user's
limit is reached, is passed over in silence.
"""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.inotify import InotifyEmitter, InotifyObserver, InotifyWatchGroup

from familiar.sources.limits import watch_limit
from familiar.sources.messages import EventsLost, FileHint, FolderHint, Message
from familiar.sources.patterns import Patterns

_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]


class _OnLost(Protocol):
    """Is told of lost events."""

    def __call__(self, reason: str, *, is_lasting: bool = False) -> None:
        """Take the reason, and whether events will be missed from now on."""


class Watcher:
    """Watches one root with its subfolders, and sends a hint for each changed photo or folder."""

    def __init__(self, root: Path, patterns: Patterns, on_message: Callable[[Message], None]) -> None:
        """Take the root, and the receiver of messages, which is called in the watcher's threads."""
        self._root = root
        self._handler = _Handler(root, patterns, on_message)
        self._on_message = on_message
        self._observer: InotifyObserver | None = None

    def start(self) -> None:
        """Start watching.

        Raises:
            OSError: the root can't be watched (it is gone, or a limit of the kernel is reached).
        """
        observer = _Observer(self._on_lost)
        try:
            observer.schedule(self._handler, str(self._root), recursive=True, event_filter=_EVENTS)
            observer.start()
        except BaseException:
            observer.on_thread_stop()  # it owns a thread and a descriptor even before it is started
            raise
        self._observer = observer

    @property
    def is_alive(self) -> bool:
        """Whether events still arrive: the observer, its reader and every emitter are alive."""
        observer = self._observer
        return (
            observer is not None
            and observer.is_alive()
            and observer._inotify_fd.is_alive()  # noqa: SLF001 - nothing public tells
            and bool(observer.emitters)
            and all(emitter.is_alive() for emitter in observer.emitters)
        )

    def stop(self, within: float = 2.0) -> None:
        """End the watcher's threads."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join(within)

    def _on_lost(self, reason: str, *, is_lasting: bool = False) -> None:
        self._on_message(EventsLost(root=self._root, reason=reason, is_lasting=is_lasting))


class _Handler(FileSystemEventHandler):
    def __init__(self, root: Path, patterns: Patterns, on_message: Callable[[Message], None]) -> None:
        self._root = root
        self._patterns = patterns
        self._on_message = on_message

    def on_any_event(self, event: FileSystemEvent) -> None:
        for name in (event.src_path, event.dest_path):
            if name:
                self._hint(Path(os.fsdecode(name)), is_folder=event.is_directory)

    def _hint(self, path: Path, *, is_folder: bool) -> None:
        if path == self._root or not path.is_relative_to(self._root):
            return
        if not is_folder:
            if self._patterns.tells(path):
                self._on_message(FileHint(root=self._root, path=path))
        elif self._patterns.enters(path):
            self._on_message(FolderHint(root=self._root, path=path))


class _Observer(InotifyObserver):
    def __init__(self, on_lost: _OnLost) -> None:
        super().__init__()
        self._emitter_class = functools.partial(_Emitter, on_lost=on_lost)  # type: ignore[assignment]  # called like the class


class _Emitter(InotifyEmitter):
    def __init__(self, *arguments: Any, on_lost: _OnLost, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._on_lost = on_lost

    def queue_event(self, event: FileSystemEvent) -> None:
        """Take an event of the kernel. Those that are made up of a moved folder's content are not needed: it is walked.

        There may be a million of them.
        """
        if not event.is_synthetic:
            super().queue_event(event)

    def on_thread_start(self) -> None:
        self._inotify = _WatchGroup(
            self._inotify_fd,
            os.fsencode(self.watch.path),
            is_recursive=True,
            event_mask=self.get_event_mask_from_filter(),
            on_lost=self._on_lost,
        )


class _WatchGroup(InotifyWatchGroup):
    def __init__(self, *arguments: Any, on_lost: _OnLost, **options: Any) -> None:
        self._on_lost = on_lost
        self._limit_reached = False
        super().__init__(*arguments, **options)

    def on_queue_overflow(self) -> None:
        super().on_queue_overflow()
        self._on_lost("the kernel's queue of events overflowed (fs.inotify.max_queued_events)")

    def _add_callback(self, path: bytes) -> None:
        super()._add_callback(path)
        if path not in self._active_callbacks_by_path and not self._limit_reached and os.access(path, os.R_OK):
            self._limit_reached = True
            self._on_lost(
                f"not every folder can be watched; raise fs.inotify.max_user_watches (now {watch_limit()}); until "
                "then, the root is polled, too",
                is_lasting=True,
            )
