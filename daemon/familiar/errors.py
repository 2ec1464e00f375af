"""The exceptions of familiar: what the user must fix, what to set aside, what to retry.

Foreign errors are translated into one of these at the boundary where they arise, once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


class FamiliarError(Exception):
    """Base of all errors; the message is shown to the user."""


class UsageError(FamiliarError):
    """Wrong use or a wrong configuration: the user must fix it. The command line exits with 2."""


class StaleError(UsageError):
    """A cluster or a person is no longer as it was when it was seen; nothing was changed. `ids` are those of these."""

    def __init__(self, noun: str, ids: Iterable[int]) -> None:
        """Take what is meant, such as "cluster", and the ids."""
        self.ids = tuple(ids)
        named = ", ".join(map(str, self.ids))
        super().__init__(f"Changed since you looked: {noun} {named}. Nothing was done; look again.")


class SamePhotoError(UsageError):
    """One photo shows two faces that would be one person; a decision can allow it, for mirrors and collages.

    `photo` is its name, or its hash.
    """

    def __init__(self, message: str, *, photo: str) -> None:
        """Take the complete message, and the photo."""
        super().__init__(message)
        self.photo = photo


class ModelError(UsageError):
    """The model that the store has in use can't be used here. `problem` says why, `remedy` what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        """Take both, each without a final stop."""
        super().__init__(f"{problem}. To go on: {remedy}.")
        self.problem = problem
        self.remedy = remedy


class StoreError(FamiliarError):
    """The store can't be used (damaged, newer than this program, not permitted). Nothing was changed."""


class StoreUnavailableError(StoreError):
    """The store can't be read or written for now (disk full, locked for long). Nothing was changed."""


class NoStoreError(StoreError):
    """No store exists, and the command does not create one."""


class OlderStoreError(StoreError):
    """The store is of an older version, and is not to be migrated here. `lacks` are the missing migrations."""

    def __init__(self, path: Path, lacks: Sequence[str], remedy: str) -> None:
        """Take the file, the names of the migrations that it lacks, and what to do, a whole sentence."""
        super().__init__(
            f"{path}: the store is from an older version of familiar (it lacks {', '.join(lacks)}). {remedy}"
        )
        self.path = path
        self.lacks = tuple(lacks)


class StoreSchemaError(StoreError):
    """Another version of familiar has changed the tables of a store that is open. `path` is the store."""

    def __init__(self, path: Path, reason: str) -> None:
        """Take the file and what is unexpected."""
        super().__init__(
            f"{path}: {reason} while familiar was running. All work was stopped, and nothing is lost. Start familiar "
            "again, in the version that changed it or a later one."
        )
        self.path = path
        self.reason = reason


class StoreReplacedError(StoreError):
    """A file of the store is no longer the one that was opened, so writes would be lost.

    `path` is the file, `reason` what happened to it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        """Take the file and the reason."""
        super().__init__(
            f"{path}: {reason} while familiar was running. All work was stopped. Restore the store or a backup of it, "
            "and start again."
        )
        self.path = path
        self.reason = reason


class SetAsideError(FamiliarError):
    """This content can't be handled until its bytes change."""


class MoreMemoryError(SetAsideError):
    """This content needs more memory than a worker usually has."""


class WorkerLimitError(SetAsideError):
    """This content takes longer than a worker may, or crashes it; a worker on another machine may manage it."""


class RetryError(FamiliarError):
    """A temporary failure (disk full, busy, unreadable for now): a retry may succeed."""


class ChangedError(RetryError):
    """The file changed since it was last read: it must settle again."""


class IncompleteError(RetryError):
    """A part of the file is missing, and may still arrive; `retry_in` are the seconds until it is taken as it is."""

    def __init__(self, reason: str, retry_in: float = 0.0) -> None:
        """Take what is missing, and the seconds."""
        super().__init__(reason)
        self.retry_in = retry_in


class WriterError(RetryError):
    """Another program has the file open for writing, so it is not complete."""


class SettlingError(WriterError):
    """The file changed too recently for what is to be done with it; `retry_in` are the seconds until that can be done.

    It is no failure: the wait was foreseen.
    """

    def __init__(self, reason: str, retry_in: float) -> None:
        """Take why it has to wait, and the seconds."""
        super().__init__(reason)
        self.retry_in = retry_in


class WorkersError(RetryError):
    """No worker process can be started, so that no photo can be read until the cause is fixed; no photo is at fault.

    `retry_in` is the number of seconds until workers are started again; until then, this error is raised at once. It
    `lasts` where other machines are waited for, which may be off for days.
    """

    def __init__(self, reason: str, retry_in: float, *, lasts: bool = False) -> None:
        """Take what a worker, or the system, says: which network can't be used, or why no process can be started."""
        super().__init__(reason)
        self.retry_in = retry_in
        self.lasts = lasts


class OfflineError(RetryError):
    """A file system is not mounted, or was replaced by another one; operations there wait.

    `place` is the folder that is recorded on another disk.
    """

    def __init__(self, place: Path, message: str) -> None:
        """Take the folder and the complete message."""
        super().__init__(message)
        self.place = place


class GoneError(FamiliarError):
    """The file is no longer at its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A mistake in a configuration or rules file; `line` and `column` count from 1."""

    file: Path
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        """Return the problem in the format of compilers, so that editors find the place."""
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class ConfigurationError(UsageError):
    """A configuration or rules file is wrong; `problems` has all mistakes, in the order of lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Take the problems."""
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        super().__init__("\n".join(map(str, self.problems)))

    def as_json(self) -> list[dict[str, str | int]]:
        """Return the problems as JSON."""
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
