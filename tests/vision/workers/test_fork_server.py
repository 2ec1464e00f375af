"""Processes are copies of a server that has loaded what they need."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from familiar.vision.workers.channel import Reply
from familiar.vision.workers.fork_server import ForkedProcess, ForkServer
from support.forked import (
    LOADED,
    answer,
    end_by,
    give,
    identify,
    leave,
    leave_a_child_behind,
    leave_at_once,
    load,
    refuse,
)


@pytest.fixture
def server() -> Iterator[ForkServer]:
    with ForkServer(partial(load, "a network"), answer, os.environ) as server:
        assert server.loaded(60) == Reply(value="a network")
        yield server


def ask(copy: ForkedProcess, *call: Any) -> Any:
    copy.channel.send(call)
    return copy.channel.receive(Reply, 20).value


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def await_end(pid: int) -> None:
    deadline = time.monotonic() + 10
    while is_there(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_copies_share_what_their_server_has_loaded(server: ForkServer) -> None:
    with server.copy() as one, server.copy() as other:
        (loaded, pid, parent), (same, other_pid, other_parent) = ask(one, identify), ask(other, identify)
    assert loaded == same == ["a network"]
    assert parent == other_parent != os.getpid()
    assert len({pid, other_pid, parent, os.getpid()}) == 4
    assert LOADED == []  # not here


@pytest.mark.parametrize(
    ("target", "given", "words"),
    [
        (leave, 3, "exit status 3"),
        (leave, 0, "exit status 0"),
        (end_by, signal.SIGKILL, "SIGKILL"),
        (end_by, signal.SIGRTMIN + 3, f"signal {signal.SIGRTMIN + 3}"),
    ],
)
def test_a_copy_tells_how_it_ended(server: ForkServer, target: Any, given: int, words: str) -> None:
    with server.copy() as copy:
        assert not copy.has_ended
        copy.channel.send((target, given))
        with pytest.raises(EOFError):
            copy.channel.receive(Reply, 20)
        assert copy.how_it_ended() == words
        assert copy.has_ended


def test_a_copy_that_is_killed_does_not_end_the_others(server: ForkServer) -> None:
    with server.copy() as one, server.copy() as other:
        _, pid, _ = ask(one, identify)
        one.channel.send((time.sleep, 60))
        one.kill()
        assert one.how_it_ended() == "SIGKILL"
        assert not is_there(pid)
        assert ask(other, give, 1) == 1
        one.kill()  # there is nothing left to kill
        assert ask(other, give, 2) == 2


def test_the_end_of_a_copy_is_seen_though_another_process_has_its_channel(server: ForkServer) -> None:
    with server.copy() as copy:
        copy.channel.send((leave_a_child_behind,))
        with pytest.raises(EOFError):
            copy.channel.receive(Reply, 20)
        assert copy.how_it_ended() == "exit status 5"


def test_a_server_that_can_not_load_says_why_and_ends() -> None:
    with ForkServer(partial(refuse, "it is damaged"), answer, os.environ) as server:
        error = server.loaded(60).error
        assert (type(error), str(error)) == (ValueError, "it is damaged")
        assert server.how_it_ended() == "exit status 0"
        with pytest.raises(EOFError):
            server.copy()


def test_a_server_that_is_killed_as_it_loads_is_told() -> None:
    with ForkServer(partial(time.sleep, 60), answer, os.environ) as server:
        with pytest.raises(TimeoutError):
            server.loaded(0.05)
        server.kill()
        with pytest.raises(EOFError):
            server.loaded(60)
        assert server.how_it_ended() == "SIGKILL"


def test_copies_end_with_their_server(server: ForkServer) -> None:
    with server.copy() as copy:
        _, pid, _ = ask(copy, identify)
        server.kill()
        with pytest.raises(EOFError):
            copy.channel.receive(Reply, 20)
        assert copy.how_it_ended() is None
        await_end(pid)


def test_a_server_that_is_closed_has_ended_its_copies() -> None:
    with ForkServer(partial(load, None), answer, os.environ) as server:
        server.loaded(60)
        copies = [server.copy() for _ in range(3)]
        pids = [ask(copy, identify)[1] for copy in copies]
        for copy in copies:
            copy.channel.send((time.sleep, 60))
    assert [pid for pid in pids if is_there(pid)] == []
    for copy in copies:
        copy.close()


def test_a_copy_that_ends_before_it_says_anything_is_told() -> None:
    with ForkServer(partial(load, None), leave_at_once, os.environ) as server:
        server.loaded(60)
        with server.copy() as copy:
            with pytest.raises(EOFError):
                copy.loaded(20)
            assert copy.how_it_ended() == "exit status 3"


def test_a_copy_for_which_there_is_no_room_is_told_and_the_next_one_is_started(server: ForkServer) -> None:
    with server.copy() as first:
        _, _, pid = ask(first, identify)
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))
        with server.copy() as none, pytest.raises(EOFError):
            none.channel.receive(Reply, 20)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
        with server.copy() as second:
            assert ask(second, give, 1) == ask(first, give, 1) == 1


def test_a_module_in_the_working_folder_is_not_taken_for_one_of_pythons(tmp_path: Path) -> None:
    (tmp_path / "socket.py").write_text("raise SystemExit('taken')")
    script = (
        "import os\n"
        "from functools import partial\n"
        "from familiar.vision.workers.fork_server import ForkServer\n"
        "with ForkServer(partial(len, 'four'), print, os.environ) as server: print(server.loaded(60).value)"
    )
    ended = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "4\n"


def test_the_server_has_no_descriptors_of_its_parent() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ForkServer(partial(load, None), answer, os.environ) as server:
        os.set_inheritable(theirs.fileno(), True)
        server.loaded(60)
        with server.copy() as copy:
            descriptors = ask(copy, os.listdir, "/proc/self/fd")
    assert len(descriptors) <= 3 + 1 + 1 + 1  # standard ones, its channel, the listing itself, and one of Python
