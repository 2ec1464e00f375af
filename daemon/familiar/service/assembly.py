"""Put the rooms together into a daemon; and what may change in it while it runs: settings and rules."""

from collections.abc import Callable
from pathlib import Path

from familiar.effects.executor import Executor
from familiar.effects.undo import Undo
from familiar.errors import FamiliarError
from familiar.logs import EventLog
from familiar.model import Plan, Subject
from familiar.rules.language import Rules
from familiar.rules.planning import plan_for
from familiar.service.daemon import Daemon, Progress
from familiar.service.handling import Handler, Surroundings
from familiar.service.intake import Intake
from familiar.service.performing import Performer
from familiar.service.recognition import Recogniser
from familiar.service.systemd import Notifier
from familiar.settings import Settings
from familiar.store.store import Store
from familiar.vision.workers import Workers


class RuleBook:
    """The rules that hold now; they change when their file does, and stay when it is wrong."""

    def __init__(self, *, file: Path | None, read: Callable[[Path | None], Rules], store: Store, log: EventLog) -> None:
        """Take the file, and how it is read (raising `FamiliarError` if it is wrong)."""
        self._file = file
        self._read = read
        self._store = store
        self._log = log
        self._stamp: tuple[int, int] | None = None
        self.rules = Rules()

    def decide(self, subject: Subject) -> Plan:
        """Return what the rules decide for a photo."""
        return plan_for(self.rules, subject)
