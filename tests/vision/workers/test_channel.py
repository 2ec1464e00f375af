"""Values that two processes send each other; here both ends are in this one."""

import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from familiar.errors import SetAsideError
from familiar.vision.workers.channel import Channel, Reply, UnreadableError
from support.forked import ForeignError, give_unpicklable, raise_foreign, raise_value_error


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    with Channel(ours) as channel, theirs:
        yield channel, theirs


def test_values_arrive_whole_and_in_order_however_large(ends: tuple[Channel, socket.socket]) -> None:
    ours, theirs = ends
    values = [b"a" * 5_000_000, "", ("two", 2)]

    def send() -> None:
        for value in values:
            ours.send(value)

    sender = threading.Thread(target=send)
    sender.start()
    other = Channel(theirs)
    assert [other.receive(object) for _ in values] == values
    sender.join()


def test_half_a_value_is_the_end_of_the_other_process(ends: tuple[Channel, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(struct.pack("!Q", 1000) + b"half")
    theirs.close()
    with pytest.raises(EOFError):
        ours.receive(str)
    with pytest.raises(EOFError):
        ours.send("a task")


def test_a_value_that_comes_in_drops_has_one_time_limit(ends: tuple[Channel, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(struct.pack("!Q", 1 << 60))  # no memory is taken for what does not come

    def drip() -> None:
        for _ in range(30):
            theirs.sendall(b".")
            time.sleep(0.02)

    dripping = threading.Thread(target=drip)
    dripping.start()
    before = time.monotonic()
    with pytest.raises(TimeoutError):
        ours.receive(str, seconds=0.2)
    assert time.monotonic() - before < 0.5
    dripping.join()


def test_one_that_takes_nothing_is_waited_for_no_longer_than_the_time_limit(
    ends: tuple[Channel, socket.socket],
) -> None:
    with pytest.raises(TimeoutError):
        ends[0].send(b"a" * 50_000_000, seconds=0.1)


@pytest.mark.parametrize("seconds", [3e6, 1e12, float("inf")])
def test_a_time_limit_may_be_longer_than_the_system_waits(ends: tuple[Channel, socket.socket], seconds: float) -> None:
    ours, theirs = ends
    answering = threading.Thread(target=Channel(theirs).answer)
    answering.start()
    ours.send((bytes.upper, b"a" * 5_000_000), seconds=seconds)
    assert ours.receive(Reply, seconds=seconds).value == b"A" * 5_000_000
    ours.shut()
    answering.join()


_RECEIVE = """
import socket, sys
from familiar.vision.workers.channel import Channel

channel = Channel(socket.socket(fileno=int(sys.argv[1])))
channel.send("waiting")
channel.send(channel.receive(str, seconds=1.5))
"""


def test_the_time_in_which_this_process_was_stopped_does_not_count() -> None:
    ours, theirs = socket.socketpair()
    with Channel(ours) as channel, theirs:
        number = theirs.fileno()
        with subprocess.Popen([sys.executable, "-c", _RECEIVE, str(number)], pass_fds=[number]) as waiting:
            assert channel.receive(str) == "waiting"
            while Path(f"/proc/{waiting.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
                time.sleep(0.01)
            waiting.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, waiting.pid, os.WSTOPPED | os.WNOWAIT)
            time.sleep(1.6)
            waiting.send_signal(signal.SIGCONT)
            time.sleep(0.3)  # it would give up now
            channel.send("an answer")
            assert channel.receive(str, seconds=20) == "an answer"


@pytest.mark.parametrize("data", [b"nonsense", pickle.dumps("no number"), b""])
def test_what_is_damaged_or_of_another_type_is_refused(ends: tuple[Channel, socket.socket], data: bytes) -> None:
    ours, theirs = ends
    theirs.sendall(struct.pack("!Q", len(data)) + data)
    with pytest.raises(UnreadableError, match="it sent what "):
        ours.receive(int)


def test_errors_of_this_program_and_of_python_stay_what_they_are_and_those_of_libraries_become_text() -> None:
    def refuse() -> None:
        raise SetAsideError("no photo")

    def carried(reply: Reply) -> Any:
        return pickle.loads(pickle.dumps(reply))  # noqa: S301 - our own

    own, python, foreign = (carried(Reply.of(it)) for it in (refuse, raise_value_error, raise_foreign))
    assert (type(own.error), str(own.error)) == (SetAsideError, "no photo")
    assert (type(python.error), str(python.error)) == (ValueError, "no number")
    assert type(foreign.error) is RuntimeError
    assert str(foreign.error) == repr(ForeignError("a picture of nothing"))
    for error in (python.error, foreign.error):
        assert "in raise_" in error.__notes__[0]  # where it was raised


def test_an_answer_that_can_not_be_sent_is_an_error_and_the_next_one_is_given(
    ends: tuple[Channel, socket.socket],
) -> None:
    ours, theirs = ends
    answering = threading.Thread(target=Channel(theirs).answer)
    answering.start()
    ours.send((give_unpicklable,))
    assert "pickle" in str(ours.receive(Reply).error)
    ours.send((len, "four"))
    assert ours.receive(Reply) == Reply(value=4)
    ours.shut()
    answering.join()
