"""The log of a daemon, as tests read it: each line is checked against the catalogue."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from familiar.events import CATALOGUE, complaint


def events_in(text: str) -> list[dict[str, Any]]:
    lines = (line for line in text.splitlines() if line.startswith("{"))
    events = []
    for line in lines:
        try:
            parsed = json.loads(line)
        except json.JSONDecodeError:
            continue  # a line that is just being written
        if "event" in parsed:
            events.append(parsed)
    return events


VALIDATORS = {event.name: Draft202012Validator(event.schema) for event in CATALOGUE}


def check_events(text: str) -> None:
    """Check a log against the catalogue, and each value against its type."""
    for event in events_in(text):
        check_line(event)
        assert [error.message for error in VALIDATORS[event["event"]].iter_errors(event)] == [], event


class CheckedLog:
    """Remembers the events of a part that is tested by itself, each checked against the catalogue."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def emit(self, name: str, /, **fields: Any) -> None:
        level = next((event.level for event in CATALOGUE if event.name == name), None)
        check_line({"event": name, "level": level} | {key: fields[key] for key in fields if key != "exc_info"})
        self.events.append((name, fields))

    def of(self, name: str) -> list[dict[str, Any]]:
        return [fields for found, fields in self.events if found == name]


def check_line(line: Mapping[str, Any]) -> None:
    assert complaint(line) is None, complaint(line)


def names(events: Sequence[Mapping[str, Any]]) -> list[str]:
    return [event["event"] for event in events]
