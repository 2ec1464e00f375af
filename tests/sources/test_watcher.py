import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from familiar.settings import FolderSettings
from familiar.sources.messages import EventsLost, FileHint, FolderHint, Message
from familiar.sources.patterns import Patterns
from familiar.sources.watcher import Watcher


class Mailbox:
    """Collects messages, and waits for one."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._news = threading.Condition()

    def post(self, message: Message) -> None:
        with self._news:
            self.messages.append(message)
            self._news.notify_all()

    def wait_for(self, message: Message, within: float = 5) -> None:
        with self._news:
            assert self._news.wait_for(lambda: message in self.messages, within), self.messages

    def wait_for_kind(self, kind: type[Message], within: float = 5) -> Message:
        with self._news:
            found = self._news.wait_for(lambda: [m for m in self.messages if isinstance(m, kind)], within)
            assert found, self.messages
            return found[-1]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def watcher(tmp_path: Path, mailbox: Mailbox) -> Iterator[Watcher]:
    root = tmp_path / "root"
    root.mkdir()
    made = Watcher(root, Patterns(FolderSettings(path=root)), mailbox.post)
    made.start()
    yield made
    made.stop()
    assert not made.is_alive


def test_files_that_are_written_renamed_into_place_and_removed_are_hinted_at(
    tmp_path: Path, watcher: Watcher, mailbox: Mailbox
) -> None:
    root = tmp_path / "root"
    (root / "written.jpg").write_bytes(b"1")
    mailbox.wait_for(FileHint(root=root, path=root / "written.jpg"))
    (tmp_path / "outside.jpg").write_bytes(b"2")
    (tmp_path / "outside.jpg").rename(root / "moved.jpg")
    mailbox.wait_for(FileHint(root=root, path=root / "moved.jpg"))
    (root / "moved.jpg").rename(root / "renamed.jpg")
    mailbox.wait_for(FileHint(root=root, path=root / "renamed.jpg"))
    before = len(mailbox.messages)
    (root / "written.jpg").unlink()
    mailbox.wait_for_kind(FileHint)
    assert len(mailbox.messages) >= before


def test_files_in_folders_made_a_moment_ago_are_hinted_at(tmp_path: Path, watcher: Watcher, mailbox: Mailbox) -> None:
    root = tmp_path / "root"
    deep = root / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "x.jpg").touch()
    mailbox.wait_for(FolderHint(root=root, path=root / "a"))
    mailbox.wait_for(FileHint(root=root, path=deep / "x.jpg"))


def test_a_folder_that_is_moved_in_or_away_is_hinted_at(tmp_path: Path, watcher: Watcher, mailbox: Mailbox) -> None:
    root, album = tmp_path / "root", tmp_path / "album"
    album.mkdir()
    (album / "x.jpg").touch()
    album.rename(root / "album")
    mailbox.wait_for(FolderHint(root=root, path=root / "album"))
    mailbox.messages.clear()
    (root / "album").rename(album)
    mailbox.wait_for(FolderHint(root=root, path=root / "album"))


def test_of_a_folder_that_is_renamed_only_itself_is_hinted_at(
    tmp_path: Path, watcher: Watcher, mailbox: Mailbox
) -> None:
    root, album = tmp_path / "root", tmp_path / "album"
    (album / "below").mkdir(parents=True)
    (album / "below" / "x.jpg").touch()
    album.rename(root / "album")
    mailbox.wait_for(FolderHint(root=root, path=root / "album"))
    (root / "album").rename(root / "renamed")
    mailbox.wait_for(FolderHint(root=root, path=root / "renamed"))
    (root / "last.jpg").touch()
    mailbox.wait_for(FileHint(root=root, path=root / "last.jpg"))
    assert {message.path for message in mailbox.messages if isinstance(message, FileHint | FolderHint)} == {
        root / "album",
        root / "renamed",
        root / "last.jpg",
    }


def test_names_that_are_left_out_are_not_hinted_at(tmp_path: Path, watcher: Watcher, mailbox: Mailbox) -> None:
    root = tmp_path / "root"
    (root / "@eaDir").mkdir()
    (root / "@eaDir" / "x.jpg").touch()
    (root / ".x.jpg.Ab12Cd").touch()
    (root / "notes.txt").touch()
    strange = root / os.fsdecode(b"\xff\xfe.jpg")
    strange.touch()
    mailbox.wait_for(FileHint(root=root, path=strange))
    assert {message.path for message in mailbox.messages if isinstance(message, FileHint | FolderHint)} == {strange}


def test_an_emitter_that_died_is_noticed_and_a_restart_mends_it(
    tmp_path: Path, watcher: Watcher, mailbox: Mailbox
) -> None:
    observer = watcher._observer
    assert observer is not None
    for emitter in observer.emitters:
        emitter.stop()
        emitter.join(5)
    assert [observer.is_alive(), watcher.is_alive] == [True, False]
    watcher.stop()
    watcher.start()
    assert [watcher.is_alive] == [True]
    (tmp_path / "root" / "x.jpg").touch()
    mailbox.wait_for(FileHint(root=tmp_path / "root", path=tmp_path / "root" / "x.jpg"))


def test_a_root_that_is_removed_ends_the_watch_and_harms_nothing(tmp_path: Path, watcher: Watcher) -> None:
    shutil.rmtree(tmp_path / "root")
    deadline = threading.Event()
    for _ in range(100):
        if not watcher.is_alive:
            break
        deadline.wait(0.05)
    assert not watcher.is_alive


def test_a_root_that_is_missing_can_not_be_watched(tmp_path: Path, mailbox: Mailbox) -> None:
    root = tmp_path / "missing"
    watcher = Watcher(root, Patterns(FolderSettings(path=root)), mailbox.post)
    with pytest.raises(OSError, match="No such file"):
        watcher.start()
    assert not watcher.is_alive


def test_lost_events_are_reported(tmp_path: Path, watcher: Watcher, mailbox: Mailbox) -> None:
    limit = Path("/proc/sys/fs/inotify/max_queued_events")
    if not os.access(limit, os.W_OK):
        pytest.skip("the kernel's limit can't be lowered here")
    before = limit.read_text()
    watcher.stop()
    try:
        limit.write_text("16")
        watcher.start()
    except OSError:
        pytest.skip("the kernel's limit can't be lowered here")
    finally:
        limit.write_text(before)
    for number in range(5000):
        (tmp_path / "root" / f"{number}.jpg").touch()
    lost = mailbox.wait_for_kind(EventsLost)
    assert isinstance(lost, EventsLost)
    assert lost.reason == "the kernel's queue of events overflowed (fs.inotify.max_queued_events)"


def watches_in_use() -> int:
    """Count the watches of all processes: they have the limit in common."""
    count = 0
    for info in Path("/proc").glob("[0-9]*/fdinfo/*"):
        with suppress(OSError):  # the process has ended
            count += info.read_text().count("inotify wd:")
    return count


def test_folders_beyond_the_limit_of_watches_are_reported(tmp_path: Path, mailbox: Mailbox) -> None:
    limit = Path("/proc/sys/fs/inotify/max_user_watches")
    if not os.access(limit, os.W_OK):
        pytest.skip("the kernel's limit can't be lowered here")
    root = tmp_path / "root"
    for number in range(40):
        (root / str(number)).mkdir(parents=True)
    before = limit.read_text()
    watcher = Watcher(root, Patterns(FolderSettings(path=root)), mailbox.post)
    try:
        limit.write_text(str(watches_in_use() + 20))
        watcher.start()
        lost = mailbox.wait_for_kind(EventsLost)
    finally:
        limit.write_text(before)
        watcher.stop()
    assert isinstance(lost, EventsLost)
    assert lost.reason.startswith("not every folder can be watched; raise fs.inotify.max_user_watches (now ")
