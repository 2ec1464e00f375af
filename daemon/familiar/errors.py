"""The few exceptions of familiar: what the user must mend, what to set aside, what to retry.

Foreign errors are translated into one of these at the boundary where they arise, once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class FamiliarError(Exception):
    """Base of all errors whose message is meant for the user as it stands."""


class UsageError(FamiliarError):
    """Wrong use or a wrong configuration: the user must mend it. The command line exits with 2."""


class StoreError(FamiliarError):
    """The store can't be used (damaged, newer than this program, not permitted). Nothing was changed."""


class StoreUnavailableError(StoreError):
    """The store can't be read or written for now (disk full, locked for long). Nothing was changed."""


class NoStoreError(StoreError):
    """There is no store, and what was asked for makes none."""


class StoreReplacedError(StoreError):
    """A file of the store is not the one any more that was opened: what is written there is lost.

    `path` is that file, `reason` says what became of it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        """Say what happened, and what to do."""
        super().__init__(
            f"{path}: {reason} while familiar worked on it. Nothing more was done. See that the store, or a backup of "
            "it, lies in its place, and start again."
        )
        self.path = path
        self.reason = reason


class SetAsideError(FamiliarError):
    """This content can't be handled, now or later, as long as its bytes stay what they are."""


class RetryError(FamiliarError):
    """A passing failure (disk full, busy, unreadable for now): the same thing may work later."""


class ChangedError(RetryError):
    """The file is not what it was when it was looked at last: it must settle again."""


class WriterError(RetryError):
    """Another program has the file open for writing: it is not complete."""


class OfflineError(RetryError):
    """A file system is not mounted, or another one is in its place: what is to be done there waits.

    `place` is the folder that is known to lie on another disk.
    """

    def __init__(self, place: Path, message: str) -> None:
        """Take the folder, and the whole message."""
        super().__init__(message)
        self.place = place


class GoneError(FamiliarError):
    """The file no longer lies where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a configuration or rules file; `line` and `column` count from 1."""

    file: Path
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        """Return the problem as compilers do, so that editors find the place."""
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class ConfigurationError(UsageError):
    """A configuration or rules file is wrong; `problems` are all that was found, in the order of lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Take what is wrong."""
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        super().__init__("\n".join(map(str, self.problems)))

    def as_json(self) -> list[dict[str, str | int]]:
        """Return the problems for programs."""
        return [
            {
                "file": str(problem.file),
                "line": problem.line,
                "column": problem.column,
                "key": problem.key,
                "message": problem.message,
            }
            for problem in self.problems
        ]
