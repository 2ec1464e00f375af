"""The daemon and the reader of its log."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from support.household import Household, command


@contextmanager
def daemon_with_stderr(household: Household, descriptor: int) -> Iterator[subprocess.Popen[bytes]]:
    arguments = command("run", "--log-format", "json", "--log-level", "debug")
    process = subprocess.Popen(arguments, stderr=descriptor, env=household.whole_environment())
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, "the daemon has ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def stops(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(20)


def test_a_reader_of_the_log_that_goes_away_stops_nothing(household: Household, meadow: Path, obama: Path) -> None:
    household.rule({"name": "album", "then": [{"copy": f"{household.out}/"}]})
    reader, writer = os.pipe()
    with daemon_with_stderr(household, writer) as process, os.fdopen(reader) as lines:
        os.close(writer)
        shutil.copy(meadow, household.inbox)
        assert any(json.loads(line)["event"] == "operation.done" for line in lines)
        lines.close()
        shutil.copy(obama, household.inbox)
        wait_for(household.out / obama.name, process)
        assert stops(process) == 0


def test_a_reader_of_the_log_that_does_not_read_stops_nothing(household: Household, meadow: Path) -> None:
    household.rule({"name": "album", "then": [{"copy": f"{household.out}/"}]})
    reader, writer = os.pipe()
    try:
        with daemon_with_stderr(household, writer) as process:
            os.set_blocking(writer, False)
            with suppress(BlockingIOError):
                while True:
                    os.write(writer, b"\n" * 4096)
            os.set_blocking(writer, True)
            shutil.copy(meadow, household.inbox)
            wait_for(household.out / meadow.name, process)
            assert stops(process) == 0
    finally:
        os.close(reader)
        os.close(writer)


def test_a_daemon_that_is_started_without_standard_error_gives_its_number_to_no_file(
    household: Household, meadow: Path
) -> None:
    household.rule({"name": "album", "then": [{"copy": f"{household.out}/"}]})
    closing = ["sh", "-c", 'exec "$@" 2>&-', "sh"]
    subprocess.run([*closing, *command("scan")], env=household.whole_environment(), check=True, timeout=60)
    shutil.copy(meadow, household.inbox)
    arguments = [*closing, *command("run")]
    process = subprocess.Popen(arguments, env=household.whole_environment())
    try:
        wait_for(household.out / meadow.name, process)
        assert Path(f"/proc/{process.pid}/fd/2").readlink() == Path(os.devnull)
        assert stops(process) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_an_error_that_ends_a_thread_is_an_event(household: Household) -> None:
    log = household.base / "log.json"
    code = (
        "import sys, threading\n"
        "from familiar.cli.console.log import begin_log\n"
        "from familiar.settings import Settings\n"
        "begin_log(Settings(), 'json', None)\n"
        "thread = threading.Thread(target=lambda: 1 / 0, name='walker')\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    with log.open("wb") as stderr:
        subprocess.run([sys.executable, "-c", code], stderr=stderr, check=True)
    (event,) = [event for event in map(json.loads, log.read_text().splitlines()) if event["event"] == "service.error"]
    assert event["error"] == "walker: ZeroDivisionError('division by zero')"
    assert "ZeroDivisionError" in event["exception"]
