"""No statement of the store reads a large table as a whole, unless the reason is written down.

All tests of the suite look at the plans of the statements that they run (`conftest.py`); these test how they look.
"""

import ast
from pathlib import Path

import pytest

import familiar.store
from familiar.store.store import Store
from support.explained_scans import EXPLAINED
from support.query_plans import QueryPlans, scanned_tables


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ("SELECT size FROM faces WHERE sharpness > 3", ["faces"]),
        ("SELECT count(*) FROM files", ["files"]),
        ("SELECT size FROM faces AS one WHERE sharpness > :least", ["faces"]),
        ("SELECT id FROM real_faces WHERE size = ?1 AND sharpness = ?2", ["faces"]),
        ("SELECT name FROM people WHERE id IN (SELECT person_id FROM matches WHERE distance < ?)", ["matches"]),
        ("UPDATE operations SET error = NULL WHERE error = ?", ["operations"]),
        ("DELETE FROM photos WHERE reason = ?", ["photos"]),
        ("WITH near AS (SELECT face_id FROM matches WHERE distance < ?) SELECT count(*) FROM near", ["matches"]),
    ],
)
def test_what_reads_all_rows_of_a_large_table_is_noticed(statement: str, tables: list[str]) -> None:
    assert scanned_tables(statement) == tables


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT size FROM faces WHERE id = ?",
        "SELECT size FROM faces AS one WHERE photo_id = ? AND sharpness > 3",
        "SELECT max(id) FROM faces",
        "SELECT id FROM files WHERE state = 'pending'",
        "SELECT name FROM people",
        "SELECT id FROM faces WHERE photo_id IN (SELECT value FROM json_each(?))",
        "INSERT INTO facts (name, value) VALUES (?, ?)",
    ],
)
def test_what_an_index_or_a_small_table_serves_is_no_scan(statement: str) -> None:
    assert scanned_tables(statement) == []


def test_a_scan_that_nobody_explained_is_told_with_the_function_that_asks(store: Store) -> None:
    plans = QueryPlans(explained={})
    with plans.of_the_store():
        store.files.counts()
        store.files.waiting()
    (told,) = plans.take_unexplained()
    assert told.startswith("Files.counts reads all rows of files: add an index, or say in")
    assert told.endswith("SELECT state, count(*) FROM files GROUP BY state")
    assert plans.take_unexplained() == []


def test_each_scan_that_is_explained_is_of_a_function_of_the_store() -> None:
    folder = Path(next(iter(familiar.store.__path__)))
    functions = {
        f"{class_.name}.{function.name}"
        for path in folder.rglob("*.py")
        for class_ in ast.walk(ast.parse(path.read_text()))
        if isinstance(class_, ast.ClassDef)
        for function in class_.body
        if isinstance(function, ast.FunctionDef)
    }
    assert not EXPLAINED.keys() - functions
