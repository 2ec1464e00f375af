"""The search for damage in the whole file of a store."""

import os
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

from familiar.errors import StoreError, StoreUnavailableError
from familiar.store.connection import connect_to_read, damage_message

_PATIENCE = 1.0
"""Seconds for which a store is not used before its check is over: then it goes on beside the work."""

_NICE = 10
"""How far the check gives way to other threads and processes (nice(1))."""


class StoreCheck:
    """Reads the whole file (`PRAGMA quick_check`) in a thread: a store of a million photos takes ten seconds."""

    def __init__(self, path: Path, *, patience: float = _PATIENCE) -> None:
        """Take the path of the store, and the seconds for which `begin` waits."""
        self._path = path
        self._patience = patience
        self._thread = threading.Thread(target=self._run, name="store check", daemon=True)
        self._connection: sqlite3.Connection | None = None
        self._is_ending = threading.Event()
        self._damage: str | None = None
        self._obstacle: str | None = None

    def begin(self) -> None:
        """Begin, and wait for the end, but not for long.

        Raises:
            StoreError: there is damage.
            StoreUnavailableError: the store can't be checked for now.
        """
        try:
            self._thread.start()
        except RuntimeError as error:
            raise StoreUnavailableError(f"{self._path}: the store can't be checked for now: {error}.") from error
        self._thread.join(self._patience)
        self._raise_damage("Nothing was changed.")
        self._raise_obstacle()

    def finish(self, *, is_in_use: bool) -> None:
        """Wait for the end; any thread can.

        Raises:
            StoreError: there is damage; the message tells whether the store `is_in_use`.
            StoreUnavailableError: the store could not be checked.
        """
        self._thread.join()
        self._raise_damage("Nothing more is changed." if is_in_use else "Nothing was changed.")
        self._raise_obstacle()

    def look(self) -> None:
        """Look at what was found until now, beside the work with the store.

        Raises:
            StoreError: there is damage.
        """
        self._raise_damage("Nothing more is changed.")

    def close(self) -> None:
        """End the check, whether it is over or not."""
        self._is_ending.set()
        while self._thread.is_alive():
            if self._connection is not None:
                with suppress(sqlite3.ProgrammingError):  # it is closed already
                    self._connection.interrupt()
            self._thread.join(0.1)

    def _raise_damage(self, outcome: str) -> None:
        if self._damage is not None:
            raise StoreError(damage_message(self._path, self._damage, outcome))

    def _raise_obstacle(self) -> None:
        if self._obstacle is not None:
            raise StoreUnavailableError(f"{self._path}: the store can't be checked for now: {self._obstacle}.")

    def _run(self) -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        damage = obstacle = None
        try:
            self._connection = connect_to_read(self._path)
            damage = damage_in(self._connection)
        except sqlite3.OperationalError as error:
            obstacle = str(error)
        if not self._is_ending.is_set():
            self._damage, self._obstacle = damage, obstacle
        if self._connection is not None:
            self._connection.close()


def damage_in(connection: sqlite3.Connection) -> str | None:
    """Check the whole store, and return the damage, or None.

    Raises:
        sqlite3.OperationalError: it can't be read for now, which says nothing about it.
    """
    try:
        rows = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if rows == ["ok"] else "; ".join(rows)
