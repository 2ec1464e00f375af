import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from familiar.errors import StoreError
from familiar.state import LOCK_NAME, BusyError, holder, locked, was_lost


def test_a_second_holder_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with locked(tmp_path):
        with (
            pytest.raises(BusyError, match=rf"is already running on {tmp_path} \(pid {os.getpid()}\)"),
            locked(tmp_path),
        ):
            raise AssertionError
        assert holder(tmp_path) == os.getpid()


def test_the_lock_is_free_after_its_holder_was_killed(tmp_path: Path) -> None:
    script = "import sys, time; from pathlib import Path; from familiar.state import locked\n"
    script += "with locked(Path(sys.argv[1])):\n print('held', flush=True)\n time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert holder(tmp_path) == process.pid
        process.send_signal(signal.SIGKILL)
    assert holder(tmp_path) is None


def test_a_missing_state_folder_is_reported(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match="the state folder can't be written: No such file or directory"),
        locked(tmp_path / "missing"),
    ):
        raise AssertionError


def test_who_only_asks_leaves_no_trace(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    assert holder(tmp_path / "missing") is None
    assert list(tmp_path.iterdir()) == []
    with locked(tmp_path):
        pass
    before = (tmp_path / LOCK_NAME).read_bytes()
    assert holder(tmp_path) is None
    assert (tmp_path / LOCK_NAME).read_bytes() == before


def test_a_lock_whose_file_was_deleted_is_noticed_by_its_holder(tmp_path: Path) -> None:
    with locked(tmp_path) as first:
        assert first.anchor.loss() is None
        (tmp_path / LOCK_NAME).unlink()
        with locked(tmp_path) as second:
            assert first.anchor.loss() == "was replaced by another file"
            assert second.anchor.loss() is None


def test_a_file_that_lost_its_name_before_it_was_locked_is_not_taken_for_the_lock(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def take_turns() -> None:
        for _ in range(300):
            with suppress(BusyError), locked(tmp_path):
                inside.append(1)
                most.append(len(inside))
                inside.pop()
                (tmp_path / LOCK_NAME).unlink()  # whoever has opened it already, locks a file without a name

    threads = [Thread(target=take_turns) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("nowhere")])
def test_only_a_regular_file_is_a_lock(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / LOCK_NAME)
    with pytest.raises(StoreError, match="the state folder can't be written: "), locked(tmp_path):
        raise AssertionError
    assert holder(tmp_path) is None
    assert not was_lost(tmp_path)


def test_a_lost_store_is_noted_until_it_is_found(tmp_path: Path) -> None:
    with locked(tmp_path, lasts=True) as lock:
        assert not was_lost(tmp_path)
        lock.note(lost=True)
    assert was_lost(tmp_path)
    with locked(tmp_path) as lock:
        assert was_lost(tmp_path)
        lock.note(lost=False)
    assert not was_lost(tmp_path)
