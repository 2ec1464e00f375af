"""The daemon serves the review page, in a process of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

from familiar.jobs.review_page import ReviewPage
from support.household import Household, command
from support.log import CheckedLog


def page_of(code: str, log: CheckedLog) -> ReviewPage:
    return ReviewPage(command=[sys.executable, "-c", code], log=log, clock=time.monotonic)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, for twenty seconds at most."""
    for _ in range(1000):
        if is_so():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_the_daemon_serves_the_page_until_it_is_stopped_or_killed(household: Household) -> None:
    port = free_port()
    household.configure({"review": {"serve": True, "port": port}})
    with household.running() as daemon:
        served = daemon.wait_for("review.served")
        assert served["address"] == f"http://127.0.0.1:{port}"
        address = household.ask("review", "--address").stdout.strip()
        assert address.startswith(f"http://127.0.0.1:{port}/login?token=")
        browser = requests.Session()
        assert browser.get(address, timeout=60).status_code == 200
        daemon.process.kill()
        daemon.process.wait()
        deadline = time.monotonic() + 20
        while household.ask("review", "--address", check=False).returncode == 0:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    with household.running() as daemon:  # the browser is still logged in
        daemon.wait_for("review.served")
        assert browser.get(f"http://127.0.0.1:{port}/activity", timeout=60).status_code == 200
        assert "No daemon is running" not in browser.get(f"http://127.0.0.1:{port}/activity", timeout=60).text
        taken = subprocess.run(
            command("review", "--port", str(port)),
            capture_output=True,
            text=True,
            env=household.whole_environment(),
            check=False,
        )
        assert "`familiar review --address` prints its address." in taken.stderr
        daemon.send(signal.SIGHUP)
        daemon.wait_for("service.reloaded")
        assert daemon.stop() == 0
    assert daemon.events("review.failed") == []
    assert household.ask("review", "--address", check=False).returncode == 2


def test_a_server_that_ends_is_started_again_and_what_it_said_is_logged() -> None:
    log = CheckedLog()
    page = page_of("import sys; sys.exit('the port is taken')", log)

    async def run() -> None:
        await page.advance(time.monotonic())
        await until(lambda: bool(log.of("review.failed")))
        await page.advance(time.monotonic())
        assert len(log.of("review.failed")) == 1  # it waits
        await page.close()

    asyncio.run(run())
    (failed,) = log.of("review.failed")
    assert (failed["error"], failed["retry_in"]) == ("the port is taken", 2.0)


def test_what_goes_wrong_in_a_server_that_goes_on_is_logged_and_it_ends_with_the_daemon(tmp_path: Path) -> None:
    log, ended = CheckedLog(), tmp_path / "ended"
    code = "import sys, pathlib; print('http://x', flush=True); print('a page failed', file=sys.stderr, flush=True)"
    page = page_of(f"{code}; sys.stdin.read(); pathlib.Path({str(ended)!r}).touch()", log)

    async def run() -> None:
        await page.advance(time.monotonic())
        await until(lambda: bool(log.of("review.error")))
        await page.close()

    asyncio.run(run())
    assert [event["address"] for event in log.of("review.served")] == ["http://x"]
    assert [event["error"] for event in log.of("review.error")] == ["a page failed"]
    assert ended.exists()
    assert log.of("review.failed") == []


def test_a_server_that_does_not_end_is_killed_and_one_that_can_not_be_started_is_told(tmp_path: Path) -> None:
    log, pid = CheckedLog(), tmp_path / "pid"
    code = "import os, pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    page = page_of(f"{code}; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(600)", log)
    missing = ReviewPage(command=["/nowhere/familiar"], log=log, clock=time.monotonic)

    async def run() -> None:
        await page.advance(time.monotonic())
        await missing.advance(time.monotonic())
        await until(lambda: pid.exists() and pid.read_text() != "")
        await page.close()
        await missing.close()

    asyncio.run(run())
    assert not os.path.exists(f"/proc/{pid.read_text()}")
    assert "No such file" in log.of("review.failed")[0]["error"]
