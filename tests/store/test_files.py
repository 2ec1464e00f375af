import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from familiar.store.files import _BY_LOWER_CASE, _NAMED, Files
from familiar.store.store import Store

PHOTOS = Path("/photos")
FILE_NAMES = st.binary(min_size=1, max_size=3).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in {b".", b".."}
)


def listed(
    files: Files, root: int, entries: list[tuple[bytes, int, int]], due: float = 5.0, *, in_backlog: bool = False
) -> tuple[int, int, int]:
    folder = files.folder(PHOTOS, root_id=root, device=1)
    listing = [(*entry, 0) for entry in sorted(entries)]
    found = files.compare(folder, listing, after=b"", upto=None, due=lambda _: due, backlog_until=int(in_backlog))
    return found.new, found.changed, len(found.missing)


def settle_all(store: Store, root: int) -> None:
    for row in store.files.settled(1e9, roots=[root], limit=1000):
        store.files.mark_pending(row.id)


def test_a_listing_tells_new_changed_and_missing_files_apart(store: Store) -> None:
    root = store.roots.know(PHOTOS).id
    assert listed(store.files, root, [(b"a.jpg", 1, 1), (b"b.jpg", 2, 2), (b"c.jpg", 3, 3)]) == (3, 0, 0)
    assert listed(store.files, root, [(b"a.jpg", 1, 1), (b"b.jpg", 2, 9), (b"d.jpg", 4, 4)]) == (1, 1, 1)


def test_an_unchanged_listing_changes_nothing(store: Store) -> None:
    root = store.roots.know(PHOTOS).id
    entries = [(b"a.jpg", 1, 1), (b"b.jpg", 2, 2)]
    listed(store.files, root, entries)
    settle_all(store, root)
    assert listed(store.files, root, entries) == (0, 0, 0)
    first, second = store.files.pending(roots=[root], limit=9)
    assert [first.path.name, second.path.name] == ["a.jpg", "b.jpg"]
    assert list(store.files.pending(roots=[root], limit=9, known={first.id})) == [second]
    assert list(store.files.pending(roots=[root], limit=1, known={first.id})) == []  # those that are known count, too


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    before=st.sets(FILE_NAMES),
    after=st.sets(FILE_NAMES),
    chunk=st.integers(1, 4),
)
def test_a_listing_in_parts_finds_what_one_listing_finds(
    store: Store, before: set[bytes], after: set[bytes], chunk: int
) -> None:
    root = store.roots.know(PHOTOS).id
    with store.writing():
        folder = store.files.folder(PHOTOS, root_id=root, device=1)
        store.files.compare(folder, [], after=b"", upto=None, due=lambda _: 0)
        for row in store.files.in_folder(folder):
            store.files.mark_gone(row)
        store.files.compare(folder, [(name, 1, 1, 1) for name in sorted(before)], after=b"", upto=None, due=lambda _: 0)
        names, missing, new, start = sorted(after), set[bytes](), 0, b""
        parts = [names[at : at + chunk] for at in range(0, len(names), chunk)] or [[]]
        for number, part in enumerate(parts):
            upto = None if number == len(parts) - 1 else part[-1]
            found = store.files.compare(folder, [(n, 1, 1, 1) for n in part], after=start, upto=upto, due=lambda _: 0)
            new, missing, start = new + found.new, missing | set(found.missing), upto or b""
    assert (new, missing) == (len(after - before), before - after)


def test_names_that_are_not_utf_8_come_back_as_they_are(store: Store) -> None:
    root = store.roots.know(PHOTOS).id
    listed(store.files, root, [(b"\xff\xfe.jpg", 1, 1)])
    (row,) = store.files.settled(9.0, roots=[root], limit=9)
    assert os.fsencode(row.path) == b"/photos/\xff\xfe.jpg"


def test_a_hint_about_an_unchanged_file_changes_nothing_and_restarts_the_wait_of_a_settling_one(store: Store) -> None:
    root = store.roots.know(PHOTOS).id
    assert store.files.hint(PHOTOS / "a.jpg", size=1, mtime_ns=1, root_id=root, due=5.0)
    assert not store.files.hint(PHOTOS / "a.jpg", size=1, mtime_ns=1, root_id=root, due=8.0)
    assert store.files.next_settled(roots=[root]) == 8.0
    settle_all(store, root)
    assert not store.files.hint(PHOTOS / "a.jpg", size=1, mtime_ns=1, root_id=root, due=9.0)
    assert len(list(store.files.pending(roots=[root], limit=9))) == 1


def test_a_change_that_size_and_time_do_not_show_is_found_and_an_unknown_one_is_adopted(
    store: Store,
) -> None:
    root = store.roots.know(PHOTOS).id
    folder = store.files.folder(PHOTOS, root_id=root)
    path = PHOTOS / "a.jpg"

    def changed_at(time: int) -> tuple[int, int]:
        found = store.files.compare(folder, [(b"a.jpg", 1, 1, time)], after=b"", upto=None, due=lambda _: 0)
        return found.new, found.changed

    store.files.place(path, photo_id=None, size=1, mtime_ns=1)  # type: ignore[arg-type]  # as in an older store
    assert [changed_at(time) for time in (5, 5, 6, 6)] == [(0, 0), (0, 0), (0, 1), (0, 0)]
    store.files.adopt_change(path)
    assert [changed_at(time) for time in (7, 7, 8)] == [(0, 0), (0, 0), (0, 1)]
    store.files.adopt_change(path)
    hints = [store.files.hint(path, size=1, mtime_ns=1, ctime_ns=time, root_id=root, due=0) for time in (9, 9, 10, 10)]
    assert hints == [False, False, True, False]


def test_a_file_that_returns_is_found_again(store: Store) -> None:
    root = store.roots.know(PHOTOS).id
    listed(store.files, root, [(b"a.jpg", 1, 1)])
    assert store.files.mark_gone(PHOTOS / "a.jpg")
    assert listed(store.files, root, [(b"a.jpg", 1, 1)]) == (1, 0, 0)


def test_what_comes_later_overtakes_what_the_first_scan_found_and_that_can_be_left_out(store: Store) -> None:
    root = store.roots.know(PHOTOS).id
    listed(store.files, root, [(b"a.jpg", 1, 1), (b"b.jpg", 1, 1)], in_backlog=True)
    store.files.hint(PHOTOS / "new.jpg", size=1, mtime_ns=1, root_id=root, due=5.0)
    store.files.hint(PHOTOS / "b.jpg", size=2, mtime_ns=2, root_id=root, due=5.0)
    settle_all(store, root)
    assert [row.path.name for row in store.files.pending(roots=[root], limit=9)] == ["b.jpg", "new.jpg", "a.jpg"]
    without = store.files.pending(roots=[root], limit=9, backlog=False)
    assert [row.path.name for row in without] == ["b.jpg", "new.jpg"]


def test_what_arrives_settles_before_a_backlog_whose_time_came_earlier(store: Store) -> None:
    root = store.roots.know(PHOTOS).id
    listed(store.files, root, [(b"a.jpg", 1, 1), (b"b.jpg", 1, 1)], due=5.0, in_backlog=True)
    store.files.hint(PHOTOS / "new.jpg", size=1, mtime_ns=1, root_id=root, due=7.0)
    assert [row.path.name for row in store.files.settled(6.0, roots=[root], limit=1)] == ["a.jpg"]
    assert [row.path.name for row in store.files.settled(7.0, roots=[root], limit=2)] == ["new.jpg", "a.jpg"]
    assert store.files.next_settled(roots=[root]) == 5.0


def test_work_of_other_roots_is_left_alone(store: Store) -> None:
    root = store.roots.know(PHOTOS).id
    other = store.roots.know(Path("/other")).id
    listed(store.files, root, [(b"a.jpg", 1, 1)])
    assert store.files.settled(9.0, roots=[other], limit=9) == []
    assert store.files.next_settled(roots=[other]) is None


def test_failed_files_are_tried_again_when_their_time_has_come(store: Store) -> None:
    root = store.roots.know(PHOTOS).id
    listed(store.files, root, [(b"a.jpg", 1, 1)])
    (row,) = store.files.settled(9.0, roots=[root], limit=9)
    store.files.mark_failed(row.id, reason="input/output error", due=60.0)
    assert (store.files.retry(59.0), store.files.retry(60.0)) == (0, 1)
    assert next(store.files.pending(roots=[root], limit=9)).attempts == 1


def test_what_waited_in_an_earlier_run_is_due_by_the_clock_of_this_one(store: Store) -> None:
    root = store.roots.know(PHOTOS).id
    days = 1_000_000.0  # the machine had been up for this many seconds when it was started again
    listed(store.files, root, [(b"a.jpg", 1, 1), (b"b.jpg", 2, 2)], due=days)
    failed, _ = store.files.settled(days, roots=[root], limit=9)
    store.files.mark_failed(failed.id, reason="input/output error", due=days + 60)
    store.files.restart_clock(settling_due=15.0, failed_due=10.0)
    assert store.files.next_settled(roots=[root]) == 15.0
    assert store.files.retry(10.0) == 1
    assert store.files.settled(14.0, roots=[root], limit=9) == []
    assert [row.path.name for row in store.files.settled(15.0, roots=[root], limit=9)] == ["b.jpg"]


def test_the_folders_below_one_are_found_by_an_index(store: Store) -> None:
    root, other = store.roots.know(PHOTOS).id, store.roots.know(Path("/other")).id
    for name in ("", "a", "a/b", "a/b/c", "a copy", "ab", "a0"):
        store.files.hint(PHOTOS / name / "1.jpg", size=1, mtime_ns=1, root_id=root, due=1.0)
    store.files.hint(PHOTOS / "a" / "d" / "1.jpg", size=1, mtime_ns=1, root_id=other, due=1.0)
    statements: list[str] = []
    store._db.conn.set_trace_callback(statements.append)
    found = [path for _, path, _ in store.files.folders_below(root, PHOTOS / "a")]
    store._db.conn.set_trace_callback(None)
    assert found == [PHOTOS / "a", PHOTOS / "a/b", PHOTOS / "a/b/c"]
    assert len(list(store.files.folders_below(root, Path("/")))) == 7
    plan = [str(row[3]) for row in store._db.conn.execute(f"EXPLAIN QUERY PLAN {statements[-1]}")]
    assert "path>? AND path<?" in plan[0]


def test_what_waits_is_found_without_going_through_all_files(store: Store) -> None:
    statements: list[str] = []
    store._db.conn.set_trace_callback(statements.append)
    store.files.settled(1.0, roots=[1], limit=9)
    list(store.files.pending(roots=[1], limit=9))
    store.files.next_settled(roots=[1])
    store.files.retry(1.0)
    store.files.waiting()
    store._db.conn.set_trace_callback(None)
    for statement in statements:
        plan = [str(row[3]) for row in store._db.conn.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert "files_" in plan[0], (statement, plan)


def test_the_parts_of_a_live_photo_are_found_by_an_index_and_in_any_case(store: Store) -> None:
    names = ["IMG_1.HEIC", "IMG_10.MOV", "IMG_1_HEVC.MOV", "img_1.jpg", "IMG_1 (2).jpg", "IMG_1.HEIC.MOV", "IMG_1.MP"]
    for name in names:
        store.files.place(PHOTOS / name, photo_id=None, size=1, mtime_ns=1)  # type: ignore[arg-type]  # as above
    store.files.place(PHOTOS.parent / "IMG_1.MOV", photo_id=None, size=1, mtime_ns=1)  # type: ignore[arg-type]
    found = [row.path.name for row in store.files.namesakes(PHOTOS / "img_1.mov")]
    assert found == ["IMG_1.HEIC", "IMG_1.HEIC.MOV", "IMG_1.MP", "IMG_1_HEVC.MOV", "img_1.jpg"]
    plan = store._db.conn.execute(
        f"EXPLAIN QUERY PLAN SELECT name {_BY_LOWER_CASE} {_NAMED}", (b"/p", b"img_1.", b"img_1/")
    )
    assert "files_in_lower_case (folder_id=? AND <expr>>? AND <expr><?)" in " ".join(str(row[3]) for row in plan)
