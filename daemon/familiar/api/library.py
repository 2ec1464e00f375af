"""The Python API of familiar."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from familiar import api
from familiar.api.environment import Environment, find_environment
from familiar.api.session import Session
from familiar.closing import Closing
from familiar.events import NO_LOG, EventLog
from familiar.library.argument_types import checked_arguments
from familiar.library.named_paths import Paths, all_expanded, expanded
from familiar.library.progress import Progress, no_progress

if TYPE_CHECKING:
    from familiar.api.clusters import FaceClusters
    from familiar.api.configuration import ConfigurationFiles
    from familiar.api.crops import CropResult
    from familiar.api.disks import FolderDisks
    from familiar.api.export import ExportedTable
    from familiar.api.faces import KnownFaces
    from familiar.api.flickr import FlickrAccount
    from familiar.api.health import Finding
    from familiar.api.migration import Migration
    from familiar.api.models import FaceModels
    from familiar.api.people import RegisteredPeople
    from familiar.api.photos import KnownPhotos
    from familiar.api.placement import Action, Collection
    from familiar.api.report import Report
    from familiar.api.rules import PhotoRules, PlannedPhotos
    from familiar.api.scan_result import ScanResult
    from familiar.api.scores import WrittenScores
    from familiar.api.search import Found
    from familiar.api.service import Service
    from familiar.api.sidecars import PhotoSidecars
    from familiar.api.workers import OtherMachines
    from familiar.library.crops.options import CropFormat
    from familiar.library.export.formats import Format
    from familiar.library.export.tables import TableName
    from familiar.library.handover import Undone
    from familiar.library.history import HistoryEntry
    from familiar.library.photo_scores import PhotoScores
    from familiar.library.status import LibraryStatus
    from familiar.store.decisions.log import EventRow


@checked_arguments
class Library(Closing):
    """The known photos, faces and people, and all operations on them.

    A library is opened on a state folder, for a block or until `close`:

        with Library.open() as library:
            library.people.add("Eileen Collins", ["~/Pictures/eileen1.jpg"])

    Use it from one thread. While a daemon is running, the daemon moves, copies and links files, and the call waits. All
    errors are those of `familiar.errors`.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        progress: Progress = no_progress,
        log: EventLog = NO_LOG,
        notify: Callable[[str], None] = lambda _text: None,
        rematches: bool = True,
    ) -> None:
        """Take the environment; use `Library.open` to find it.

        Args:
            environment: state folder, configuration, caches.
            progress: called at the start of long work; reports its progress.
            log: gets the events of docs/log.md.
            notify: gets messages for a person, one sentence each.
            rematches: match all known faces again after each decision; without it, `rematch` does so.
        """
        self._session = Session(environment, progress=progress, log=log, notify=notify, rematches=rematches)

    @property
    def unread(self) -> Mapping[Path, str]:
        """The folders that calls could not look into so far, and why; photos in them were left out."""
        return self._session.unread.folders

    @property
    def fallbacks(self) -> frozenset[str]:
        """Why faces were found or encoded by another, slower engine or device than the settings say, if they were."""
        return self._session.fallbacks

    @cached_property
    def people(self) -> RegisteredPeople:
        """The registered people and their references."""
        return api.people.RegisteredPeople(self._session)

    @cached_property
    def clusters(self) -> FaceClusters:
        """Groups of unnamed faces, and the decisions of a person about them."""
        return api.clusters.FaceClusters(self._session)

    @cached_property
    def faces(self) -> KnownFaces:
        """All known faces: where they are, and their pictures."""
        return api.faces.KnownFaces(self._session)

    @cached_property
    def photos(self) -> KnownPhotos:
        """All known photos: in the order in which they were taken, with their faces."""
        return api.photos.KnownPhotos(self._session)

    @cached_property
    def sidecars(self) -> PhotoSidecars:
        """Names and face areas in XMP files next to the photos."""
        return api.sidecars.PhotoSidecars(self._session)

    @cached_property
    def rules(self) -> PhotoRules:
        """The rules by which photos are sorted."""
        return api.rules.PhotoRules(self._session)

    @cached_property
    def flickr(self) -> FlickrAccount:
        """The account on Flickr, if the configuration has one; otherwise use `flickr_accounts`."""
        return api.flickr.FlickrAccount(self._session)

    @property
    def flickr_accounts(self) -> Mapping[str, FlickrAccount]:
        """The accounts of the configuration by their names.

        Raises:
            UsageError: the configuration is wrong.
        """
        accounts = self._session.settings.accounts
        return {account.name: api.flickr.FlickrAccount(self._session, account.name) for account in accounts}

    @cached_property
    def models(self) -> FaceModels:
        """The models that encode faces, of which one is in use."""
        return api.models.FaceModels(self._session)

    @cached_property
    def workers(self) -> OtherMachines:
        """Other machines that analyse photos, as workers of Dask."""
        return api.workers.OtherMachines(self._session)

    @cached_property
    def disks(self) -> FolderDisks:
        """The disks of the folders that are read from and written to."""
        return api.disks.FolderDisks(self._session)

    @cached_property
    def service(self) -> Service:
        """The service of systemd that runs the daemon."""
        return api.service.Service(self._session)

    @cached_property
    def config(self) -> ConfigurationFiles:
        """The configuration and the rules."""
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
            state: the state folder; by default that of the command line (`FAMILIAR_STATE`, or the user's). The first
                call that needs it creates it, such as `scan`.
            config: the configuration file; by default that of the command line.
            progress: called at the start of long work; reports its progress.
            log: gets the events of docs/log.md.

        Raises:
            UsageError: the configuration file does not exist.
        """
        environment = find_environment(
            os.environ,
            state=None if state is None else expanded(state),
            config=None if config is None else expanded(config),
        )
        return cls(environment, progress=progress, log=log)

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Make all decisions about clusters and people in a block, or none if one of them is refused.

        All known faces are matched once, after the block, and not after each decision.
        """
        with self._session.deciding():
            yield

    def undo_decision(self, event: int) -> EventRow:
        """Undo a decision about clusters or people by its number; return it.

        Raises:
            UsageError: as `clusters.undo` and `people.undo`.
        """
        undone = self._session.store().decisions.undo(event)
        self._session.rematch_after_decision()
        return undone

    def rematch(self, on_progress: Callable[[int], None] = lambda _done: None) -> None:
        """Match all known faces again if people or clusters have changed since, here or through a running daemon.

        `on_progress` gets the number of faces that are done, after each short transaction. What it raises ends this;
        another call begins again.
        """
        self._session.rematch(on_progress)

    @property
    def version(self) -> str:
        """A text that differs whenever anything in the store was changed, by this or another process.

        Raises:
            NoStoreError: there is no store yet.
        """
        return self._session.store().version

    def check_store(self) -> None:
        """Check that the store still has the tables with which it was opened.

        Raises:
            NoStoreError: there is no store yet.
            StoreSchemaError: another version has migrated it since.
        """
        self._session.store().check_schema()

    @property
    def environment(self) -> Environment:
        """The paths of state, configuration and caches."""
        return self._session.environment

    def status(self) -> LibraryStatus:
        """Return what is done, what is waiting, and what failed; works with an invalid configuration, too.

        Raises:
            NoStoreError: no store exists.
        """
        return api.status.status(self._session)

    def metrics(self) -> str:
        """Return the status as metrics of Prometheus, also while the store can't be opened: then it is failing."""
        return api.status.metrics_of(self._session)

    def examine(self) -> list[Finding]:
        """Check this installation: configuration, rules, store, folders, kernel limits, and the engine.

        Raises nothing and creates nothing: each problem is a finding, with a remedy.
        """
        return list(api.health.examine(self._session))

    def scan(self, *paths: str | Path, retry: bool = False) -> ScanResult:
        """Handle the photos that are there now: find and match their faces, apply the rules.

        Args:
            paths: folders and files; by default the configured folders.
            retry: retry photos that were set aside.

        Raises:
            UsageError: a folder does not exist, none is configured, or the configuration or the rules are wrong.
            BusyError: the daemon, which handles photos automatically, or another scan is running.
        """
        return api.daemon.scan(self._session, tuple(expanded(path) for path in paths), retry=retry)

    def retry(self, *files: str | Path) -> int:
        """Have files that were set aside handled again, by a running daemon at once, or by the next scan.

        Args:
            files: their paths; by default all of them.

        Returns:
            How many files wait to be handled now: all paths of these photos.

        Raises:
            UsageError: one of the files was not set aside.
            NoStoreError: there is no store yet.
        """
        return api.daemon.retry(self._session, [expanded(file) for file in files])

    def plan(self, *paths: str | Path) -> PlannedPhotos:
        """Return what the rules would do; no file is touched, and no photo counts as handled.

        New photos are analysed and stored; a missing store is created.

        Args:
            paths: folders and files; by default the configured folders.

        Raises:
            UsageError: a folder does not exist, there are no rules, or the configuration or the rules are wrong.
        """
        return api.rules.plan(self._session, [expanded(path) for path in paths])

    def migrate(self) -> Migration:
        """Migrate the store to this version, while no daemon runs; a backup is kept next to it.

        Raises:
            NoStoreError: no store exists.
            BusyError: the daemon, or another command, has the state folder.
            StoreError: the store can't be used.
        """
        from familiar.api.migration import migrate

        return migrate(self._session)

    def run(self, folders: Paths = ()) -> None:
        """Run the daemon: watch folders, and handle each photo that arrives, until a signal stops it.

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
        min_quality: float = 0.0,
    ) -> list[Found]:
        """Return who is in an image, and the known photos with the same faces; the image is not stored.

        The worker process that decodes the image is kept for the next one until the library is closed.

        Args:
            image: a photo or a video.
            most: photos and people for each face.
            threshold: largest distance of a face that counts as found, from 0 to 2; by default the configured one.
            beyond: return the nearest faces, even beyond the threshold.
            person: search only the photos of this person.
            min_quality: skip faces of a lower quality, from 0 to 1, in the image and in photos; an unknown quality is
                good enough.

        Raises:
            UsageError: the file or the person does not exist.
            FamiliarError: the image can't be decoded, or has no face that is good enough.
        """
        path = expanded(image)
        if path.is_file():
            self._session.kept_workers().warm_up()  # while it starts, the modules of the search are loaded
        from familiar.library.search import SearchQuery

        query = SearchQuery(most=most, threshold=threshold, beyond=beyond, person=person, min_quality=min_quality)
        return api.search.find(self._session, path, query)

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
        """Put all photos and videos of people into one folder; `undo(last=True)` undoes it.

        Args:
            people: their names.
            to: the folder to put them into.
            folders: use the photos in these, which are scanned first; by default, all known photos.
            action: what is done with them.
            every: use only photos of all these people; by default, of any.
            only: use only photos without other people and unknown faces.

        Raises:
            UsageError: no person is named, a person or the action does not exist, or `to` is one of the folders or
                inside one.
            FamiliarError: no file of these photos exists any more, or none is known because only other models than the
                one in use have encoded references of these people.
        """
        wanted = api.placement.PhotosOfPeople(
            people=_names(people), folders=tuple(all_expanded(folders)), every=every, only=only
        )
        return api.placement.collect(self._session, wanted, expanded(to), action)

    def check_target(self, folder: str | Path) -> Path:
        """Return a folder that photos can be put into, as an absolute path; it need not exist yet.

        Raises:
            UsageError: it is a file.
        """
        return api.placement.check_target(expanded(folder))

    def put(self, photos: Iterable[tuple[int, Path]], to: str | Path, action: Action, *, rule: str) -> Collection:
        """Put known photos, each an id with its path, into a folder; `undo(last=True)` undoes it.

        Args:
            photos: what is put there.
            to: the folder, which is created if needed.
            action: what is done with them.
            rule: the originator, for the journal.

        Raises:
            UsageError: the action or a photo does not exist, or `to` is a file.
        """
        return api.placement.put(self._session, photos, self.check_target(to), action, rule)

    def history(self, *, limit: int | None = None) -> list[HistoryEntry]:
        """Return what was done to files, and decided about clusters and people, the newest first.

        Each entry says by which command it can be undone, or why it can't be undone now. `undo` undoes operations on
        files, `clusters.undo` and `people.undo` undo decisions.

        Args:
            limit: largest number of entries, 0 or more.

        Raises:
            UsageError: the limit is negative.
            NoStoreError: there is no store yet.
        """
        return api.history.history(self._session, limit=limit)

    def undo(
        self, operations: Sequence[int | range] = (), *, last: bool = False, since: datetime | None = None
    ) -> Undone:
        """Undo file operations of rules and commands, newest first.

        If one of them can't be undone because its file has moved, nothing is touched.

        Args:
            operations: their numbers, as `history` has them; of a range, those that were done and not yet undone.
            last: the last operations, of one photo by rules, or of one command.
            since: all operations since this time, which has a time zone.

        Raises:
            UsageError: not exactly one of the three is given, an operation does not exist, or there is nothing to undo.
        """
        return api.placement.undo(self._session, operations, last=last, since=since)

    def scores(
        self, person: str | None = None, *, source: str | Path | None = None, min_quality: float = 0.0
    ) -> PhotoScores:
        """Return the similarity of photos to a person: paths, and scores as an array (n,).

        Args:
            person: score all known photos for this person; or
            source: read scores from this file, or from every similarity_scores.txt in this folder and its subfolders.
            min_quality: for a person, skip faces of a lower quality, from 0 to 1; an unknown quality is good enough.

        Raises:
            UsageError: not exactly one of person and source is given, the person does not exist, or a file is not a
                file of scores.
            FamiliarError: no known photo has a face that is good enough.
        """
        where = None if source is None else expanded(source)
        return api.scores.scores(self._session, person, where, min_quality=min_quality)

    def write_scores(
        self,
        folder: str | Path,
        person: str,
        *,
        recursive: bool = False,
        min_quality: float = 0.0,
        out: str | Path | None = None,
    ) -> WrittenScores:
        """Score the photos in a folder, which is scanned first, and write files of scores there.

        Each folder with photos gets a similarity_scores.txt; an existing file of scores is replaced.

        Args:
            folder: the photos.
            person: the person to look for.
            recursive: include subfolders.
            min_quality: skip faces of a lower quality, from 0 to 1; an unknown quality is good enough.
            out: the file with all scores; by default all_similarity_scores.txt in the folder.

        Raises:
            UsageError: the folder or person does not exist, it has no photos, or another file has one of the names.
            FamiliarError: no photo has a face that is good enough, or a file can't be written; then no file has
                changed.
        """
        where = None if out is None else expanded(out)
        return api.scores.write_scores(
            self._session, expanded(folder), person, recursive=recursive, min_quality=min_quality, out=where
        )

    def move(self, photos: Paths, to: str | Path, *, ignore_missing: bool = False) -> Collection:
        """Move photos into a folder; `undo(last=True)` undoes it. Nothing is overwritten.

        Args:
            photos: paths, or the path of a file with one path a line, as written by `PhotoScores.write_list`.
            to: the folder, which is created if needed.
            ignore_missing: skip files that do not exist.

        Raises:
            UsageError: there are no paths, one is a folder, the list can't be read, or `to` is a file.
            FamiliarError: a file does not exist; then nothing was done.
        """
        return api.photo_lists.put_listed(self._session, photos, expanded(to), "move", ignore_missing=ignore_missing)

    def copy(self, photos: Paths, to: str | Path, *, ignore_missing: bool = False) -> Collection:
        """Copy photos into a folder; arguments and errors are those of `move`."""
        return api.photo_lists.put_listed(self._session, photos, expanded(to), "copy", ignore_missing=ignore_missing)

    def link(self, photos: Paths, to: str | Path, *, hard: bool = False, ignore_missing: bool = False) -> Collection:
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
        min_quality: float = 0.0,
        margin: float = 0.4,
        square: bool = True,
        aligned: bool = False,
        size: int | None = None,
        enlarge: bool = True,
        format: CropFormat = "jpg",  # noqa: A002 - it is called so in faces.json
        quality: int | None = None,
    ) -> CropResult:
        """Crop the faces of people from photos, for a data set; `undo(last=True)` removes the crops.

        Another call with the same options adds only new crops. See docs/datasets.md.

        Args:
            people: the people to crop; several people get one folder each in `to`.
            to: the folder for the crops, and for faces.json, which lists the source of each crop.
            folders: files and folders, which are scanned first; by default, all known photos.
            recursive: include subfolders.
            reference: a photo of the face to look for, instead of people.
            largest: use the largest face if that photo has several.
            threshold: crop all faces up to this distance, above 0 and up to 1, even if nearer to somebody else; 1 crops
                all faces. By default, faces that match.
            all_faces: crop all faces of a photo that match, not only the nearest.
            min_size: skip faces with fewer pixels of the shorter side.
            min_sharpness: skip faces less sharp than this.
            min_quality: skip faces of a lower quality, from 0 to 1; an unknown quality is good enough.
            margin: margin on each side, as a share of the face's longer side, from 0 to 3.
            square: make square crops; otherwise crops have the shape of the face box.
            aligned: rotate and scale faces so that the eyes are level.
            size: pixels of the longer side of each crop, from 8 to 10,000; by default as in the photo.
            enlarge: enlarge faces with too few pixels; otherwise they are skipped.
            format: of the crops.
            quality: of jpg and webp, from 1 to 100.

        Raises:
            UsageError: not exactly one of `people` and `reference` is given, options can't be combined, a person or
                folder does not exist, or `to` has crops of another person or with other options.
            FamiliarError: no photo has a face, or faces.json can't be written.
        """
        from familiar.library.crops.options import CropOptions
        from familiar.library.crops.request import CropRequest
        from familiar.library.photo_folders import named_folders

        options = CropOptions(
            all_faces=all_faces,
            min_size=min_size,
            min_sharpness=min_sharpness,
            min_quality=min_quality,
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
        min_quality: float = 0.0,
        replace: bool = False,
    ) -> ExportedTable:
        """Write all photos, faces or matches as a table; all rows come from one snapshot.

        Args:
            table: "photos", "faces" or "matches"; see docs/report.md for their columns.
            out: a file, or a stream of bytes, which stays open.
            format: "csv", "jsonl" or "parquet"; by default that of the file's suffix, for a stream "csv".
            embeddings: include the embedding of each face.
            min_quality: of faces and matches, skip those of a lower quality, from 0 to 1; an unknown quality is good
                enough.
            replace: replace an existing file.

        Raises:
            UsageError: the table does not exist, the format is unknown, or the file exists.
            FamiliarError: the file can't be written.
        """
        where = expanded(out) if isinstance(out, str | Path) else out
        return api.export.export(
            self._session,
            table,
            where,
            format_=format,
            embeddings=embeddings,
            min_quality=min_quality,
            replace=replace,
        )

    def report(self, file: str | Path, *, people: int = 100, faces: bool = True, replace: bool = False) -> Report:
        """Write a page (HTML) about all photos; an existing report is replaced, any other file is not.

        Args:
            file: a single file that needs no other files and no network.
            people: number of people to show, those with the most photos.
            faces: show faces, or only names and numbers.
            replace: replace a file that is not a report.

        Raises:
            UsageError: another file of that name exists.
            FamiliarError: the file can't be written.
        """
        return api.report.report(self._session, expanded(file), people=people, faces=faces, replace=replace)

    def close(self) -> None:
        """Close the store."""
        self._session.close()


def _names(people: str | Sequence[str]) -> tuple[str, ...]:
    return (people,) if isinstance(people, str) else tuple(people)
