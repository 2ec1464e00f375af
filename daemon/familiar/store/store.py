"""The store as one value: the open file, and its tables by subject."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from pathlib import Path

from familiar.closing import Closing
from familiar.effects.kinds.catalogue import EVERY_KIND, Kinds
from familiar.filesystem.anchors import Anchor
from familiar.store.check import StoreCheck, damage_in
from familiar.store.clusters.clusters import Clusters
from familiar.store.clusters.rounds import Rounds
from familiar.store.clusters.suggestions import Suggestions
from familiar.store.connection import Connection
from familiar.store.database import reading, writing
from familiar.store.decisions.decisions import Decisions
from familiar.store.decisions.log import DecisionLog
from familiar.store.embeddings import FaceEmbeddings
from familiar.store.files import Files
from familiar.store.flickr.albums import FlickrAlbums
from familiar.store.flickr.cached_files import CachedFiles
from familiar.store.flickr.calls import FlickrCalls
from familiar.store.flickr.captions import FlickrCaptions
from familiar.store.flickr.facts import AccountFacts
from familiar.store.flickr.listing import FlickrListing
from familiar.store.flickr.marked_people import MarkedPeople
from familiar.store.flickr.photos import FlickrPhotos
from familiar.store.flickr.tags import FlickrTags
from familiar.store.journal import OperationJournal
from familiar.store.matched_people import MatchedPeople
from familiar.store.matrix import NAME as MATRIX_NAME
from familiar.store.matrix import EmbeddingMatrix
from familiar.store.models import Models
from familiar.store.opening import open_database
from familiar.store.people import People
from familiar.store.photos import Photos
from familiar.store.places import Places
from familiar.store.qualities import Qualities
from familiar.store.records import OperationRecords
from familiar.store.references import References
from familiar.store.remote_workers import KeptRemoteState
from familiar.store.roots import Roots
from familiar.store.sidecars import Sidecars
from familiar.store.sightings import Sightings
from familiar.store.tables import Tables
from familiar.store.turned_photos import TurnedPhotos
from familiar.store.views.candidates import Candidates
from familiar.store.views.faces import Faces
from familiar.store.views.faces_of_people import FacesOfPeople
from familiar.store.views.past_operations import PastOperations
from familiar.store.views.photos_of_faces import PhotosOfFaces
from familiar.store.views.representative_faces import RepresentativeFaces
from familiar.store.views.statistics import StoreStatistics
from familiar.store.views.timeline import Timeline

STORE_NAME = "familiar.db"
"""Name of the store's file in the state folder."""


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


class Store(Closing):
    """The store of familiar."""

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime] = utc_now,
        create: bool = True,
        migrate: bool = True,
        check: bool = False,
        kinds: Kinds = EVERY_KIND,
    ) -> None:
        """Open the store's file, migrating it as needed.

        Args:
            path: the SQLite file.
            now: a clock that gives UTC.
            create: create a missing store.
            migrate: migrate an older store; only the one who holds the state folder may.
            check: look for damage in the whole file, of which `check_whole` tells if that takes long.
            kinds: all kinds of operations.

        Raises:
            NoStoreError: it does not exist, and is not to be created.
            OlderStoreError: it is of an older version, and is not to be migrated.
            StoreError: the file is damaged, of a newer version, or may not be written.
        """
        self.path = path
        self.now = now
        self.kinds = kinds
        self._check = StoreCheck(path) if check else None
        try:
            self._db, self.backup = open_database(
                path, now=now(), create=create, migrate=migrate, check=self._check, kinds=kinds.names()
            )
        except BaseException:
            self._end_check()
            raise
        self.files = Files(self._db, now=now)
        self.sightings = Sightings(self._db, files=self.files)
        self.roots = Roots(self._db, now=now)
        self.photos = Photos(self._db, now=now)
        self.faces = Faces(self._db, matrix=EmbeddingMatrix(self._db, path.with_name(MATRIX_NAME)))
        self.candidates = Candidates(self._db)
        self.people = People(self._db)
        self.matched_people = MatchedPeople(self._db)
        self.clusters = Clusters(self._db)
        log = DecisionLog(self._db, now=now)
        self.decisions = Decisions(self._db, clusters=self.clusters, people=self.people, log=log)
        self.references = References(self._db, log=log)
        self.rounds = Rounds(self._db, clusters=self.clusters, log=log, now=now)
        self.embeddings = FaceEmbeddings(self._db)
        self.turned_photos = TurnedPhotos(self._db, photos=self.photos, embeddings=self.embeddings)
        self.models = Models(self._db)
        self.qualities = Qualities(self._db)
        self.remote_workers = KeptRemoteState(self._db)
        self.suggestions = Suggestions(self._db)
        self.past_operations = PastOperations(self._db)
        self.likenesses = RepresentativeFaces(self._db)
        self.faces_of_people = FacesOfPeople(self._db)
        self.photos_of_faces = PhotosOfFaces(self._db)
        self.timeline = Timeline(self._db)
        self.statistics = StoreStatistics(self._db, kinds=kinds)
        self.tables = Tables(self._db)
        self.sidecars = Sidecars(self._db)
        self.flickr_tags = FlickrTags(self._db, now=now)
        self.flickr = FlickrPhotos(self._db, files=self.files, tags=self.flickr_tags, now=now)
        self.flickr_facts = AccountFacts(self._db)
        self.flickr_cached_files = CachedFiles(self._db)
        self.flickr_listing = FlickrListing(self._db, tags=self.flickr_tags)
        self.flickr_albums = FlickrAlbums(self._db, on_changed=self.flickr.note_news)
        self.flickr_captions = FlickrCaptions(self._db)
        self.flickr_marked_people = MarkedPeople(self._db)
        self.flickr_calls = FlickrCalls(self._db, now=now)
        self.places = Places(self._db, now=now)
        self.journal = OperationJournal(
            self._db,
            kinds=kinds,
            records=OperationRecords(
                files=self.files, photos=self.photos, sidecars=self.sidecars, tags=self.flickr_tags
            ),
            files=self.files,
            places=self.places,
            now=now,
        )

    def of_account(self, name: str, *, sharing: Sequence[str] = ()) -> "Store":
        """Return this store as an account on Flickr has it: with its photos, its tags and its calls alone.

        `sharing` names other accounts that have the same key: all of them together keep to the limit of a key.
        """
        own = copy(self)
        own.flickr_tags = FlickrTags(self._db, now=self.now, account=name)
        own.flickr = FlickrPhotos(self._db, files=self.files, tags=own.flickr_tags, now=self.now, account=name)
        own.flickr_facts = AccountFacts(self._db, account=name)
        own.flickr_listing = FlickrListing(self._db, tags=own.flickr_tags, account=name)
        own.flickr_albums = FlickrAlbums(self._db, on_changed=own.flickr.note_news, account=name)
        own.flickr_marked_people = MarkedPeople(self._db, account=name)
        own.flickr_calls = FlickrCalls(self._db, now=self.now, account=name, sharing=sharing)
        return own

    @contextmanager
    def writing(self, *, awaited: bool = True) -> Iterator[None]:
        """Run a block as one write transaction; `awaited` as in `database.writing`."""
        with writing(self._db, awaited=awaited):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Run a block that reads one snapshot of the store, even while other processes write."""
        with reading(self._db):
            yield

    @property
    def version(self) -> str:
        """A text that differs whenever anything in the store was changed, by this or another process."""
        connection = self._connection
        (others,) = connection.execute("PRAGMA data_version").fetchone()
        return f"{others}.{connection.total_changes}"

    def check_in_place(self) -> None:
        """Check that the store's path leads to the file that is open, and so do those of the files beside it.

        Each write begins and ends with the same check.

        Raises:
            StoreReplacedError: one was deleted, moved or replaced; what is written is lost.
        """
        self._connection.check_in_place()

    def check_schema(self) -> None:
        """Check that the store has the tables with which it was opened.

        Raises:
            StoreSchemaError: another version of familiar has migrated it since.
        """
        self._connection.check_schema()

    @contextmanager
    def watching(self, *anchors: Anchor) -> Iterator[None]:
        """Let a block write only as long as these files stay in their places, too."""
        before = self._connection.anchors
        self._connection.anchors = (*before, *anchors)
        try:
            yield
        finally:
            self._connection.anchors = before

    def use_in_this_thread(self) -> None:
        """Make the calling thread of this process the only one that can use the store."""
        self._connection.thread, self._connection.process = threading.get_ident(), os.getpid()

    @property
    def _connection(self) -> Connection:
        assert isinstance(self._db.conn, Connection)
        return self._db.conn

    def damage(self) -> str | None:
        """Check the whole store, and return the damage, or None."""
        try:
            return damage_in(self._db.conn)
        except sqlite3.OperationalError as error:
            return str(error)

    def finish_check(self) -> None:
        """Wait for the end of the check of the whole file, which goes on since the store was opened; any thread can.

        Raises:
            StoreError: there is damage.
            StoreUnavailableError: the store could not be checked.
        """
        if self._check is not None:
            self._check.finish(is_in_use=True)

    def check_whole(self) -> None:
        """Look at what the check of the whole file has found until now.

        Raises:
            StoreError: there is damage.
        """
        if self._check is not None:
            self._check.look()

    def close(self) -> None:
        """Close the file."""
        self._end_check()
        self._db.close()

    def _end_check(self) -> None:
        if self._check is not None:
            self._check.close()
