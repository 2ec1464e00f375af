"""Each path has one source, which answers for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from familiar.library.sources import ConfiguredFolders, FlickrCache, Sources
from familiar.settings import FolderSettings
from familiar.store.store import Store
from support.log import CheckedLog


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "familiar.db") as made:
        yield made


def fetched(store: Store, cache: FlickrCache, name: str) -> Path:
    """Put a file into the cache, as it is after it was fetched."""
    cache.folder_of("flickr").mkdir(parents=True, exist_ok=True)
    path = cache.folder_of("flickr") / name
    path.write_bytes(b"a photo")
    store.files.place_pending(path, root_id=store.roots.know(cache.folder_of("flickr")).id, size=7, mtime_ns=1)
    return path


def test_the_most_particular_source_that_holds_a_path_answers_for_it(store: Store) -> None:
    cache, rest = FlickrCache(store), FlickrCache(store)
    sources = Sources(cache, rest)
    assert sources.of(cache.folder_of("flickr") / "1_a.jpg") is cache
    assert sources.of(cache.folder_of("flickr").parent / "1_a.jpg") is rest
    assert sources.of(cache.folder_of("flickr") / "deeper" / "1_a.jpg") is rest


def test_a_file_of_the_cache_is_of_flickr_and_only_a_copy(store: Store) -> None:
    cache = FlickrCache(store)
    assert cache.name_of(cache.folder_of("flickr") / "1_a.jpg") == "flickr"
    assert cache.is_remote


def test_a_file_is_gone_from_the_cache_when_it_is_not_there(store: Store) -> None:
    log = CheckedLog()
    cache = FlickrCache(store, log)
    path = fetched(store, cache, "1_a.jpg")
    cache.mark_gone(path)
    assert store.files.counts() == {"pending": 1}
    path.unlink()
    assert not cache.is_there(path)
    cache.mark_gone(path)
    cache.mark_gone(path)
    assert store.files.counts() == {"gone": 1}
    assert log.events == [("file.gone", {"path": path})]


def test_a_path_has_the_name_of_its_configured_folder_or_of_its_own_folder() -> None:
    home, scans = FolderSettings(path=Path("/photos"), name="home"), FolderSettings(path=Path("/scans"))
    folders = ConfiguredFolders((home, scans))
    assert folders.name_of(Path("/photos/2019/a.jpg")) == "home"
    assert folders.name_of(Path("/scans/a.jpg")) == "scans"
    assert folders.name_of(Path("/elsewhere/a.jpg")) == "elsewhere"
    assert folders.name_of(Path("/elsewhere/flickr/a.jpg")) == "flickr (folder)"
    assert not folders.is_remote
