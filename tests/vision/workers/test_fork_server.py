"""Processes are copies of a server that has loaded what they need."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from familiar.vision.workers.fork_server import ForkServer
from support.forked import LOADED, end_by, leave, load, refuse, take, tell, wait


@pytest.fixture
def server() -> Iterator[ForkServer]:
    server = ForkServer(load, "a network")
    yield server
    server.close()


def started(server: ForkServer, target: Any, *arguments: Any) -> Any:
    process = server.Process(target=target, args=arguments)
    process.start()
    return process


def test_workers_share_what_their_server_has_loaded(server: ForkServer) -> None:
    ours, theirs = server.Pipe(duplex=False)
    process = started(server, tell, theirs, [1, 2])
    assert ours.recv() == (["a network"], [1, 2], process.pid, server.pid)
    process.join()
    assert process.exitcode == 0
    assert LOADED == []  # not here


@pytest.mark.parametrize(("target", "given", "code"), [(leave, 3, 3), (end_by, signal.SIGKILL, -9), (leave, 0, 0)])
def test_a_process_tells_how_it_ended(server: ForkServer, target: Any, given: int, code: int) -> None:
    process = started(server, target, given)
    process.join()
    assert (process.exitcode, process.is_alive()) == (code, False)


def test_processes_are_told_apart_and_one_that_is_terminated_does_not_end_the_others(server: ForkServer) -> None:
    one, other = started(server, wait), started(server, wait)
    assert len({one.pid, other.pid, server.pid, os.getpid()}) == 4
    one.terminate()
    one.join()
    assert (one.exitcode, other.is_alive()) == (-signal.SIGTERM, True)
    other.kill()
    other.join()
    assert other.exitcode == -signal.SIGKILL


def test_a_lock_that_processes_share_is_held_by_one_at_a_time(server: ForkServer) -> None:
    lock = server.RLock()
    ours, theirs = server.Pipe(duplex=False)
    with lock:
        process = started(server, take, lock, theirs)
        assert not ours.poll(0.3)
    assert ours.recv() == "taken"
    process.join()


def test_a_server_that_can_not_load_starts_no_process() -> None:
    server = ForkServer(refuse, "it is damaged")
    with pytest.raises((EOFError, OSError)):
        started(server, wait)
    server.close()


def test_a_process_ends_with_its_server_and_none_is_started_after_that() -> None:
    server = ForkServer(load, None)
    ours, theirs = server.Pipe()
    process = started(server, tell, theirs, None)
    ours.recv()
    process.join()
    pid = server.pid
    server.kill()
    with pytest.raises((EOFError, OSError)):
        started(server, wait)
    server.close()
    assert not any(child.pid == pid for child in multiprocessing.active_children())
