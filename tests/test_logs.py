"""The log never stops the work: whatever is logged, and whoever reads it."""

import fcntl
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.event_fields import FIELDS
from familiar.events import complaint
from familiar.lines import Lines
from familiar.logs import SEARCHED, StructuredLog, is_journal, open_log, printable
from familiar.systemd_journal import SystemdJournal
from support.systemd_journal import FakeJournal

_PIPE = 4 * 4096

TEXTS = st.text(st.characters(exclude_categories=()))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.binary() | st.builds(Path, TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers() | TEXTS, inner, max_size=3),
)


class _Pipe:
    """A small pipe, whose reader may read or go away."""

    def __init__(self) -> None:
        self.reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE)
        os.set_blocking(self.reader, False)
        self.writer = os.fdopen(writer, "w")

    def read(self) -> list[dict[str, Any]]:
        data = b""
        with suppress(BlockingIOError):
            while part := os.read(self.reader, 1 << 16):
                data += part
        return [json.loads(line) for line in data.splitlines()]


@pytest.fixture
def pipe() -> Iterator[_Pipe]:
    made = _Pipe()
    yield made
    made.writer.close()
    with suppress(OSError):
        os.close(made.reader)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FakeJournal]:
    with FakeJournal.at(tmp_path / "socket") as made:
        yield made


def fill(log: StructuredLog, times: int) -> None:
    for number in range(times):
        log.emit("file.gone", path=Path(f"/{number}/{'x' * 200}"))


def test_a_log_that_nobody_reads_drops_events_and_says_how_many(pipe: _Pipe) -> None:
    log = open_log(pipe.writer)
    fill(log, 100)
    first = pipe.read()
    log.emit("file.gone", path=Path("/last"))
    rest = pipe.read()
    told, last = rest[-2:]
    assert (told["event"], told["reason"], told["level"]) == ("log.dropped", "nobody reads it", "warning")
    assert complaint(told) is None
    assert told["events"] == 100 - len(first) - len(rest[:-2])
    assert last["path"] == "/last"
    log.emit("file.gone", path=Path("/next"))
    assert [event["path"] for event in pipe.read()] == ["/next"]


def test_a_log_whose_reader_is_gone_is_no_error(pipe: _Pipe) -> None:
    log = open_log(pipe.writer)
    log.emit("file.gone", path=Path("/a"))
    os.close(pipe.reader)
    fill(log, 3)


def test_an_event_that_would_not_be_written_anyway_is_not_counted_as_dropped(pipe: _Pipe) -> None:
    log = open_log(pipe.writer, level="warning")
    lines = Lines(pipe.writer)
    while lines.write("x" * 1000):
        pass
    log.emit("root.offline", root=Path("/a"), reason="it is missing")
    log.emit("file.gone", path=Path("/a"))
    os.read(pipe.reader, 1 << 16)
    log.emit("root.offline", root=Path("/b"), reason="it is missing")
    text = os.read(pipe.reader, 1 << 16).decode()
    assert [json.loads(line).get("events") for line in text.splitlines()] == [1, None]


def test_a_line_that_a_reader_left_in_the_middle_is_completed_before_the_next_one(pipe: _Pipe) -> None:
    lines = Lines(pipe.writer)
    assert lines.write("x" * 40_000)
    assert not lines.write("dropped")
    data = os.read(pipe.reader, 1 << 16)
    assert not lines.write("dropped, too, as the rest of the first one takes more room than there is")
    data += os.read(pipe.reader, 1 << 16)
    while not lines.write("next"):
        data += os.read(pipe.reader, 1 << 16)
    data += os.read(pipe.reader, 1 << 16)
    assert data == b"x" * 40_000 + b"\nnext\n"


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_process_without_standard_error_logs_nothing(stream: str | None) -> None:
    closed = io.StringIO()
    closed.close()
    log = open_log(closed if stream else None, log_format="json")
    log.emit("file.gone", path=Path("/a"))


@given(value=VALUES)
def test_any_value_can_be_logged_as_json_of_limited_length(value: object) -> None:
    stream = io.StringIO()
    open_log(stream, log_format="json").emit("file.gone", path=value)
    (line,) = stream.getvalue().splitlines()
    parsed = json.loads(line, parse_constant=pytest.fail)
    assert parsed["event"] == "file.gone"
    parsed["path"] = str(parsed["path"])
    assert complaint(parsed) is None


def test_long_values_are_cut_and_say_how_long_they_were() -> None:
    stream = io.StringIO()
    log = open_log(stream, log_format="json")
    log.emit("root.incomplete", root=Path("/" + "x" * 1095), errors=["y" * 5000, *["z"] * 60])
    line = json.loads(stream.getvalue())
    assert line["root"] == "/" + "x" * 1095
    assert line["errors"][0].endswith("y" * 100)
    assert "… (5000 characters) …" in line["errors"][0]
    assert line["errors"][1:] == ["and 60 more"]
    log.emit("file.copied", path=Path("/a"), others=[Path(f"/{number}") for number in range(1000)])
    line = json.loads(stream.getvalue().splitlines()[1])
    assert line["others"] == [*(f"/{number}" for number in range(20)), "and 980 more"]


@given(values=st.lists(VALUES | TEXTS.map(lambda text: text * 500), min_size=1))
def test_no_line_is_longer_than_a_field_of_the_journal_that_is_shown(values: list[object]) -> None:
    stream = io.StringIO()
    open_log(stream, log_format="json").emit("file.copied", path="x" * 4096, others=values)
    assert len(stream.getvalue().encode()) <= 4096
    assert json.loads(stream.getvalue())["event"] == "file.copied"


def test_a_line_begins_with_what_happened_and_has_names_as_people_write_them() -> None:
    stream = io.StringIO()
    open_log(stream, log_format="json").emit("file.moved", path=Path("/María"), before=Path("/a"))
    line = stream.getvalue()
    assert line.startswith('{"event": "file.moved", "level": "info", "time": "')
    assert '"path": "/María"' in line


def test_the_journal_is_known_by_its_stream(tmp_path: Path) -> None:
    with (tmp_path / "journal").open("w") as stream:
        found = os.fstat(stream.fileno())
        assert is_journal(stream, {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"})
        assert not is_journal(stream, {"JOURNAL_STREAM": "1:2"})
        assert not is_journal(stream, {})


def test_in_the_journal_an_event_is_an_entry_that_is_found_by_its_fields(journal: FakeJournal, tmp_path: Path) -> None:
    path = tmp_path / "stream"
    with path.open("w") as stream:
        log = open_log(stream, log_format="json", level="debug", journal=journal.client)
        log.emit(
            "photo.recognised", photo=17, path=Path("/María\n.jpg"), people=["María", "Ann"], unknown=1, ambiguous=0
        )
        log.emit("operation.failed", operation=1, photo=None, kind="copy", rule="r", error="no room", retry_in=1)
        log.emit("root.offline", root="/a", reason="gone")
        log.emit("file.found", path="/a")
        log.emit("file.moved", photo=1, path="/b", before="/a")
    recognised, failed, offline, found, moved = journal.entries()
    assert [dict(entry)["PRIORITY"] for entry in (recognised, failed, offline, found)] == ["6", "3", "4", "7"]
    assert [text for name, text in moved if name == "FAMILIAR_PATH"] == ["/b", "/a"]
    (_, message), *fields = recognised
    assert json.loads(message)["people"] == ["María", "Ann"]
    assert fields == [
        ("PRIORITY", "6"),
        ("SYSLOG_IDENTIFIER", "familiar"),
        ("FAMILIAR_EVENT", "photo.recognised"),
        ("FAMILIAR_PHOTO", "17"),
        ("FAMILIAR_PATH", "/María\\n.jpg"),
        ("FAMILIAR_PERSON", "María"),
        ("FAMILIAR_PERSON", "Ann"),
    ]
    assert [name for name, _ in failed[3:]] == ["FAMILIAR_EVENT", "FAMILIAR_KIND", "FAMILIAR_RULE"]
    assert path.read_text() == ""


def test_where_the_journal_takes_no_entries_lines_carry_their_priority(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    with path.open("w") as stream:
        log = open_log(stream, log_format="json", level="debug", journal=SystemdJournal(tmp_path / "none"))
        log.emit("operation.failed", operation=1, kind="copy", rule="r", error="no room", retry_in=1)
        log.emit("root.offline", root="/a", reason="gone")
        log.emit("service.ready", seconds=1)
        log.emit("file.found", path="/a")
    assert [line[:4] for line in path.read_text().splitlines()] == ["<3>{", "<4>{", "<6>{", "<7>{"]


class _Odd:
    def __repr__(self) -> str:
        raise ValueError("no text")


def test_a_value_without_a_text_of_its_own_can_be_logged() -> None:
    for value in (10**5000, -(10**5000), _Odd(), float("nan"), datetime(9999, 1, 1, tzinfo=UTC)):
        stream = io.StringIO()
        open_log(stream, log_format="json").emit("file.gone", path=value)
        assert len(stream.getvalue()) < 5000


@given(text=TEXTS)
def test_any_text_can_be_printed(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert all(character.isprintable() for character in shown)


def test_a_log_for_programs_does_not_load_what_only_a_terminal_needs() -> None:
    script = (
        "import sys\n"
        "from familiar.logs import open_log\n"
        "open_log(sys.stderr, log_format='json').emit('service.ready', seconds=1.0)\n"
        "print('structlog' in sys.modules, 'rich' in sys.modules)\n"
        "import rich\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"
    assert json.loads(done.stderr)["event"] == "service.ready"


def test_a_socket_with_little_room_takes_a_line_at_once() -> None:
    """poll(2) calls a socket full until three quarters of it are free; the journal reads from one."""
    reader, writer = socket.socketpair()
    with reader, writer, writer.makefile("w") as stream:
        writer.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                writer.send(b"x" * 64)
        writer.setblocking(True)
        lines = Lines(stream)
        for _ in range(100):
            reader.recv(64)
        assert lines.write("there is room")
        assert lines.trouble is None
        assert not all(lines.write("y" * 4000) for _ in range(1000)), "it is full, and is not waited for"
        assert lines.trouble is not None


def test_a_journal_that_does_not_read_is_waited_for_once_and_its_events_are_counted(
    journal: FakeJournal, pipe: _Pipe
) -> None:
    os.set_blocking(pipe.writer.fileno(), False)
    with suppress(BlockingIOError):
        while os.write(pipe.writer.fileno(), b"\n" * 4096):
            pass
    log = open_log(pipe.writer, log_format="json", journal=journal.client)
    started = time.monotonic()
    for _ in range(2000):
        log.emit("file.gone", path="/a")
    assert time.monotonic() - started < 10
    kept = len(journal.entries())
    log.emit("file.gone", path="/last")
    dropped, last = map(dict, journal.entries())
    assert dropped["FAMILIAR_EVENT"] == "log.dropped"
    assert json.loads(dropped["MESSAGE"])["events"] == 2000 - kept
    assert last["FAMILIAR_PATH"] == "/last"


def test_each_field_that_is_searched_for_is_one_of_the_catalogue() -> None:
    assert {field for fields in SEARCHED.values() for field in fields} - {"event"} <= FIELDS.keys()


def test_the_page_on_the_log_names_the_fields_of_the_journal() -> None:
    page = (Path(__file__).parents[1] / "docs" / "log.md").read_text()
    named = re.findall(r"`FAMILIAR_([A-Z]+)`", page.partition("\nFields: ")[2].partition("\n\n")[0])
    assert [name.lower() for name in named] == list(SEARCHED)
