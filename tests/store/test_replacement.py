"""A store whose files are deleted, moved or replaced while it is open: nothing is written that is lost."""

import os
import shutil
import sqlite3
import timeit
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from familiar.effects.journal import Reservation
from familiar.errors import NoStoreError, StoreError, StoreReplacedError
from familiar.filesystem.anchors import Anchor
from familiar.model import Copy, Photo, Plan
from familiar.store.store import Store
from support.people import add_person
from support.stores import put_store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state" / "familiar.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(put_store(path.parent), now=lambda: NOON) as opened:
        yield opened


def known(store: Store) -> int:
    photo = Photo(hash="a" * 64, format="JPEG", width=8, height=8, taken=None, engine="dlib", faces=())
    return store.photos.record(photo)


def plan() -> Plan:
    return Plan(operations=(Copy(target=Path("/b/a.jpg"), rule="albums"),))


def deleted(path: Path) -> str:
    path.unlink()
    return rf"{path}: was deleted or moved away while familiar was running"


def replaced(path: Path) -> str:
    shutil.copy(path, path.with_name("other"))
    path.with_name("other").rename(path)
    return rf"{path}: was replaced by another file while familiar was running\. All work was stopped\. "


def without_log(path: Path) -> str:
    path.with_name("familiar.db-wal").unlink()
    return rf"{path}-wal: was deleted"


def with_another_log(path: Path) -> str:
    without_log(path)
    path.with_name("familiar.db-wal").write_bytes(b"")
    return rf"{path}-wal: was replaced"


def without_index(path: Path) -> str:
    path.with_name("familiar.db-shm").unlink()
    return rf"{path}-shm: was deleted"


def with_its_folder_moved(path: Path) -> str:
    path.parent.rename(path.parent.with_name("elsewhere"))
    return rf"{path}: was deleted"


def with_its_folder_replaced(path: Path) -> str:
    with_its_folder_moved(path)
    path.parent.mkdir()
    Store(path).close()
    return rf"{path}: was replaced"


HARMS = [
    deleted,
    replaced,
    without_log,
    with_another_log,
    without_index,
    with_its_folder_moved,
    with_its_folder_replaced,
]


@pytest.mark.parametrize("harm", HARMS)
def test_nothing_is_written_to_files_that_nobody_finds_any_more(
    store: Store, path: Path, harm: Callable[[Path], str]
) -> None:
    photo_id = known(store)
    plan_id = store.journal.record(photo_id, Path("/a.jpg"), plan())
    (step,) = store.journal.steps(plan_id)
    reason = harm(path)
    a, b, temporary = Path("/a"), Path("/b"), Path("/c")
    writes: list[Callable[[], object]] = [
        lambda: store.journal.record(photo_id, Path("/a.jpg"), plan()),
        lambda: store.journal.reserve(step, Reservation(source=a, target=b, temporary=temporary, hash="")),
        lambda: store.journal.begin_undo(step),
        lambda: add_person(store, "Eileen Collins"),
        store.check_in_place,
    ]
    for write in writes:
        with pytest.raises(StoreReplacedError, match=reason):
            write()
    assert store.journal.counts() == {"planned": 1}


def test_what_was_committed_as_the_store_went_does_not_count_as_written(store: Store, path: Path) -> None:
    photo_id = known(store)
    with pytest.raises(StoreReplacedError), store.writing():
        store.journal.record(photo_id, Path("/a.jpg"), plan())
        path.unlink()


def test_a_store_that_is_where_it_was_put_back_can_be_written_again(store: Store, path: Path) -> None:
    path.rename(path.with_name("away"))
    with pytest.raises(StoreReplacedError):
        known(store)
    path.with_name("away").rename(path)
    assert known(store) == 1


def test_a_store_that_was_moved_away_has_all_that_was_written_to_it(store: Store, path: Path) -> None:
    known(store)
    moved = path.rename(path.parent.parent / "familiar.db")
    store.close()
    with Store(moved, create=False) as found:
        assert found.photos.counts()["seen"] == 1


def test_a_backup_that_was_put_in_the_place_of_an_open_store_is_not_overwritten_by_its_log(
    store: Store, path: Path, tmp_path: Path
) -> None:
    with Store(tmp_path / "backup.db") as backup:
        add_person(backup, "Eileen Collins")
    known(store)
    (tmp_path / "backup.db").rename(path)
    store.close()
    with Store(path, create=False, check=True) as found:
        assert [person.name for person in found.people.all()] == ["Eileen Collins"]
        assert found.photos.counts()["seen"] == 0


def test_what_a_deleted_log_had_is_brought_into_the_store_at_its_end(store: Store, path: Path) -> None:
    known(store)
    without_log(path)
    store.close()
    with Store(path, create=False, check=True) as found:
        assert found.photos.counts()["seen"] == 1


def test_other_files_can_be_watched_for_a_while(store: Store, tmp_path: Path) -> None:
    (lock := tmp_path / "lock").write_bytes(b"")
    with store.watching(Anchor.at(lock)):
        lock.unlink()
        with pytest.raises(StoreReplacedError, match=rf"{lock}: was deleted"):
            known(store)
    assert known(store) == 1


def test_a_link_to_a_store_is_followed_and_watched(store: Store, path: Path, tmp_path: Path) -> None:
    known(store)
    store.close()
    (link := tmp_path / "link.db").symlink_to(path)
    with Store(link, create=False) as linked:
        assert linked.photos.counts()["seen"] == 1
        link.unlink()
        with pytest.raises(StoreReplacedError, match=rf"{link}: was deleted"):
            add_person(linked, "Eileen Collins")


def test_a_store_with_an_odd_name_is_opened(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"100% \xff?#&mode=ro") / "familiar.db"
    path.parent.mkdir()
    with Store(path) as store:
        known(store)
    assert [found.name for found in path.parent.iterdir()] == ["familiar.db"]


def test_a_missing_store_is_made_only_where_that_is_asked_for(path: Path) -> None:
    with pytest.raises(NoStoreError, match=rf"{path}: no store exists"):
        Store(path, create=False)
    assert list(path.parent.iterdir()) == []


def test_no_store_is_made_beside_the_log_of_one_that_is_gone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE recipes (name TEXT)")
        path.rename(path.with_name("away"))
        with pytest.raises(
            StoreError, match=r"the store is gone, but its familiar\.db-wal.*Put the store back next to it"
        ):
            Store(path)
    assert not path.exists()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("odd", "complaint"),
    [(pipe, "is not a regular file"), (folder, "is not a regular file"), (dangling, "is a broken link")],
)
def test_only_a_regular_file_is_a_store_and_anything_else_is_left_alone(
    path: Path, odd: Callable[[Path], None], complaint: str
) -> None:
    odd(path)
    with pytest.raises(StoreError, match=complaint):
        Store(path)
    assert [found.name for found in path.parent.iterdir()] == ["familiar.db"]


def test_looking_whether_the_store_is_in_place_costs_microseconds(store: Store) -> None:
    assert min(timeit.repeat(store.check_in_place, number=1000, repeat=5)) < 0.1  # 100 µs each, by far
