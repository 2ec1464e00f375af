"""The intake with real watchers and a real store, in this process: what happens when watchers fail."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from familiar.effects.disks import Disks
from familiar.folders.intake import Intake
from familiar.settings import FolderSettings, Settings
from familiar.sources.messages import EventsLost, FileHint, Listing
from familiar.store.store import Store
from support.log import CheckedLog
from support.mounts import mounted
from support.stores import put_store


class SlowLog(CheckedLog):
    """Takes its time for events of one name."""

    slow: str | None = None

    def emit(self, name: str, /, **fields: Any) -> None:
        super().emit(name, **fields)
        if name == self.slow:
            time.sleep(0.02)


class Household:
    """An intake of one root, and a clock that can be put forward."""

    def __init__(self, base: Path) -> None:
        self.root = base / "root"
        self.root.mkdir()
        self.log = SlowLog()
        self.ahead = 0.0
        self.store = Store(put_store(base))
        settings = Settings(folders=(FolderSettings(path=self.root),), settle=0)
        self.intake = Intake(
            settings=settings,
            store=self.store,
            disks=Disks(self.store.places),
            log=self.log,
            clock=self.clock,
            watch=True,
        )
        self.before = self.intake.root_list()
        self.intake.start()

    def clock(self) -> float:
        return time.monotonic() + self.ahead

    def tick_until(self, name: str, count: int = 1, ahead: float = 0.0) -> dict[str, Any]:
        """Let the loop turn until the log has an event so many times; each turn takes the clock `ahead` seconds."""
        for _ in range(400):
            self.ahead += ahead
            asyncio.run(self.intake.advance(self.clock()))
            if len(self.log.of(name)) >= count:
                return self.log.of(name)[-1]
            time.sleep(0.01)
        raise AssertionError(self.log.events)

    def finish_walks(self) -> None:
        for _ in range(400):
            if self.intake.is_idle:
                return
            asyncio.run(self.intake.advance(self.clock()))
            time.sleep(0.01)
        raise AssertionError("a walk has not ended")

    def close(self) -> None:
        asyncio.run(self.intake.close())
        self.store.close()


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    made = Household(tmp_path)
    yield made
    made.close()
    assert [thread.name for thread in threading.enumerate() if thread.name == "walker"] == []


def test_a_root_that_was_not_looked_at_yet_is_not_called_offline(household: Household) -> None:
    about = {"root": str(household.root), "reason": None}
    assert household.before == [{**about, "state": "unknown", "files": None}]
    household.tick_until("root.scanned")
    assert household.intake.root_list() == [{**about, "state": "online", "files": 0}]


def test_a_watcher_that_died_is_replaced_and_its_root_compared(household: Household) -> None:
    household.tick_until("root.scanned")
    (watcher,) = [root.watcher for root in household.intake._roots]
    assert watcher is not None
    assert watcher._observer is not None
    for emitter in watcher._observer.emitters:
        emitter.stop()
        emitter.join(5)
    (household.root / "missed.jpg").write_bytes(b"1")
    assert household.tick_until("watch.restarted", ahead=6)["reason"] == "its watcher had stopped"
    assert household.tick_until("root.scanned", count=2)["new"] == 1
    (household.root / "seen.jpg").write_bytes(b"2")
    household.tick_until("file.found")


def test_after_lost_events_the_root_is_compared(household: Household) -> None:
    household.tick_until("root.scanned")
    household.intake._messages.post(EventsLost(root=household.root, reason="too many"))
    assert household.tick_until("watch.lost")["reason"] == "too many"
    household.tick_until("root.scanned", count=2)


def test_what_is_gone_is_forgotten_some_at_a_time_and_other_things_are_done_in_between(household: Household) -> None:
    album, count = household.root / "album", 60
    album.mkdir()
    (household.root / "stays.jpg").write_bytes(b"0")
    for number in range(count):
        (album / f"{number}.jpg").write_bytes(b"1")
    household.intake.request_rescan()
    household.tick_until("root.scanned", count=2)
    household.log.slow = "file.gone"
    album.rename(household.root.parent / "elsewhere")
    household.tick_until("file.gone")
    found = len(household.log.of("file.found"))
    (household.root / "new.jpg").write_bytes(b"2")
    household.tick_until("file.found", count=found + 1)
    assert len(household.log.of("file.gone")) < count
    household.tick_until("file.gone", count=count)


def test_a_root_is_compared_again_when_its_time_has_come(household: Household) -> None:
    household.tick_until("root.scanned")
    household.ahead += 59 * 60
    for _ in range(5):
        asyncio.run(household.intake.advance(household.clock()))
    assert len(household.log.of("root.scanned")) == 1
    household.ahead += 2 * 60
    household.tick_until("root.scanned", count=2)


def test_what_has_lain_unchanged_is_taken_at_once_and_what_came_just_now_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "old.jpg").write_bytes(b"1")
    time.sleep(1.1)
    (tmp_path / "copied.jpg").write_bytes(b"2")
    os.utime(tmp_path / "copied.jpg", (1e9, 1e9))  # as a copy with the time stamp of its original has
    log, store = CheckedLog(), Store(put_store(tmp_path))
    settings = Settings(folders=(FolderSettings(path=tmp_path),), settle=1.0)
    disks = Disks(store.places)
    intake = Intake(settings=settings, store=store, disks=disks, log=log, clock=lambda: 0.0, watch=False)
    intake.start()
    while not log.of("root.scanned"):
        asyncio.run(intake.advance(0.0))
        time.sleep(0.01)
    asyncio.run(intake.advance(0.0))
    assert [event["path"] for event in log.of("file.pending")] == [tmp_path / "old.jpg"]
    asyncio.run(intake.advance(1.0))
    assert len(log.of("file.pending")) == 2
    asyncio.run(intake.close())
    store.close()


def test_folders_that_are_listed_together_wait_for_the_disk_together(household: Household) -> None:
    household.tick_until("root.scanned")
    (root,) = household.intake._roots
    household.intake._walks.walk_all(root)
    for number in range(40):
        entries: tuple[Any, ...] = ((b"a.jpg", 1, 1, 1),)
        folder = root.path / f"{number}"
        household.intake._messages.post(
            Listing(root=root.path, top=root.path, folder=folder, device=1, after=b"", upto=None, entries=entries)
        )
    statements: list[str] = []
    household.store._db.conn.set_trace_callback(statements.append)
    household.intake._take_messages(household.clock())
    household.store._db.conn.set_trace_callback(None)
    assert len(household.store.files.in_root(root.id)) == 40
    assert statements.count("COMMIT") == 1


def test_what_arrives_while_the_first_scan_is_under_way_is_not_in_the_backlog(household: Household) -> None:
    (root,) = household.intake._roots
    started = root.walks[root.path].started_ns
    entries: tuple[Any, ...] = ((b"arrived.jpg", 1, 1, started + 1), (b"before.jpg", 1, 1, started - 1))
    household.intake._walks.take_listing(
        root,
        Listing(root=root.path, top=root.path, folder=root.path, device=1, after=b"", upto=None, entries=entries),
        household.clock(),
    )
    found = household.store.files.settled(float("inf"), roots=[root.id], limit=9)
    assert {row.path.name: row.in_backlog for row in found} == {"arrived.jpg": False, "before.jpg": True}


def test_of_a_listing_with_a_file_that_can_not_be_recorded_all_others_are(household: Household) -> None:
    household.tick_until("root.scanned")
    (root,) = household.intake._roots
    household.intake._walks.walk_all(root)
    names = [f"{number}.jpg".encode() for number in range(9)]
    entries: tuple[Any, ...] = tuple((name, 1 if name != b"5.jpg" else [], 1, 1) for name in names)
    household.intake._walks.take_listing(
        root,
        Listing(root=root.path, top=root.path, folder=root.path, device=1, after=b"", upto=None, entries=entries),
        household.clock(),
    )
    (error,) = household.log.of("photo.error")
    assert error["path"] == root.path / "5.jpg"
    assert sorted(path.name for path in household.store.files.in_root(root.id)) == [
        f"{number}.jpg" for number in range(9) if number != 5
    ]


def test_a_hint_about_a_path_that_can_not_be_recorded_does_not_stop_the_next_one(household: Household) -> None:
    household.tick_until("root.scanned")
    odd, plain = Path("relative.jpg"), household.root / "plain.jpg"
    plain.touch()
    (household.root / "relative.jpg").touch()
    inside = os.open(".", os.O_RDONLY)
    os.chdir(household.root)
    try:
        for path in (odd, plain):
            household.intake._messages.post(FileHint(root=household.root, path=path))
        household.tick_until("file.found")
    finally:
        os.fchdir(inside)
        os.close(inside)
    assert household.log.of("photo.error")[0]["path"] == odd
    assert plain in [found["path"] for found in household.log.of("file.found")]  # the watcher tells of the other, too


def test_a_root_with_too_few_watches_is_polled_too(household: Household) -> None:
    household.tick_until("root.scanned")
    (root,) = household.intake._roots
    household.intake._messages.post(EventsLost(root=household.root, reason="too few watches", is_lasting=True))
    household.tick_until("watch.lost")
    household.finish_walks()
    for _ in range(3):
        before = root.walked_at
        household.ahead += 31
        while root.walked_at == before or root.walks:
            asyncio.run(household.intake.advance(household.clock()))
            time.sleep(0.01)
        assert root.walked_at - before < 40


def test_a_root_that_is_polled_tells_when_it_was_first_compared_also_if_nothing_has_changed(
    household: Household,
) -> None:
    (root,) = household.intake._roots
    root.polls = True
    assert household.tick_until("root.scanned")["new"] == 0
    for _ in range(2):
        household.ahead += 31
        asyncio.run(household.intake.advance(household.clock()))
        household.finish_walks()
    assert len(household.log.of("root.scanned")) == 1


def test_a_root_that_takes_long_to_walk_is_polled_less_often_and_not_all_the_time(household: Household) -> None:
    household.tick_until("root.scanned")
    (root,) = household.intake._roots
    household.intake._messages.post(EventsLost(root=household.root, reason="too few watches", is_lasting=True))
    asyncio.run(household.intake.advance(household.clock()))
    household.ahead += 35  # a walk takes so long
    household.finish_walks()
    begun = root.walked_at
    for _ in range(60):
        household.ahead += 5
        asyncio.run(household.intake.advance(household.clock()))
    assert root.walked_at == begun, "it was walked after 300 seconds"
    for _ in range(10):
        household.ahead += 5
        asyncio.run(household.intake.advance(household.clock()))
    assert root.walked_at - begun == pytest.approx(350, abs=6)


def test_another_disk_below_a_root_with_the_same_number_does_not_make_the_files_of_the_first_one_gone(
    household: Household,
) -> None:
    stick = household.root / "stick"
    with mounted(stick):
        (stick / "first.jpg").write_bytes(b"1")
        number = stick.stat().st_dev
        household.intake.request_rescan()
        household.tick_until("root.scanned", count=2)
    with mounted(stick):
        if stick.stat().st_dev != number:
            pytest.skip("the other file system has another number")
        (stick / "second.jpg").write_bytes(b"2")
        household.intake.request_rescan()
        household.tick_until("root.scanned", count=3)
    assert household.log.of("file.gone") == []
    known = household.store.files.at(stick / "first.jpg")
    assert known is not None
    assert known.state != "gone"
