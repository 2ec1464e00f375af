"""Stores without a photo, each a copy of one: to make one again takes all migrations, and brings each to the disk."""

import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from familiar.store.migrations import migrations
from familiar.store.store import STORE_NAME, Store


def put_store(folder: Path) -> Path:
    """Put an empty store into a folder, unless one is there, and return its path."""
    path = folder / STORE_NAME
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_empty())
    return path


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / STORE_NAME
        Store(path).close()
        return path.read_bytes()


def make_older_store(path: Path) -> Path:
    """Make a store as it was two migrations ago."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrations.apply(connection, stop_before="keep_times_of_changes")
    return path
