"""How events are written into the log: as JSON, one object a line, for programs; on a terminal as text."""

import logging
from collections.abc import MutableMapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias

from familiar.events import LEVELS, Level

LogFormat: TypeAlias = Literal["auto", "json", "text"]


class StructuredLog:
    """An `EventLog` that writes with structlog, which is imported for the first event: many commands log nothing."""

    def __init__(self, stream: TextIO, *, level: Level, log_format: LogFormat) -> None:
        """Take the stream to write to, the lowest level that is written, and the format."""
        self._stream = stream
        self._level = level
        self._format = log_format

    def emit(self, name: str, /, **fields: Any) -> None:
        """Log the event of the catalogue with this name, at the level that the catalogue gives it.

        `exc_info=True` adds the traceback of the exception that is being handled.
        """
        getattr(self._logger, LEVELS.get(name, "error"))(name, **fields)

    @cached_property
    def _logger(self) -> Any:
        import structlog  # noqa: PLC0415 - see above

        terminal = self._stream.isatty()
        as_text = self._format == "text" or (self._format == "auto" and terminal)
        render: tuple[Any, ...] = (
            (structlog.dev.ConsoleRenderer(colors=terminal, pad_event_to=18, sort_keys=False),)
            if as_text
            else (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
        )
        return structlog.wrap_logger(
            structlog.PrintLogger(self._stream),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False)
                if as_text
                else structlog.processors.TimeStamper(fmt="iso", key="time"),
                _plain,
                *render,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, self._level.upper())),
        )


def open_log(stream: TextIO, *, level: Level = "info", log_format: LogFormat = "auto") -> StructuredLog:
    """Return a log that writes to `stream`: JSON lines, or text where the stream is a terminal (`auto`)."""
    return StructuredLog(stream, level=level, log_format=log_format)


def printable(text: object) -> str:
    """Return text that is safe to print: no control characters, and bytes that are not UTF-8 as escapes."""
    whole = str(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in whole)


def _plain(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in line.items():
        line[key] = _plain_value(value) if key != "exc_info" else value
    return line


def _plain_value(value: Any) -> Any:
    match value:
        case Path():
            return printable(value)
        case datetime():
            return value.isoformat()
        case float():
            return round(value, 3)
        case str():
            return printable(value)
        case list() | tuple():
            return [_plain_value(item) for item in value]
        case dict():
            return {key: _plain_value(item) for key, item in value.items()}
        case _:
            return value
