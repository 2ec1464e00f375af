"""Stores of all earlier versions: each released version has the tables of one of the states that are made here."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from familiar.store.migrations import migrations
from familiar.store.store import Store
from support.stores import put_store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
CONTENT = """
INSERT INTO roots (id, path, state) VALUES (1, CAST('/photos' AS BLOB), 'online');
INSERT INTO folders (id, root_id, path) VALUES (1, 1, CAST('/photos' AS BLOB));
INSERT INTO photos (id, hash, verdict, format, width, height, taken, engine, seen_at, handled_at)
    VALUES (1, hex(zeroblob(32)), 'seen', 'JPEG', 640, 480, '2020-02-02T12:00:00', 'dlib', '2020-02-03', '2020-02-03');
INSERT INTO files (id, folder_id, name, size, mtime_ns, state, photo_id, found_at)
    VALUES (1, 1, CAST('a.jpg' AS BLOB), 9, 9, 'done', 1, '2020-02-03'),
           (2, 1, CAST('b.jpg' AS BLOB), 9, 9, 'pending', NULL, '2020-02-03');
INSERT INTO faces
    (id, photo_id, box_left, box_top, box_right, box_bottom, landmarks, embedding, size, sharpness, engine)
    VALUES (1, 1, 10, 10, 90, 90, '[]', zeroblob(512), 80, 50, 'dlib');
INSERT INTO people (id, name, key, added_at) VALUES (1, 'María', 'maría', '2020-02-03');
INSERT INTO face_references (id, person_id, face_id, embedding, engine, added_at)
    VALUES (1, 1, 1, zeroblob(512), 'dlib', '2020-02-03');
INSERT INTO plans (id, photo_id, path, made_at) VALUES (1, 1, CAST('/photos/a.jpg' AS BLOB), '2020-02-03');
INSERT INTO operations (id, plan_id, position, rule, kind, wish, parameters, state, target, hash, finished_at)
    VALUES (1, 1, 0, 'albums', 'copy', CAST('/albums/a.jpg' AS BLOB), '{}', 'done',
            CAST('/albums/a.jpg' AS BLOB), hex(zeroblob(32)), '2020-02-03');
"""
"""A photo with a face, a file that waits, a person, and an operation, in the tables of the first version."""


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A store with content as it was before each migration, by the name of that migration."""
    folder, names = tmp_path_factory.mktemp("versions"), migrations.names
    stores = {}
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as store:
        migrations.apply(store, stop_before=names[2])
        store.executescript(CONTENT)
        for name in names[2:]:
            migrations.apply(store, stop_before=name)
            stores[name] = folder / f"{name}.db"
            with closing(sqlite3.connect(stores[name])) as copy:
                store.backup(copy)
    return stores


@pytest.mark.parametrize("name", migrations.names[2:])
def test_a_store_of_each_version_is_migrated_and_keeps_what_it_has(
    former: dict[str, Path], tmp_path: Path, name: str
) -> None:
    with Store(former[name], now=lambda: NOON) as store:
        assert [person.name for person in store.people.all()] == ["María"]
        assert store.photos.counts() == {"seen": 1, "set aside": 0, "output": 0, "faces": 1, "recognised": 0}
        assert store.files.waiting([1]) == {"settling": 0, "pending": 1}
        assert [(step.id, step.target) for step in store.journal.select_last()] == [(1, Path("/albums/a.jpg"))]
        assert store.damage() is None
        assert store.backup is not None
        assert store.backup.exists()
    assert dict(shape(former[name])) == dict(shape(put_store(tmp_path)))


def shape(path: Path) -> Iterator[tuple[str, Any]]:
    """Give each table, view and index of a store with its columns, in whatever order."""
    with closing(sqlite3.connect(path)) as connection:
        for kind, name in connection.execute("SELECT type, name FROM sqlite_master"):
            columns = connection.execute("SELECT name, type FROM pragma_table_info(?)", (name,))
            yield f"{kind} {name}", sorted(columns)
