"""How events are written into the log: as JSON, one object a line, for programs; on a terminal as text."""

import logging
from collections.abc import MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias

import structlog

from familiar.events import LEVELS, Level

LogFormat: TypeAlias = Literal["auto", "json", "text"]


class StructuredLog:
    """An `EventLog` that writes with structlog."""

    def __init__(self, logger: Any) -> None:
        """Take a structlog logger."""
        self._logger = logger

    def emit(self, name: str, /, **fields: Any) -> None:
        """Log the event of the catalogue with this name, at the level that the catalogue gives it.

        `exc_info=True` adds the traceback of the exception that is being handled.
        """
        getattr(self._logger, LEVELS.get(name, "error"))(name, **fields)


def open_log(stream: TextIO, *, level: Level = "info", log_format: LogFormat = "auto") -> StructuredLog:
    """Return a log that writes to `stream`: JSON lines, or text where the stream is a terminal (`auto`)."""
    terminal = stream.isatty()
    as_text = log_format == "text" or (log_format == "auto" and terminal)
    render: tuple[Any, ...] = (
        (structlog.dev.ConsoleRenderer(colors=terminal, pad_event_to=18, sort_keys=False),)
        if as_text
        else (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
    )
    return StructuredLog(
        structlog.wrap_logger(
            structlog.PrintLogger(stream),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False)
                if as_text
                else structlog.processors.TimeStamper(fmt="iso", key="time"),
                _plain,
                *render,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        )
    )


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
