import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from familiar.effects.kinds.move_sidecar import MoveSidecar
from familiar.effects.kinds.write_sidecar import WriteSidecar
from familiar.errors import StoreError, StoreUnavailableError
from familiar.model import Copy, Move, SidecarContent
from familiar.store.check import StoreCheck, damage_in
from familiar.store.database import Database as StoreFile
from familiar.store.database import writing
from familiar.store.migrations import migrations
from familiar.store.opening import open_database
from familiar.store.store import Store
from support.large_store import fill
from support.people import add_person

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
            step.operation.destination,
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
    newer = "newer version of familiar.*add_holograms"
    with pytest.raises(StoreError, match=f"{newer}.*install that version or a later one. Nothing was changed"):
        opened(path)
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE facts SET value = '9.1.0' WHERE name = 'version'")
    with pytest.raises(StoreError, match=f"{newer}.*install familiar 9.1.0 or a later one"):
        opened(path)


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
    with pytest.raises(StoreError, match=r"familiar\.db: the store is damaged .*Restore a backup"):
        open_database(path, now=NOON, check=StoreCheck(path))
    assert path.read_bytes() == before


def harmed_far_from_the_start(path: Path) -> None:
    """Harm a page that is not read when a store is opened: of the index of plans by photos."""
    with closing(sqlite3.connect(path)) as conn:
        (page,) = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'photos_damaged'").fetchone()
        (size,) = conn.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)


def test_a_check_that_takes_long_goes_on_beside_the_work_and_tells_of_damage(tmp_path: Path) -> None:
    path = closed_store(tmp_path / "familiar.db")
    harmed_far_from_the_start(path)
    check = StoreCheck(path, patience=0)
    with suppress(StoreError):  # it may be that fast
        check.begin()
    with pytest.raises(StoreError, match="Nothing was changed"):
        check.finish(is_in_use=False)
    with pytest.raises(StoreError, match="Nothing more is changed"):
        check.look()


def test_a_store_that_can_not_be_read_for_now_is_not_called_damaged(tmp_path: Path) -> None:
    path = closed_store(tmp_path / "familiar.db")
    check = StoreCheck(path)
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailableError, match="can't be checked for now: unable to open database file"):
        check.begin()


def test_a_copy_of_the_process_does_not_use_the_store(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "familiar.db")) as db:
        child = os.fork()
        if child == 0:
            try:
                db.conn.execute("SELECT 1")
            except RuntimeError as error:
                os._exit(7 if "a copy of the process" in str(error) else 1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_check_ends_with_the_store(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    with Store(path) as store:
        fill(store, photos=20_000, faces=20_000, people=3)
    check = StoreCheck(path, patience=0)
    with closing(opened(path)):
        check.begin()
        check.close()
    assert "store check" not in {thread.name for thread in threading.enumerate()}
    check.look()


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


def test_a_statement_for_many_rows_is_done_for_all_or_none_of_them(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "familiar.db")) as db:
        with pytest.raises(sqlite3.IntegrityError):
            db.conn.executemany("INSERT INTO roots (path) VALUES (?)", [(b"/photos",), (None,)])
        assert db.conn.execute("SELECT count(*) FROM roots").fetchone() == (0,)
        assert not db.conn.in_transaction


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
        assert damage_in(db.conn) is None


SIDECAR = Path("/in/a.jpg.xmp")
OLDER_SIDECARS = (
    (7, 0, "move", b"/out/a.jpg", "{}"),
    (
        8,
        1,
        "sidecar",
        bytes(Path("/out/a.jpg.xmp")),
        f'{{"sidecar": "{bytes(SIDECAR).hex()}", "behind": 0, "moves": true}}',
    ),
    (9, 2, "sidecar", bytes(SIDECAR), '{"wanted": {"names": ["Ann"], "regions": [], "size": [0, 0]}}'),
)
SIDECARS = (
    Move(target=Path("/out/a.jpg"), rule="r"),
    MoveSidecar(target=Path("/out/a.jpg.xmp"), rule="r", file=SIDECAR, behind=0, moves=True),
    WriteSidecar(target=SIDECAR, rule="r", wanted=SidecarContent(names=("Ann",))),
)


def store_with_older_sidecars(path: Path) -> None:
    """Make a store of the time when both operations on sidecars were one kind, with all that a row can have."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="name_kinds")
        connection.execute("INSERT INTO photos (id, hash, verdict, seen_at) VALUES (1, ?, 'seen', '')", ("a" * 64,))
        connection.execute("INSERT INTO plans (id, photo_id, path, made_at) VALUES (1, 1, ?, '')", (b"/in/a.jpg",))
        connection.execute("INSERT INTO disks (id, identity) VALUES (3, 'uuid')")
        for id_, position, kind, wish, parameters in OLDER_SIDECARS:
            connection.execute(
                "INSERT INTO operations (id, plan_id, position, rule, kind, wish, parameters, state, source, target, "
                "temporary, hash, before, attempts, retry_at, error, started_at, finished_at, source_real, "
                "target_real, source_disk, target_disk, waits_for, done_order) VALUES (?, 1, ?, 'r', ?, ?, ?, 'done', "
                "x'01', x'02', x'03', 'h', x'04', 5, 'r', 'e', 's', 'f', x'06', x'07', 3, 3, x'08', ?)",
                (id_, position, kind, wish, parameters, 10 - id_),
            )


def rows_of(path: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as connection:
        return list(Database(connection)["operations"].rows)


def test_the_two_operations_on_sidecars_get_a_kind_each_and_all_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    store_with_older_sidecars(path)
    before = rows_of(path)
    opened(path).close()
    assert [row.pop("kind") for row in before] == ["move", "sidecar", "sidecar"]
    after = rows_of(path)
    assert [row.pop("kind") for row in after] == ["move", "move_sidecar", "write_sidecar"]
    assert [row.pop("is_outdated") for row in after] == [0, 0, 0]
    assert after == before
    with closing(opened(path)) as db:
        assert db.conn.execute("PRAGMA foreign_key_check").fetchall() == []
        names = {row[0] for row in db.conn.execute("SELECT name FROM sqlite_master WHERE tbl_name = 'operations'")}
    endings = ("open", "finished", "hash", "done", "left", "waiting")
    assert names >= {f"operations_{ending}" for ending in endings}


def test_faces_of_a_store_without_scores_and_qualities_stay_and_have_none(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="keep_scores_of_detectors")
        connection.execute("INSERT INTO photos (id, hash, verdict, seen_at) VALUES (1, ?, 'seen', '')", ("a" * 64,))
        connection.execute(
            "INSERT INTO faces (photo_id, box_left, box_top, box_right, box_bottom, landmarks, embedding, size, "
            "sharpness, engine) VALUES (1, 1, 2, 3, 4, '[]', zeroblob(512), 2, 1.5, 'm')"
        )
    with closing(opened(path)) as db:
        assert list(db.conn.execute("SELECT box_left, score, quality FROM real_faces")) == [(1, None, None)]


def test_a_date_in_an_older_store_came_from_the_camera(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="keep_sources_of_dates")
        connection.executemany(
            "INSERT INTO photos (hash, verdict, seen_at, taken) VALUES (?, 'seen', '', ?)",
            [("a" * 64, "2001-02-03T04:05:06"), ("b" * 64, None)],
        )
    with closing(opened(path)) as db:
        assert list(db.conn.execute("SELECT taken_source FROM photos ORDER BY id")) == [("camera",), (None,)]


def test_no_photo_in_an_older_store_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="keep_damage")
        connection.execute("INSERT INTO photos (hash, verdict, seen_at) VALUES (?, 'seen', '')", ("a" * 64,))
    with closing(opened(path)) as db:
        assert list(db.conn.execute("SELECT missing FROM photos")) == [(None,)]


def test_damaged_photos_that_an_older_version_set_aside_are_looked_at_again(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    truncated = "damaged or not a picture: image file is truncated (2 bytes not processed)"
    reasons = [truncated, "not a picture in a known format", truncated, truncated, truncated]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="look_again_at_damaged_photos")
        connection.execute("INSERT INTO folders (id, path) VALUES (1, CAST('/photos' AS BLOB))")
        for number, reason in enumerate(reasons, 1):
            connection.execute(
                "INSERT INTO photos (id, hash, verdict, reason, seen_at) VALUES (?, ?, 'set aside', ?, '')",
                (number, f"{number:064}", reason),
            )
            connection.execute(
                "INSERT INTO files (folder_id, name, size, mtime_ns, state, photo_id, found_at) "
                "VALUES (1, ?, 9, 9, ?, ?, '')",
                (b"%d.jpg" % number, "gone" if number == 3 else "done", number),
            )
        connection.execute(
            "INSERT INTO flickr_photos (id, secret, media, state, updated, uploaded, walk, photo_id) "
            "VALUES ('1', 's', 'photo', 'refused', 0, 0, 0, 4)"
        )
        connection.execute("UPDATE photos SET width = 40, height = 30 WHERE id = 5")  # its faces are known
    with closing(opened(path)) as db:
        files = db.conn.execute("SELECT id, state, photo_id FROM files ORDER BY id").fetchall()
        photos = [row[0] for row in db.conn.execute("SELECT id FROM photos ORDER BY id")]
    assert files == [(1, "pending", None), (2, "done", 2), (3, "gone", None), (4, "done", 4), (5, "done", 5)]
    assert photos == [2, 4, 5], "what Flickr has is refused there, and stays so"


def test_an_account_in_an_older_store_is_listed_anew_for_what_flickr_says_of_its_photos(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="keep_what_flickr_says")
        connection.execute(
            "INSERT INTO flickr_photos (id, secret, media, state, updated, uploaded, walk) "
            "VALUES ('1', 's', 'photo', 'done', 0, 0, 0)"
        )
        connection.execute("INSERT INTO facts (name, value) VALUES ('flickr listed at', '1.0'), ('other', '2')")
    with closing(opened(path)) as db:
        assert list(db.conn.execute("SELECT visibility, tags, account FROM flickr_photos")) == [("", "", "flickr")]
        names = {row[0] for row in db.conn.execute("SELECT name FROM facts")}
    assert "other" in names
    assert "flickr listed at" not in names


def test_tags_in_an_older_store_are_compared_as_flickr_compares_them(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="keep_punctuation_of_tags")
        connection.execute(
            "INSERT INTO flickr_photos (id, secret, media, state, updated, uploaded, walk) "
            "VALUES ('1', 's', 'photo', 'done', 0, 0, 0)"
        )
        connection.executemany(
            "INSERT INTO flickr_tags (flickr_id, text, clean, rule, wanted, at) VALUES ('1', ?, ?, 'r', 1, '')",
            [("Jane Doe", "janedoe"), ("ジョン・スミス", "ジョンスミス")],
        )
    with closing(opened(path)) as db:
        found = [clean for (clean,) in db.conn.execute("SELECT clean FROM flickr_tags ORDER BY id")]
    assert found == ["janedoe", "ジョン・スミス"]


def test_rules_decide_again_on_tags_of_uploads_of_one_content_in_an_older_store(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="decide_again_on_tags_of_the_same_content")
        connection.executemany(
            "INSERT INTO photos (id, hash, verdict, seen_at) VALUES (?, ?, 'seen', '')", [(1, "a" * 64), (2, "b" * 64)]
        )
        connection.executemany(
            "INSERT INTO flickr_photos (id, secret, media, state, updated, uploaded, walk, photo_id, decided) "
            "VALUES (?, 's', 'photo', 'done', 0, 0, 0, ?, 'basis')",
            [("1", 1), ("2", 1), ("3", 2)],
        )
    with closing(opened(path)) as db:
        assert list(db.conn.execute("SELECT id FROM flickr_photos WHERE decided IS NULL")) == [("1",), ("2",)]


def test_operations_of_an_older_journal_on_sidecars_are_the_ones_that_they_were(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    store_with_older_sidecars(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE operations SET source_disk = NULL, target_disk = NULL")
    with Store(path, now=lambda: NOON) as store:
        assert tuple(step.operation for step in store.journal.steps(1)) == SIDECARS
        assert [step.id for step in store.journal.select([7])] == [7, 8]
        assert store.statistics.operations() == [("move", "done", 1), ("sidecar", "done", 2)]


def test_killed_at_any_statement_of_the_migration_of_kinds_the_store_is_that_of_before_or_after(tmp_path: Path) -> None:
    older = tmp_path / "older.db"
    store_with_older_sidecars(older)
    statement, died = 0, True
    while died:
        path = Path(shutil.copyfile(older, tmp_path / f"{statement}.db"))
        died = migration_dies_at(path, statement)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            migrate_kinds(connection)
        found = [(row["id"], row["kind"], row["done_order"]) for row in rows_of(path)]
        assert (statement, found) == (statement, [(7, "move", 3), (8, "move_sidecar", 2), (9, "write_sidecar", 1)])
        statement += 1
    assert statement > 15


def migrate_kinds(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    migrations.apply(connection, stop_before="keep_removed_references")


def migration_dies_at(path: Path, statement: int) -> bool:
    """Run the migration in a process that dies before the n-th statement of it; return whether it got so far."""
    child = os.fork()
    if child == 0:
        left = [statement]

        def count(_sql: str) -> None:
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

        try:
            connection = sqlite3.connect(path, isolation_level=None)
            connection.set_trace_callback(count)
            migrate_kinds(connection)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_references_of_an_older_store_stay_and_their_numbers_are_not_given_again(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    row = (7, 3, b"\0" * 512, "old", b"/a.jpg", None, "2026-05-01T12:00:00+00:00")
    names = "id, person_id, embedding, engine, origin, taken, added_at"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="keep_removed_references")
        connection.execute("INSERT INTO people (id, name, key, added_at) VALUES (3, 'Ann', 'ann', '2026-05-01')")
        connection.execute(f"INSERT INTO face_references ({names}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608
    with Store(path, now=lambda: NOON) as store:
        conn = store._db.conn
        assert conn.execute(f"SELECT {names}, face_id FROM face_references").fetchall() == [(*row, None)]  # noqa: S608
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        store.decisions.people.remove("Ann")
        conn.execute("DELETE FROM removed_references")
        with store.decisions.log.event("import references") as event:
            assert event.person("Bob") == (4, "Bob")
        (number,) = conn.execute(
            "INSERT INTO face_references (person_id, embedding, engine, added_at) VALUES (4, ?, 'x', '') RETURNING id",
            (b"\0" * 512,),
        ).fetchone()
        assert number == 8


def old_store(path: Path, *models: str) -> Path:
    """A store as versions with one embedding a face left it, with a face of each of these models."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="add_models")
        connection.execute("INSERT INTO photos (id, hash, verdict, seen_at) VALUES (1, ?, 'seen', '')", ("a" * 64,))
        connection.executemany(
            "INSERT INTO faces (photo_id, box_left, box_top, box_right, box_bottom, landmarks, embedding, size, "
            "sharpness, engine) VALUES (1, 0, 0, 9, 9, '[]', ?, 9, 9, ?)",
            [(bytes(512), model) for model in models],
        )
    return path


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (["dlib-resnet-v1-mirrored", "dlib-resnet-v1", "dlib-resnet-v1"], "dlib-resnet-v1"),
        (["dlib-resnet-v1", "dlib-resnet-v1-mirrored"], "dlib-resnet-v1-mirrored"),
        ([], None),
    ],
)
def test_the_model_of_an_older_store_is_that_of_most_of_its_faces(
    tmp_path: Path, models: list[str], expected: str | None
) -> None:
    with Store(old_store(tmp_path / "familiar.db", *models), now=lambda: NOON) as store:
        assert store.models.in_use == expected
        assert store.damage() is None


def test_an_older_store_takes_embeddings_of_any_dimension_and_none_that_are_no_numbers(tmp_path: Path) -> None:
    path = old_store(tmp_path / "familiar.db", "dlib-resnet-v1")
    with closing(opened(path)) as db:
        db.conn.execute("UPDATE faces SET embedding = ?", (bytes(2048),))
        for wrong in (b"", bytes(7)):
            with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
                db.conn.execute("UPDATE faces SET embedding = ?", (wrong,))
    with closing(opened(path)) as db:
        assert db.conn.execute("SELECT length(embedding) FROM faces").fetchall() == [(2048,)]


def test_reading_inside_of_a_write_transaction_is_a_part_of_it(tmp_path: Path) -> None:
    with Store(tmp_path / "familiar.db") as store:
        with store.writing(), store.reading():
            add_person(store, "Eileen Collins")
        assert store.people.names() == ["Eileen Collins"]
