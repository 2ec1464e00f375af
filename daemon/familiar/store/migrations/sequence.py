"""Migrations in their order, each of which is applied once."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sqlite_utils import Database

Migration: TypeAlias = "Callable[[Database], None]"

_SET = "familiar"
"""What sqlite-utils records each migration with."""


class StoreMigrations:
    """Migrations in their order, each of which is applied once, by sqlite-utils.

    Most stores have all of them when they are opened, and then sqlite-utils is not imported: it takes longer than many
    a command.
    """

    def __init__(self, migrations: Sequence[Migration]) -> None:
        """Take the migrations; the name of each is that of its function."""
        self._migrations = {migration.__name__: migration for migration in migrations}
        assert len(self._migrations) == len(migrations)

    @property
    def names(self) -> list[str]:
        """The names of all migrations."""
        return list(self._migrations)

    def applied(self, connection: sqlite3.Connection) -> list[str]:
        """Return the names of the migrations that a store has, in the order in which they were applied."""
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone():
            return []
        rows = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid", (_SET,))
        return [str(name) for (name,) in rows]

    def pending(self, connection: sqlite3.Connection) -> list[str]:
        """Return the names of the migrations that a store lacks."""
        applied = self.applied(connection)
        return [name for name in self.names if name not in applied]

    def apply(self, connection: sqlite3.Connection, *, stop_before: str | None = None) -> None:
        """Apply the migrations that a store lacks, each in a transaction; with `stop_before`, those before that one."""
        from sqlite_utils import Database, Migrations  # noqa: PLC0415 - see above

        wanted = Migrations(_SET)
        for migration in self._migrations.values():
            wanted()(migration)
        wanted.apply(Database(connection, execute_plugins=False), stop_before=stop_before)
