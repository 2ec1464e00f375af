"""How SQLite runs the statements of the store: which large tables they read from the first row to the last."""

import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import FrameType
from typing import Any

import pytest

from familiar.store.connection import Connection
from familiar.store.migrations import migrations
from support.explained_scans import EXPLAINED, SMALL

_STORE = "/familiar/store/"
_PLUMBING = ("connection.py", "database.py", "opening.py")
_STATEMENT = re.compile(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)\b")
_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?$")
_AUTOMATIC = re.compile(r"SEARCH (\w+) USING AUTOMATIC")
_DERIVED = re.compile(r"(?:MATERIALIZE|CO-ROUTINE) (\w+)$")


@dataclass(slots=True)
class QueryPlans:
    """Looks at the plan of each statement once, when the store has run it for the first time in this process."""

    explained: Mapping[str, frozenset[str]] = field(default_factory=lambda: EXPLAINED)
    _seen: set[str] = field(default_factory=set)
    _asked: list[tuple[str, str]] = field(default_factory=list)
    """Functions of the store, and the statements that they ran and of which nobody has seen the plan yet."""

    @contextmanager
    def of_the_store(self) -> Iterator[None]:
        """Look at what each open store runs, for a block."""
        execute, executemany = Connection.execute, Connection.executemany

        def one(connection: Connection, sql: str, values: Any = (), /) -> sqlite3.Cursor:
            self._note(connection, sql)
            return execute(connection, sql, values)

        def many(connection: Connection, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
            self._note(connection, sql)
            return executemany(connection, sql, rows)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Connection, "execute", one)
            patch.setattr(Connection, "executemany", many)
            yield

    def take_unexplained(self) -> list[str]:
        """Return what is to be said of the statements since the last call: scans that nobody has explained."""
        asked, self._asked = self._asked, []
        return [
            f"{function} reads all rows of {table}: add an index, or say in tests/support/explained_scans.py "
            f"why it may:\n    {' '.join(statement.split())}"
            for function, statement in asked
            for table in scanned_tables(statement)
            if table not in self.explained.get(function, ())
        ]

    def _note(self, connection: Connection, statement: str) -> None:
        """Note a statement that any thread runs; the plan is looked at by the thread of the tests."""
        if statement in self._seen or connection.path is None:
            return
        self._seen.add(statement)
        function = _asking_function()
        if function is not None and _STATEMENT.match(statement):
            self._asked.append((function, statement))


def scanned_tables(statement: str) -> list[str]:
    """Return the large tables that a statement of the store reads as a whole, or of which it reads a whole index."""
    plan = _plan(statement)
    derived = {match[1] for step in plan if (match := _DERIVED.match(step))} | _views()
    names = (_table(name, statement) for name, index in _scanned(plan) if index not in _partial_indexes())
    return [name for name in names if name not in SMALL and name not in derived]


def _scanned(plan: list[str]) -> Iterator[tuple[str, str | None]]:
    for step in plan:
        if match := _SCAN.match(step):
            yield match[1], match[2]
        elif match := _AUTOMATIC.match(step):
            yield match[1], None


def _plan(statement: str) -> list[str]:
    query = f"EXPLAIN QUERY PLAN {statement}"
    try:
        rows = _empty_store().execute(query, _Nulls()).fetchall()
    except sqlite3.ProgrammingError:  # its values have no names
        rows = _with_nulls(query)
    return [str(row[3]) for row in rows]


def _with_nulls(query: str) -> list[tuple[int, int, int, str]]:
    try:
        return _empty_store().execute(query).fetchall()
    except sqlite3.ProgrammingError as error:
        count = int(re.findall(r"uses (\d+)", str(error))[0])
        return _empty_store().execute(query, [None] * count).fetchall()


class _Nulls(dict[str, None]):
    def __missing__(self, name: str) -> None:
        return None


def _table(name: str, statement: str) -> str:
    """Return the table that a plan means by a name, which may be an alias."""
    alias = re.search(rf"(?:FROM|JOIN|,)\s+(\w+)(?: AS)? {name}\b", statement)
    return alias[1] if alias else name


@cache
def _empty_store() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrations.apply(connection)
    connection.execute("CREATE TEMP TABLE wanted (face_id INTEGER PRIMARY KEY, cluster_id INTEGER)")
    return connection


@cache
def _views() -> frozenset[str]:
    rows = _empty_store().execute("SELECT name FROM sqlite_master WHERE type = 'view'")
    return frozenset(name for (name,) in rows)


@cache
def _partial_indexes() -> frozenset[str]:
    """Return the indexes that have few of the rows of their tables: what waits, what failed, and so on."""
    rows = _empty_store().execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")
    return frozenset(name for (name,) in rows) - {"photos_timeline", "clusters_person"}


def _asking_function() -> str | None:
    """Return the function of the store that runs a statement now, as `Class.function`; None if a test runs it."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None:
        _, found, name = frame.f_code.co_filename.partition(_STORE)
        if found and name not in _PLUMBING:
            return frame.f_code.co_qualname.partition(".<locals>")[0]
        frame = frame.f_back
    return None
