"""The face of familiar in Python."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from familiar import api
from familiar.api.environment import Environment, find_environment
from familiar.api.session import Session
from familiar.events import NO_LOG, EventLog
from familiar.library.named_paths import all_expanded, expanded
from familiar.library.progress import Progress, no_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from types import TracebackType
    from typing import BinaryIO

    from familiar.api.clusters import FaceClusters
    from familiar.api.configuration import ConfigurationFiles
    from familiar.api.crops import CropResult
    from familiar.api.daemon import ScanResult
    from familiar.api.disks import FolderDisks
    from familiar.api.export import ExportedTable
    from familiar.api.flickr import FlickrAccount
    from familiar.api.health import Finding
    from familiar.api.models import FaceModels
    from familiar.api.people import RegisteredPeople
    from familiar.api.photo_lists import Listed
    from familiar.api.placement import Action, Collection
    from familiar.api.report import Report
    from familiar.api.rules import PhotoRules, PlannedPhotos
    from familiar.api.scores import WrittenScores
    from familiar.api.search import Found
    from familiar.api.sidecars import PhotoSidecars
    from familiar.library.crops.options import CropFormat
    from familiar.library.export.formats import Format
    from familiar.library.export.tables import TableName
    from familiar.library.handover import Undone
    from familiar.library.named_paths import Paths
    from familiar.library.photo_scores import PhotoScores
    from familiar.library.status import LibraryStatus


class Library:
    """Photos, faces and people that familiar knows, and all that can be done with them.

    A library is opened on a state folder, for a block or until `close`:

        with Library.open() as library:
            library.people.add("Eileen Collins", ["~/Pictures/eileen1.jpg"])

    It is used by one thread. It works beside a running daemon: files are moved, copied and linked by the daemon then,
    and the call waits. All errors are those of `familiar.errors`.
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

    @cached_property
    def people(self) -> RegisteredPeople:
        """Who is known, and by which faces."""
        return api.people.RegisteredPeople(self._session)

    @cached_property
    def clusters(self) -> FaceClusters:
        """Groups of faces that nobody has named yet, and what a person decides about them."""
        return api.clusters.FaceClusters(self._session)

    @cached_property
    def sidecars(self) -> PhotoSidecars:
        """Names and faces in XMP files beside the photos."""
        return api.sidecars.PhotoSidecars(self._session)

    @cached_property
    def rules(self) -> PhotoRules:
        """The rules by which photos are sorted."""
        return api.rules.PhotoRules(self._session)

    @cached_property
    def flickr(self) -> FlickrAccount:
        """An account on Flickr, both ways."""
        return api.flickr.FlickrAccount(self._session)

    @cached_property
    def models(self) -> FaceModels:
        """The models that encode faces, of which one is in use."""
        return api.models.FaceModels(self._session)

    @cached_property
    def disks(self) -> FolderDisks:
        """The disks of the folders that are read from and written to."""
        return api.disks.FolderDisks(self._session)

    @cached_property
    def config(self) -> ConfigurationFiles:
        """The files that say what familiar does."""
        return api.configuration.ConfigurationFiles(self._session)

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
            state=None if state is None else expanded(state),
            config=None if config is None else expanded(config),
        )
        return cls(environment, progress=progress, log=log)

    @property
    def environment(self) -> Environment:
        """Where state, configuration and caches lie."""
        return self._session.environment

    def status(self) -> LibraryStatus:
        """Return what is done, what waits, and what went wrong; a wrong configuration does not hide that.

        Raises:
            NoStoreError: there is no store yet.
        """
        return api.status.status(self._session)

    def examine(self) -> list[Finding]:
        """Check this installation: configuration, rules, store, folders, limits of the kernel, and the engine.

        Nothing raises, and nothing is made: what is wrong is a finding, with a remedy.
        """
        return list(api.health.examine(self._session))

    def scan(self, *paths: str | Path, retry: bool = False) -> ScanResult:
        """Handle the photos that are there now: look at them, match their faces, apply the rules.

        Args:
            paths: folders and files; by default the configured folders.
            retry: try photos again that were set aside.

        Raises:
            UsageError: there is no such folder, none is configured, or the configuration or the rules are wrong.
            BusyError: the daemon runs, which handles photos by itself, or another scan.
        """
        return api.daemon.scan(self._session, tuple(expanded(path) for path in paths), retry=retry)

    def plan(self, *paths: str | Path) -> PlannedPhotos:
        """Return what the rules would do; no file is touched, and no photo counts as handled.

        Photos that are not known yet are looked at and remembered; the store is made if there is none.

        Args:
            paths: folders and files; by default the configured folders.

        Raises:
            UsageError: there is no such folder, there are no rules, or the configuration or the rules are wrong.
        """
        return api.rules.plan(self._session, [expanded(path) for path in paths])

    def run(self, folders: Paths = ()) -> None:
        """Be the daemon: watch folders, and handle each photo that arrives, until a signal stops it.

        Args:
            folders: what to watch; by default the configured folders.

        Raises:
            UsageError, BusyError: as `scan`.
            StoreReplacedError: the store was deleted, moved or replaced.
        """
        api.daemon.run(self._session, tuple(all_expanded(folders)))

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
        from familiar.library.search import SearchQuery

        query = SearchQuery(most=most, threshold=threshold, beyond=beyond, person=person)
        return api.search.find(self._session, expanded(image), query)

    def collect(
        self,
        people: str | Sequence[str],
        to: str | Path,
        *,
        folders: Paths = (),
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
        wanted = api.placement.PhotosOfPeople(
            people=_names(people), folders=tuple(all_expanded(folders)), every=every, only=only
        )
        return api.placement.collect(self._session, wanted, expanded(to), action)

    def check_target(self, folder: str | Path) -> Path:
        """Return a folder that photos can be put into, as an absolute path; it need not exist.

        Raises:
            UsageError: it is a file.
        """
        return api.placement.check_target(expanded(folder))

    def put(self, photos: Iterable[tuple[int, Path]], to: Path, action: Action, *, rule: str) -> Collection:
        """Put known photos, each an id with the path to take it from, into a folder; `undo(last=True)` takes it back.

        Args:
            photos: what is put there.
            to: an absolute path.
            action: what is done with them.
            rule: who asked for it, for the journal.
        """
        return api.placement.put(self._session, photos, to, action, rule)

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
        return api.placement.undo(self._session, operations, last=last, since=since)

    def scores(self, person: str | None = None, *, source: str | Path | None = None) -> PhotoScores:
        """Return how near photos come to a person: paths, and scores as an array (n,).

        Args:
            person: score all known photos for this person; or
            source: read scores from this file, or from all files similarity_scores.txt in and below this folder.

        Raises:
            UsageError: not exactly one of the two is given, there is no such person, or a file is not one of scores.
            FamiliarError: no photo with a face is known.
        """
        return api.scores.scores(self._session, person, None if source is None else expanded(source))

    def write_scores(
        self, folder: str | Path, person: str, *, recursive: bool = False, out: str | Path | None = None
    ) -> WrittenScores:
        """Score the photos in a folder, which is looked through first, and write files of scores there.

        Each folder with photos gets a similarity_scores.txt; a file of scores that is there is replaced.

        Args:
            folder: the photos.
            person: whom to look for.
            recursive: take the folders below, too.
            out: the file with all scores; by default all_similarity_scores.txt in the folder.

        Raises:
            UsageError: there is no such folder or person, no photo in it, or another file has one of the names.
            FamiliarError: no photo has a face, or a file can't be written; no file has changed then.
        """
        where = None if out is None else expanded(out)
        return api.scores.write_scores(self._session, expanded(folder), person, recursive=recursive, out=where)

    def move(self, photos: Listed, to: str | Path, *, ignore_missing: bool = False) -> Collection:
        """Move photos into a folder; `undo(last=True)` takes it back. Nothing is overwritten.

        Args:
            photos: paths, or one path: a file with a path a line, as `PhotoScores.write_list` writes it.
            to: the folder, which is made if need be.
            ignore_missing: skip files that do not exist.

        Raises:
            UsageError: there is no path, one is a folder, the list can't be read, or `to` is a file.
            FamiliarError: a file does not exist; nothing was done then.
        """
        return api.photo_lists.put_listed(self._session, photos, expanded(to), "move", ignore_missing=ignore_missing)

    def copy(self, photos: Listed, to: str | Path, *, ignore_missing: bool = False) -> Collection:
        """Copy photos into a folder; arguments and errors are those of `move`."""
        return api.photo_lists.put_listed(self._session, photos, expanded(to), "copy", ignore_missing=ignore_missing)

    def link(self, photos: Listed, to: str | Path, *, hard: bool = False, ignore_missing: bool = False) -> Collection:
        """Make symbolic links to photos in a folder, or hard ones; arguments and errors are those of `move`."""
        action: Action = "hard-link" if hard else "link"
        return api.photo_lists.put_listed(self._session, photos, expanded(to), action, ignore_missing=ignore_missing)

    def crop(
        self,
        people: str | Sequence[str] = (),
        *,
        to: str | Path,
        folders: Paths = (),
        recursive: bool = True,
        reference: str | Path | None = None,
        largest: bool = False,
        threshold: float | None = None,
        all_faces: bool = False,
        min_size: int = 0,
        min_sharpness: float = 0.0,
        margin: float = 0.4,
        square: bool = True,
        aligned: bool = False,
        size: int | None = None,
        enlarge: bool = True,
        format: CropFormat = "jpg",  # noqa: A002 - it is called so in faces.json
        quality: int | None = None,
    ) -> CropResult:
        """Crop the faces of people out of photos, for a data set; `undo(last=True)` takes the crops back.

        Another call with the same options adds what is new. docs/datasets.md says more.

        Args:
            people: whose faces; several people get a folder each in `to`.
            to: the folder for the crops, and for faces.json, which says where each comes from.
            folders: files and folders, which are looked through first; by default all known photos are taken.
            recursive: take the folders below, too.
            reference: a photo of the face to look for, in place of people.
            largest: take the largest of several faces in that photo.
            threshold: the largest distance of a face, above 0 and up to 1, whoever else may be nearer; 1 takes every
                face. By default matching decides.
            all_faces: crop all faces of a photo that match, not only the nearest.
            min_size: leave out smaller faces: pixels of the shorter side.
            min_sharpness: leave out faces that are less sharp.
            margin: share of the face's longer side that is added on each side, in 0 to 3.
            square: make squares; otherwise crops have the shape of the face's box.
            aligned: turn and scale faces so that their eyes are level.
            size: pixels of the longer side of each crop, in 8 to 10,000; by default as in the photo.
            enlarge: enlarge faces that have too few pixels; otherwise they are left out.
            format: of the crops.
            quality: of jpg and webp, in 1 to 100.

        Raises:
            UsageError: not exactly one of `people` and `reference` is given, options do not go together, there is no
                such person or folder, or `to` has other crops, or such as were made with other options.
            FamiliarError: there is no face in any of the photos, or faces.json can't be written.
        """
        from familiar.library.crops.options import CropOptions
        from familiar.library.crops.request import CropRequest
        from familiar.library.photo_folders import named_folders

        options = CropOptions(
            all_faces=all_faces,
            min_size=min_size,
            min_sharpness=min_sharpness,
            margin=margin,
            shape="square" if square else "original",
            aligned=aligned,
            size=size,
            enlarge=enlarge,
            format=format,
            quality=quality,
        )
        request = CropRequest(
            people=_names(people),
            reference=None if reference is None else expanded(reference),
            largest=largest,
            folders=tuple(named_folders(all_expanded(folders), recursive=recursive)),
            to=expanded(to),
            threshold=threshold,
            options=options,
        )
        return api.crops.crop(self._session, request)

    def export(
        self,
        table: TableName,
        out: str | Path | BinaryIO,
        *,
        format: Format | None = None,  # noqa: A002 - as the option is called
        embeddings: bool = False,
        replace: bool = False,
    ) -> ExportedTable:
        """Write all photos, faces or matches as a table; the rows are all of one moment.

        Args:
            table: "photos", "faces" or "matches"; docs/report.md says which columns they have.
            out: a file, or a stream of bytes, which stays open.
            format: "csv", "jsonl" or "parquet"; by default that of the file's suffix, for a stream "csv".
            embeddings: write the embedding of each face, too.
            replace: replace a file of that name.

        Raises:
            UsageError: there is no such table, no format is meant, or a file of that name is there.
            FamiliarError: the file can't be written.
        """
        where = expanded(out) if isinstance(out, str | Path) else out
        return api.export.export(self._session, table, where, format_=format, embeddings=embeddings, replace=replace)

    def report(self, file: str | Path, *, people: int = 100, faces: bool = True, replace: bool = False) -> Report:
        """Write a page (HTML) about all photos; a report that lies there is replaced, another file is not.

        Args:
            file: one file, which needs nothing else, and no network either.
            people: how many people are shown, those with most photos.
            faces: show faces, or names and figures alone.
            replace: replace a file that is not a report.

        Raises:
            UsageError: another file of that name is there.
            FamiliarError: the file can't be written.
        """
        return api.report.report(self._session, expanded(file), people=people, faces=faces, replace=replace)

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


def _names(people: str | Sequence[str]) -> tuple[str, ...]:
    return (people,) if isinstance(people, str) else tuple(people)
