"""The command `familiar review`, in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from support.household import Household, command


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_the_address_serves_the_page_and_ends_without_an_error(
    strangers: Household, number: signal.Signals
) -> None:
    with subprocess.Popen(
        command("review", "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=strangers.whole_environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().strip()
        page = requests.get(address, timeout=60)
        process.send_signal(number)
        assert (page.status_code, process.wait(60)) == (200, 0)
        assert (process.stdout.read(), process.stderr.read()) == ("", "")
    assert address.startswith("http://127.0.0.1:")
    assert "Groups" in page.text


def test_other_commands_start_without_a_web_server(strangers: Household) -> None:
    code = "import sys, familiar.cli.run, familiar.cli.status; print({'starlette', 'uvicorn'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


def test_arithmetic_of_the_page_begins_no_threads() -> None:
    code = """
import os
from familiar.arithmetic import use_one_thread
use_one_thread()
import numpy
points = numpy.ones((2000, 64), numpy.float32)
points @ points.T
print(len(os.listdir("/proc/self/task")))
"""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout == "1\n"


def test_threads_of_the_page_share_their_free_memory(tmp_path: Path) -> None:
    code = f"""
import ctypes, threading
from familiar.review.memory import keep_little_free_memory
keep_little_free_memory()
libc, all_there = ctypes.CDLL(None), threading.Barrier(8)
libc.fopen.restype = ctypes.c_void_p
def use():
    all_there.wait()
    blocks = [bytes(10_000) for _ in range(100)]
    all_there.wait()
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
file = ctypes.c_void_p(libc.fopen(b"{tmp_path}/arenas", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "arenas").read_text().count("<heap ") <= 2
