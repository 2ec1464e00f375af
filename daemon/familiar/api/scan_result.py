"""The result of a scan, and its problems, as the log tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from familiar.events import EventLog

_PROBLEMS = {
    "photo.set_aside": ("set aside", "path", "reason"),
    "photo.damaged": ("damaged", "path", "reason"),
    "file.failed": ("failed for now", "path", "reason"),
    "root.offline": ("offline", "root", "reason"),
    "root.incomplete": ("not read", "root", "errors"),
    "plan.refused": ("not done", "path", "reason"),
    "operation.waiting": ("waiting", "rule", "reason"),
    "operation.failed": ("failed for now", "rule", "error"),
    "operation.refused": ("refused", "rule", "error"),
}
"""Events to report at the end: their names for people, and the fields that say where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanProblem:
    """A problem of a scan: its kind, where, and why."""

    what: str
    where: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """The result of a scan.

    `done`, `set_aside` and `failed` count files of this scan; failed ones are tried again by the next scan.
    `operations_failed` counts operations that wait for a retry, `operations_waiting` those that can't be done before
    a time that is known, as the file changed a moment ago; `offline` are unavailable folders. `photos`, `faces` and
    `recognised` (photos with a known person) count the whole store. `stopped` is true if the scan was stopped before
    its end. `passed_by` are the numbers of files that are no photos by their names, by suffix.
    """

    done: int
    set_aside: int
    failed: int
    operations_failed: int
    operations_waiting: int
    offline: tuple[str, ...]
    stopped: bool
    photos: int
    faces: int
    recognised: int
    passed_by: Mapping[str, int]
    problems: tuple[ScanProblem, ...]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be done."""
        return not (self.failed or self.operations_failed or self.operations_waiting or self.offline or self.stopped)


class ProblemLog:
    """An `EventLog` that collects the problems among the events that it passes on."""

    def __init__(self, log: EventLog) -> None:
        """Take the log behind it."""
        self._log = log
        self.problems: list[ScanProblem] = []

    def emit(self, name: str, /, **fields: Any) -> None:
        """Log an event, and note it if it is a problem."""
        self._log.emit(name, **fields)
        if name in _PROBLEMS:
            what, where, why = _PROBLEMS[name]
            reasons = fields[why] if isinstance(fields[why], list) else [fields[why]]
            self.problems += [ScanProblem(what=what, where=str(fields[where]), why=str(one)) for one in reasons]
