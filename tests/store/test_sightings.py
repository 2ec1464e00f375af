from pathlib import Path

from familiar.filesystem.stamps import Stamp
from familiar.model import Photo
from familiar.store.store import Store

STAMP = Stamp(size=9, mtime_ns=1)


def photo(store: Store, letter: str = "a") -> int:
    return store.photos.record(Photo(hash=letter * 64, format="JPEG", width=9, height=9, taken=None, engine="test"))


def test_a_file_that_was_looked_at_is_known_while_size_and_time_are_the_same(store: Store) -> None:
    path, photo_id = Path("/elsewhere/a.jpg"), photo(store)
    store.sightings.note(path, STAMP, photo_id)
    assert store.sightings.photo_at(path, STAMP) == photo_id
    assert store.sightings.photo_at(path, Stamp(size=9, mtime_ns=2)) is None
    assert store.sightings.photo_at(path, Stamp(size=8, mtime_ns=1)) is None
    assert store.sightings.in_folder(path.parent) == {("a.jpg", STAMP): photo_id}


def test_a_watched_file_is_known_without_a_sighting(store: Store) -> None:
    path, photo_id = Path("/watched/a.jpg"), photo(store)
    store.files.place(path, photo_id=photo_id, size=9, mtime_ns=1)
    assert store.sightings.photo_at(path, STAMP) == photo_id
    assert list(store.sightings.paths_of(photo_id)) == [path]
    store.files.mark_gone(path)
    assert store.sightings.photo_at(path, STAMP) is None


def test_a_file_that_was_exchanged_holds_its_new_photo(store: Store) -> None:
    path, fresh = Path("/elsewhere/a.jpg"), photo(store, "b")
    store.sightings.note(path, STAMP, photo(store))
    store.sightings.note(path, Stamp(size=9, mtime_ns=2), fresh)
    assert store.sightings.in_folder(path.parent) == {("a.jpg", Stamp(size=9, mtime_ns=2)): fresh}


def test_a_folder_that_is_watched_after_a_sighting_has_its_files_handled(store: Store) -> None:
    path = Path("/elsewhere/a.jpg")
    store.sightings.note(path, STAMP, photo(store))
    folder = store.files.folder(path.parent)
    entries = [(b"a.jpg", 9, 1, 1)]
    assert store.files.compare(folder, entries, after=b"", upto=None, due=lambda _: 0.0).new == 1


def test_a_file_whose_change_shows_only_in_its_time_of_change_is_not_known(store: Store) -> None:
    path, photo_id = Path("/elsewhere/a.jpg"), photo(store)
    store.sightings.note(path, Stamp(size=9, mtime_ns=1, ctime_ns=5), photo_id)
    assert store.sightings.photo_at(path, Stamp(size=9, mtime_ns=1, ctime_ns=5)) == photo_id
    assert store.sightings.photo_at(path, Stamp(size=9, mtime_ns=1, ctime_ns=6)) is None
    store.sightings.note(path, STAMP, photo_id)  # by an older version
    assert store.sightings.photo_at(path, Stamp(size=9, mtime_ns=1, ctime_ns=6)) == photo_id
