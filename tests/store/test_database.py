import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from familiar.errors import StoreError, StoreUnavailableError
from familiar.model import Copy, destination_of
from familiar.store.database import Database as StoreFile
from familiar.store.database import damage_in, open_database, writing
from familiar.store.migrations import migrations
from familiar.store.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def opened(path: Path) -> StoreFile:
    return open_database(path, now=NOON)[0]


def closed_store(path: Path) -> Path:
    opened(path).close()
    return path


def test_a_new_store_is_in_wal_mode_with_foreign_keys_and_is_private(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "familiar.db")) as db:
        assert db.conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.conn.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert db.conn.execute("PRAGMA foreign_key_check").fetchall() == []
    assert (tmp_path / "familiar.db").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["familiar.db"]


@pytest.mark.parametrize("take", [lambda rows: rows.fetchone(), lambda rows: rows.fetchall(), list])
def test_an_error_that_comes_with_a_later_row_is_told_as_one_of_the_store(
    tmp_path: Path, take: Callable[[Any], object]
) -> None:
    with closing(opened(tmp_path / "familiar.db")) as db:
        rows = db.conn.execute("SELECT abs(column1) FROM (VALUES (1), (-9223372036854775808))")
        with pytest.raises(StoreUnavailableError, match="can't be used for now: integer overflow"):
            take(rows)


def test_an_older_store_is_migrated_after_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="create_journal")
        connection.execute("INSERT INTO roots (path) VALUES (?)", (b"/photos",))
    with closing(opened(path)) as db:
        assert Database(db.conn)["operations"].exists()
        assert db.conn.execute("SELECT path FROM roots").fetchall() == [(b"/photos",)]
    backup = tmp_path / "familiar.db.backup-20260501T120000"
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT path FROM roots").fetchall() == [(b"/photos",)]
        assert not Database(connection)["operations"].exists()


def test_the_journal_is_kept_when_it_learns_of_more_kinds(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="widen_journal")
        connection.execute("INSERT INTO photos (id, hash, verdict, seen_at) VALUES (1, ?, 'seen', '')", ("a" * 64,))
        connection.execute("INSERT INTO plans (id, photo_id, path, made_at) VALUES (1, 1, ?, '')", (b"/a.jpg",))
        connection.execute(
            "INSERT INTO operations (id, plan_id, position, rule, kind, wish, parameters, state, target, hash) "
            "VALUES (7, 1, 0, 'albums', 'copy', ?, '{}', 'done', ?, 'b')",
            (b"/b/a.jpg", b"/b/a.jpg"),
        )
    with Store(path, now=lambda: NOON) as store:
        (step,) = store.journal.select_last()
        assert (step.id, step.operation, step.target) == (
            7,
            Copy(target=Path("/b/a.jpg"), rule="albums"),
            destination_of(step.operation),
        )
    with closing(opened(path)) as db:
        names = {row[0] for row in db.conn.execute("SELECT name FROM sqlite_master WHERE tbl_name = 'operations'")}
        assert {"operations_open", "operations_finished", "operations_hash"} <= names
        assert db.conn.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = closed_store(tmp_path / "familiar.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('familiar', 'add_holograms', '')"
        )
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version of familiar.*add_holograms.*Nothing was changed"):
        opened(path)
    assert path.read_bytes() == before


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


def scribbled(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:12288] = b"\xa5" * 8192
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("harm", [emptied, overwritten, truncated, scribbled])
def test_a_damaged_store_is_reported_and_never_recreated(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    path = closed_store(tmp_path / "familiar.db")
    harm(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"familiar\.db: the store is damaged .*Put a backup in its place"):
        open_database(path, now=NOON, check=True)
    assert path.read_bytes() == before


def test_a_foreign_sqlite_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match="not a store of familiar"):
        opened(path)


def test_a_folder_that_may_not_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the store can't be opened"):
        opened(tmp_path / "missing" / "familiar.db")


def test_a_failing_block_leaves_nothing_behind(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "familiar.db")) as db:
        with pytest.raises(ZeroDivisionError), writing(db):
            db.conn.execute("INSERT INTO roots (path) VALUES (x'00')")
            raise ZeroDivisionError
        assert db.conn.execute("SELECT count(*) FROM roots").fetchone() == (0,)


def test_two_writers_wait_for_each_other(tmp_path: Path) -> None:
    path = closed_store(tmp_path / "familiar.db")
    with closing(opened(path)) as one, closing(opened(path)) as two:
        for number in range(20):
            for db in (one, two):
                with writing(db):
                    count = db.conn.execute("SELECT count(*) FROM roots").fetchone()[0]
                    db.conn.execute("INSERT INTO roots (path) VALUES (?)", (f"{number}-{count}".encode(),))
        assert two.conn.execute("SELECT count(*) FROM roots").fetchone() == (40,)


def test_a_sound_store_has_no_damage(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "familiar.db")) as db:
        assert damage_in(db) is None
