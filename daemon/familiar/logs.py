"""How events are written into the log: as JSON, one object a line, for programs; on a terminal as text."""

import json
import logging
import math
import os
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias

from familiar.events import LEVELS, Level
from familiar.lines import Lines
from familiar.systemd_journal import SystemdJournal

LogFormat: TypeAlias = Literal["auto", "json", "text"]
_Searched: TypeAlias = Sequence[tuple[str, str]]
"""Fields that are searched for: name and text."""

_NUMBERS: dict[Level, int] = {"debug": 0, "info": 1, "warning": 2, "error": 3}
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3}
"""The priorities of syslog(3), as the journal of systemd takes them: with an entry, or before a line (sd-daemon(3))."""
_LONGEST = 1 << 16
"""Characters of a text; most are shorter, as paths are (PATH_MAX, 4096 bytes)."""
_MOST = 20
"""Items of a list."""
_LONGEST_LIST = 2000
"""Characters of all items of a list."""
_LONGEST_LINE = 4000
"""Bytes of a line: `journalctl -o json` leaves out fields of more than 4096."""
_HEAD = ("event", "level", "time")
"""What each line begins with, so that a line that is cut, or a narrow screen, shows what happened."""
SEARCHED: Mapping[str, Sequence[str]] = {
    "event": ["event"],
    "photo": ["photo"],
    "path": ["path", "before", "source", "target", "sidecar", "root", "folder"],
    "kind": ["kind"],
    "rule": ["rule"],
    "person": ["person", "people"],
    "account": ["account"],
    "album": ["album"],
    "tag": ["tag"],
}
"""The fields by which the journal finds entries, each with the fields of events that it has; each costs room there."""


class StructuredLog:
    """An `EventLog` that writes with structlog, which is imported for the first event: many commands log nothing.

    The work does not depend on the log: where nobody reads it, events are counted and dropped, and `log.dropped` tells
    how many when somebody reads it again; and a value that can't be written becomes one that can.
    """

    def __init__(
        self, stream: TextIO | None, *, level: Level, log_format: LogFormat, journal: SystemdJournal | None = None
    ) -> None:
        """Take the stream to write to, the lowest level that is written, and the format.

        `journal` is the journal of systemd if the stream leads there: each event is an entry of it then.
        """
        self._level = level
        self._format = log_format
        self._lines = Lines(stream)
        self._journal = journal
        self._sink = _Sink(self._lines, journal)
        self._dropped = 0
        self._writing = threading.Lock()

    def emit(self, name: str, /, **fields: Any) -> None:
        """Log the event of the catalogue with this name, at the level that the catalogue gives it.

        `exc_info=True` adds the traceback of the exception that is being handled.
        """
        level = LEVELS.get(name, "error")
        if _NUMBERS[level] < _NUMBERS[self._level]:
            return
        with self._writing:
            if self._dropped and not self._write("log.dropped", events=self._dropped, reason=self._sink.trouble):
                self._dropped += 1
                return
            self._dropped = 0 if self._write(name, **fields) else 1

    def _write(self, name: str, **fields: Any) -> bool:
        """Write an event; return whether that was possible."""
        getattr(self._logger, LEVELS.get(name, "error"))(name, **fields)
        return self._sink.trouble is None

    @cached_property
    def _logger(self) -> Any:
        terminal = self._lines.is_terminal
        as_text = self._format == "text" or (self._format == "auto" and terminal)
        with nullcontext() if as_text else _missing("rich"):
            import structlog  # noqa: PLC0415 - see above

        render: tuple[Any, ...] = (
            (structlog.dev.ConsoleRenderer(colors=terminal, pad_event_to=18, sort_keys=False),)
            if as_text
            else (structlog.processors.format_exc_info, _as_json)
        )
        return structlog.wrap_logger(
            self._sink,
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False)
                if as_text
                else structlog.processors.TimeStamper(fmt="iso", key="time"),
                _with_fields({} if self._journal is None else SEARCHED, _plain, *render),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        )


@contextmanager
def _missing(name: str) -> Iterator[None]:
    """Let a package that was not imported yet seem missing.

    structlog imports rich, which it needs for text alone, and which takes five times as long as structlog itself.
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # what the import system takes for "missing"
    try:
        yield
    finally:
        del sys.modules[name]


class _Sink:
    """What structlog calls with each rendered line and the fields that are searched for, by the name of its level."""

    def __init__(self, lines: Lines, journal: SystemdJournal | None) -> None:
        self._lines = lines
        self._journal = journal
        self.trouble: str | None = None
        """Why the last event was not written; None if it was."""

    def debug(self, line: str, fields: _Searched) -> None:
        self._write(line, "debug", fields)

    def info(self, line: str, fields: _Searched) -> None:
        self._write(line, "info", fields)

    def warning(self, line: str, fields: _Searched) -> None:
        self._write(line, "warning", fields)

    def error(self, line: str, fields: _Searched) -> None:
        self._write(line, "error", fields)

    def _write(self, line: str, level: Level, fields: _Searched) -> None:
        if self._journal is None:
            self._lines.write(line)
        elif self._journal.send(_entry(line, level, fields)):
            self.trouble = None
            return
        else:
            self._lines.write(f"<{_PRIORITIES[level]}>{line}")
        self.trouble = self._lines.trouble


def _entry(line: str, level: Level, fields: _Searched) -> Iterator[tuple[str, str]]:
    """Give the fields of an entry of the journal; its message is the line, as all who read the log expect it."""
    yield "MESSAGE", line
    yield "PRIORITY", str(_PRIORITIES[level])
    yield "SYSLOG_IDENTIFIER", "familiar"
    for name, text in fields:
        yield f"FAMILIAR_{name.upper()}", text


def _with_fields(searched: Mapping[str, Sequence[str]], *steps: Any) -> Any:
    """Return the last processor for structlog: it applies these ones, and passes the fields that are searched, too."""

    def process(logger: Any, method: str, line: MutableMapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        fields = [(name, text) for name, parts in searched.items() for text in _texts(line, parts)]
        rendered: Any = line
        for step in steps:
            rendered = step(logger, method, rendered)
        return (rendered,), {"fields": fields}

    return process


def _texts(line: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Return the values of these fields that a line has, each of a list."""
    values = [line[name] for name in names if line.get(name) is not None]
    items = [item for value in values for item in (value if isinstance(value, list | tuple) else [value])]
    return [_bounded(printable(item)) for item in items]


def open_log(
    stream: TextIO | None,
    *,
    level: Level = "info",
    log_format: LogFormat = "auto",
    journal: SystemdJournal | None = None,
) -> StructuredLog:
    """Return a log that writes to `stream`: JSON lines, or text where the stream is a terminal (`auto`).

    `journal` is the journal of systemd if the stream leads there.
    """
    return StructuredLog(stream, level=level, log_format=log_format, journal=journal)


def is_journal(stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Return whether a stream leads into the journal of systemd, by `$JOURNAL_STREAM` (systemd.exec(5))."""
    try:
        found = None if stream is None else os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return found is not None and environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def printable(text: object) -> str:
    """Return text that is safe to print: no control characters, and bytes that are not UTF-8 as escapes."""
    whole = str(text)
    with suppress(UnicodeEncodeError):  # of surrogates that are no byte of a name
        whole = whole.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in whole)


def _as_json(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> str:
    """Return a line as JSON of limited length: event, level and time, then the fields, the longest of them cut."""
    ordered = {name: line[name] for name in _HEAD if name in line} | {
        name: value for name, value in line.items() if name not in _HEAD
    }
    limits = dict.fromkeys(line, 2 * _LONGEST_LINE)
    while len(text := _encoded(ordered)) > _LONGEST_LINE:
        longest = max((name for name in ordered if name not in _HEAD), key=lambda name: len(_encoded(ordered[name])))
        limits[longest] //= 2
        ordered[longest] = _fitted(line[longest], limits[longest])
    return text.decode()


def _fitted(value: Any, longest: int) -> Any:
    """Return a plain value in about so many characters."""
    if isinstance(value, list):
        return [_fitted(item, longest // len(value)) for item in value]
    return _bounded(value if isinstance(value, str) else _encoded(value).decode(), longest)


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _plain(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in line.items():
        line[key] = _plain_value(value) if key != "exc_info" else value
    return line


def _plain_value(value: Any) -> Any:
    """Return a value that JSON has, of limited length, for any value."""
    match value:
        case None | bool():
            return value
        case datetime():
            return value.isoformat()
        case float():
            return round(value, 3) if math.isfinite(value) else str(value)
        case int():
            return value if value.bit_length() <= 64 else _bounded(hex(value))  # noqa: PLR2004 - bits
        case list() | tuple():
            return _bounded_list(value)
        case dict():
            return {_bounded(printable(key)): _plain_value(item) for key, item in value.items()}
        case str() | Path():
            return _bounded(printable(value))
        case _:
            try:
                return _bounded(printable(repr(value)))
            except Exception:  # noqa: BLE001 - whatever it is, it is only to be told
                return f"<{type(value).__name__}>"


def _bounded_list(items: Sequence[Any]) -> list[Any]:
    """Return the first items as plain values, as many as there is room for, and how many more there are."""
    kept: list[Any] = []
    room = _LONGEST_LIST
    for item in items[:_MOST]:
        plain = _plain_value(item)
        room -= len(str(plain))
        if kept and room < 0:
            break
        kept.append(plain)
    return kept if len(kept) == len(items) else [*kept, f"and {len(items) - len(kept)} more"]


def _bounded(text: str, longest: int = _LONGEST) -> str:
    """Return a text without its middle if it is long: what is wrong often stands at its end."""
    if len(text) <= longest:
        return text
    return f"{text[: longest // 2]}… ({len(text)} characters) …{text[-(longest // 2) :]}"
