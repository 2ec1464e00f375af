"""Only the one who holds the state folder migrates its store."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from familiar.state import locked
from familiar.store.migrations import migrations
from familiar.store.store import STORE_NAME
from support.household import Household
from support.stores import make_older_store

READERS = [
    ("status",),
    ("people", "list"),
    ("find", "{photo}"),
    ("clusters", "run"),
    ("people", "add", "Eileen", "{photo}"),
    ("undo", "--last"),
]


def older(household: Household) -> Path:
    household.state.mkdir()
    return make_older_store(household.state / STORE_NAME)


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_a_command_that_does_not_hold_the_folder_leaves_an_older_store_as_it_is(
    household: Household, astronaut: Path, arguments: tuple[str, ...]
) -> None:
    store = older(household)
    before = store.read_bytes()
    result = household.ask(*(each.format(photo=astronaut) for each in arguments), check=False)
    newer = migrations.names[migrations.names.index("keep_times_of_changes") :]
    lacks = f"it lacks {', '.join(newer)}"
    told = f"the store is from an older version of familiar ({lacks}). Run `familiar migrate`, which keeps a backup."
    assert (result.returncode, result.stderr) == (1, f"error: {store}: {told}\n")
    assert store.read_bytes() == before
    assert not list(household.state.glob("*backup*"))


def test_under_an_older_daemon_that_runs_a_command_says_to_start_it_again(household: Household) -> None:
    store = older(household)
    before = store.read_bytes()
    with locked(household.state, lasts=True) as lock:
        result = household.ask("status", check=False)
        refused = household.ask("migrate", check=False)
        pid = (household.state / "familiar.lock").read_text().split()[0]
        assert lock.lasts
    assert result.stderr.endswith(
        f"Stop the daemon (pid {pid}), which works with it, and start it again: it migrates the store.\n"
    )
    assert "already running" in refused.stderr
    assert store.read_bytes() == before


def test_migrate_brings_a_store_to_this_version_and_keeps_a_backup(household: Household) -> None:
    store = older(household)
    store.chmod(0o640)
    backup = Path(household.json("migrate")["backup"])
    assert backup.parent == household.state
    assert backup.stat().st_mode & 0o777 == 0o640
    assert household.ask("status").returncode == 0
    assert household.ask("migrate").stdout == f"{store} is of this version already.\n"


def test_scan_holds_the_folder_and_migrates(household: Household) -> None:
    older(household)
    household.scan()
    assert household.ask("status").returncode == 0


def test_a_daemon_whose_store_another_version_migrates_says_so_and_ends(household: Household) -> None:
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        with closing(sqlite3.connect(household.state / STORE_NAME)) as other, other:
            other.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
                "VALUES ('familiar', 'add_holograms', '')"
            )
        assert daemon.process.wait(15) == 1
        (changed,) = daemon.events("store.changed")
        assert changed["reason"] == "another version of familiar changed the store (add_holograms)"


def test_a_daemon_whose_tables_are_gone_says_so_and_ends(household: Household) -> None:
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        with closing(sqlite3.connect(household.state / STORE_NAME)) as other, other:
            other.execute("ALTER TABLE operations RENAME TO performances")
        assert daemon.process.wait(15) == 1
        (changed,) = daemon.events("store.changed")
        assert changed["reason"] == "the tables of the store were changed (no such table: operations)"
