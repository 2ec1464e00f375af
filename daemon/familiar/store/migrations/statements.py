"""How migrations change a store."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def run(db: "Database", script: str) -> None:
    """Run each statement inside the migration's transaction; `executescript` would commit it."""
    for statement in script.split(";"):
        if statement.strip():
            db.conn.execute(statement)


def loosen(db: "Database", tables: Sequence[str], check: str, looser: str) -> None:
    """Give tables a check that lets more pass, in the text of their definitions: rows are not touched.

    This is the way that SQLite describes for it (https://sqlite.org/lang_altertable.html, 7). To make the tables anew
    would delete their rows at first, and with them all that refers to them.
    """
    (version,) = db.conn.execute("PRAGMA schema_version").fetchone()
    db.conn.execute("PRAGMA writable_schema = ON")
    for table in tables:
        db.conn.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
            (check, looser, table),
        )
    db.conn.execute(f"PRAGMA schema_version = {version + 1}")
    db.conn.execute("PRAGMA writable_schema = RESET")
