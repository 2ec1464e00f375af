import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from familiar.errors import StoreError
from familiar.service.lock import BusyError, holder, locked


def test_a_second_holder_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with locked(tmp_path):
        with pytest.raises(BusyError, match=rf"already runs on {tmp_path} \(pid {os.getpid()}\)"), locked(tmp_path):
            raise AssertionError
        assert holder(tmp_path) == os.getpid()


def test_the_lock_is_free_after_its_holder_was_killed(tmp_path: Path) -> None:
    script = "import sys, time; from pathlib import Path; from familiar.service.lock import locked\n"
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
