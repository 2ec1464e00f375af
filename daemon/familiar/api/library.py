"""The face of familiar in Python."""

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from familiar.api.clusters import Clusters
from familiar.api.daemon import ScanResult, run, scan
from familiar.api.environment import Environment, find_environment
from familiar.api.people import People
from familiar.api.placement import Action, Collection, collect, put, undo
from familiar.api.search import Found, find
from familiar.api.session import Session
from familiar.events import NO_LOG, EventLog
from familiar.library.handover import Undone
from familiar.library.locations import check_apart
from familiar.library.photo_folders import folder_at
from familiar.library.progress import Progress, no_progress
from familiar.library.search import SearchQuery


class Library:
    """Photos, faces and people that familiar knows, and all that can be done with them.

    A library is opened on a state folder, for a block or until `close`:

        with Library.open() as library:
            library.people.add("Eileen Collins", ["~/Pictures/eileen1.jpg"])

    It is used by one thread. It works beside a running daemon: files are moved, copied and linked by the daemon then,
    and the call waits. All errors are those of `familiar.errors`.

    Attributes:
        people: who is known, and by which faces.
        clusters: groups of faces that nobody has named yet, and what a person decides about them.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        progress: Progress = no_progress,
        log: EventLog = NO_LOG,
        notify: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """Take where everything lies; `Library.open` finds that by itself.

        Args:
            environment: state folder, configuration, caches.
            progress: begins one piece of long work, and is told how far it is.
            log: gets the events of docs/log.md.
            notify: gets remarks for a person, one sentence each.
        """
        self._session = Session(environment, progress=progress, log=log, notify=notify)
        self.people = People(self._session)
        self.clusters = Clusters(self._session)

    @classmethod
    def open(
        cls,
        state: str | Path | None = None,
        *,
        config: str | Path | None = None,
        progress: Progress = no_progress,
        log: EventLog = NO_LOG,
    ) -> Self:
        """Open a library.

        Args:
            state: the state folder; by default that of the command line (`FAMILIAR_STATE`, or the user's). It is made
                by the first call that needs one, such as `scan`.
            config: the configuration file; by default that of the command line.
            progress: begins one piece of long work, and is told how far it is.
            log: gets the events of docs/log.md.

        Raises:
            UsageError: there is no such configuration file.
        """
        environment = find_environment(
            os.environ,
            state=None if state is None else Path(state).expanduser(),
            config=None if config is None else Path(config).expanduser(),
        )
        return cls(environment, progress=progress, log=log)

    @property
    def environment(self) -> Environment:
        """Where state, configuration and caches lie."""
        return self._session.environment

    def scan(self, *paths: str | Path, retry: bool = False) -> ScanResult:
        """Handle the photos that are there now: look at them, match their faces, apply the rules.

        Args:
            paths: folders and files; by default the configured folders.
            retry: try photos again that were set aside.

        Raises:
            UsageError: there is no such folder, none is configured, or the configuration or the rules are wrong.
            BusyError: the daemon runs, which handles photos by itself, or another scan.
        """
        return scan(self._session, tuple(Path(path).expanduser() for path in paths), retry=retry)

    def run(self, folders: Sequence[str | Path] = ()) -> None:
        """Be the daemon: watch folders, and handle each photo that arrives, until a signal stops it.

        Args:
            folders: what to watch; by default the configured folders.

        Raises:
            UsageError, BusyError: as `scan`.
            StoreReplacedError: the store was deleted, moved or replaced.
        """
        run(self._session, tuple(Path(folder).expanduser() for folder in folders))

    def find(
        self,
        image: str | Path,
        *,
        most: int = 10,
        threshold: float | None = None,
        beyond: bool = False,
        person: str | None = None,
    ) -> list[Found]:
        """Return who is in an image, and the known photos with the same faces; the image is not remembered.

        Args:
            image: a photo or a video.
            most: photos and people for each face.
            threshold: distance up to which a face is found, in 0 to 2; by default the configured one.
            beyond: give the nearest, even if they are farther away.
            person: look only among the photos of this person.

        Raises:
            UsageError: there is no such file, or no such person.
            FamiliarError: it can't be decoded, or has no face.
        """
        query = SearchQuery(most=most, threshold=threshold, beyond=beyond, person=person)
        return find(self._session, Path(image).expanduser(), query)

    def collect(
        self,
        people: Sequence[str],
        to: str | Path,
        *,
        folders: Sequence[str | Path] = (),
        action: Action = "copy",
        every: bool = False,
        only: bool = False,
    ) -> Collection:
        """Put all photos and videos of people into one folder; `undo(last=True)` takes it back.

        Args:
            people: their names.
            to: the folder to put them into.
            folders: take the photos in these, which are looked through first; by default all known ones.
            action: what is done with them.
            every: all of the people are in the photo; by default one is enough.
            only: nobody else is in the photo, and no unknown face.

        Raises:
            UsageError: there is no such person, or `to` is, or lies in, one of the folders.
            FamiliarError: none of the photos lies anywhere any more.
        """
        where = [folder_at(Path(folder).expanduser(), files=False) for folder in folders]
        return collect(
            self._session, people, Path(to).expanduser(), folders=where, action=action, every=every, only=only
        )

    def check_target(self, folder: str | Path) -> Path:
        """Return a folder that photos can be put into, as an absolute path; it need not exist.

        Raises:
            UsageError: it is a file.
        """
        return check_apart(Path(folder).expanduser(), [])

    def put(self, photos: Iterable[tuple[int, Path]], to: Path, action: Action, *, rule: str) -> Collection:
        """Put known photos, each an id with the path to take it from, into a folder; `undo(last=True)` takes it back.

        Args:
            photos: what is put there.
            to: an absolute path.
            action: what is done with them.
            rule: who asked for it, for the journal.
        """
        return put(self._session, photos, to, action, rule)

    def undo(self, operations: Sequence[int] = (), *, last: bool = False, since: datetime | None = None) -> Undone:
        """Take back what rules and commands did to files, the newest first.

        If one of the operations can't be undone, because a file is not where it was left, nothing is touched.

        Args:
            operations: numbers, as the log has them.
            last: what was done last: for one photo by rules, or by one command.
            since: all since then; a time with a zone.

        Raises:
            UsageError: not exactly one of the three is given, there is no such operation, or nothing to undo.
        """
        return undo(self._session, operations, last=last, since=since)

    def close(self) -> None:
        """Close the store."""
        self._session.close()

    def __enter__(self) -> Self:
        """Return the library itself; it is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()
