"""How events are written into the log: as JSON, one object a line, for programs; on a terminal as text."""

import logging
import math
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias

from familiar.events import LEVELS, Level
from familiar.lines import Lines

LogFormat: TypeAlias = Literal["auto", "json", "text"]

_NUMBERS: dict[Level, int] = {"debug": 0, "info": 1, "warning": 2, "error": 3}
_LONGEST = 4096
"""Characters of a text: a path has no more (PATH_MAX), and the journal of systemd keeps lines of 48 KiB whole."""
_END = 1024
"""Characters of its end that stay of a longer one."""
_MOST = 50
"""Items of a list."""


class StructuredLog:
    """An `EventLog` that writes with structlog, which is imported for the first event: many commands log nothing.

    The work does not depend on the log: where nobody reads it, events are counted and dropped, and `log.dropped` tells
    how many when somebody reads it again; and a value that can't be written becomes one that can.
    """

    def __init__(self, stream: TextIO | None, *, level: Level, log_format: LogFormat) -> None:
        """Take the stream to write to, the lowest level that is written, and the format."""
        self._level = level
        self._format = log_format
        self._lines = Lines(stream)
        self._dropped = 0

    def emit(self, name: str, /, **fields: Any) -> None:
        """Log the event of the catalogue with this name, at the level that the catalogue gives it.

        `exc_info=True` adds the traceback of the exception that is being handled.
        """
        level = LEVELS.get(name, "error")
        if _NUMBERS[level] < _NUMBERS[self._level]:
            return
        if self._dropped and not self._write("log.dropped", events=self._dropped, reason=self._lines.trouble):
            self._dropped += 1
            return
        self._dropped = 0 if self._write(name, **fields) else 1

    def _write(self, name: str, **fields: Any) -> bool:
        """Write an event; return whether that was possible."""
        getattr(self._logger, LEVELS.get(name, "error"))(name, **fields)
        return self._lines.trouble is None

    @cached_property
    def _logger(self) -> Any:
        terminal = self._lines.is_terminal
        as_text = self._format == "text" or (self._format == "auto" and terminal)
        with nullcontext() if as_text else _missing("rich"):
            import structlog  # noqa: PLC0415 - see above

        render: tuple[Any, ...] = (
            (structlog.dev.ConsoleRenderer(colors=terminal, pad_event_to=18, sort_keys=False),)
            if as_text
            else (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
        )
        return structlog.wrap_logger(
            _LineLogger(self._lines),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False)
                if as_text
                else structlog.processors.TimeStamper(fmt="iso", key="time"),
                _plain,
                *render,
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


class _LineLogger:
    """What structlog calls with each rendered line, by the name of its level."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def debug(self, line: str) -> None:
        self._lines.write(line)

    info = warning = error = debug


def open_log(stream: TextIO | None, *, level: Level = "info", log_format: LogFormat = "auto") -> StructuredLog:
    """Return a log that writes to `stream`: JSON lines, or text where the stream is a terminal (`auto`)."""
    return StructuredLog(stream, level=level, log_format=log_format)


def printable(text: object) -> str:
    """Return text that is safe to print: no control characters, and bytes that are not UTF-8 as escapes."""
    whole = str(text)
    with suppress(UnicodeEncodeError):  # of surrogates that are no byte of a name
        whole = whole.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in whole)


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
            more = [f"and {len(value) - _MOST} more"] if len(value) > _MOST else []
            return [*map(_plain_value, value[:_MOST]), *more]
        case dict():
            return {_bounded(printable(key)): _plain_value(item) for key, item in value.items()}
        case str() | Path():
            return _bounded(printable(value))
        case _:
            try:
                return _bounded(printable(repr(value)))
            except Exception:  # noqa: BLE001 - whatever it is, it is only to be told
                return f"<{type(value).__name__}>"


def _bounded(text: str) -> str:
    """Return a text without its middle if it is long: what is wrong often stands at its end."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - _END]}… ({len(text)} characters) …{text[-_END:]}"
