"""The rules in use: read again when their file changes, and kept when the file is wrong."""

from collections.abc import Callable
from pathlib import Path

from familiar.errors import ConfigurationError, FamiliarError
from familiar.events import EventLog
from familiar.names import name_key
from familiar.rules.planning import Rules
from familiar.store.store import Store


class RuleBook:
    """The rules in use, and their file."""

    def __init__(
        self,
        *,
        file: Path | None,
        read: Callable[[Path | None], Rules],
        store: Store,
        log: EventLog,
    ) -> None:
        """Read the rules.

        Raises:
            FamiliarError: `read` refuses them.
        """
        self.file = file
        self._read = read
        self._store = store
        self._log = log
        self._stamp = _stamp(file)
        self._rules = read(file)
        self._tell()

    @property
    def rules(self) -> Rules:
        """The rules in use."""
        return self._rules

    def look(self) -> None:
        """Read the rules again if their file has changed."""
        if _stamp(self.file) != self._stamp:
            self.read_again()

    def read_again(self) -> None:
        """Read the rules again; if they are wrong, or can't be read for any reason, keep the last good ones."""
        self._stamp = _stamp(self.file)
        try:
            self._rules = self._read(self.file)
        except Exception as error:  # noqa: BLE001 - see above
            self._log.emit("rules.rejected", file=self.file, problems=problems_in(error))
        else:
            self._tell()

    def _tell(self) -> None:
        if self.file is None:
            return
        self._log.emit("rules.loaded", file=self.file, rules=[rule.name for rule in self._rules.rules])
        known = {name_key(name) for name in self._store.people.names()}
        for name in sorted(self._rules.people()):
            if name_key(name) not in known:
                self._log.emit("rules.unknown_person", file=self.file, person=name)


def problems_in(error: Exception) -> list[str]:
    """Return the problems of an error, each as a text."""
    if isinstance(error, ConfigurationError):
        return [str(problem) for problem in error.problems]
    return [str(error) if isinstance(error, FamiliarError) else f"unexpected error: {error!r}"]


def _stamp(file: Path | None) -> tuple[int, int, int] | None:
    if file is None:
        return None
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)
