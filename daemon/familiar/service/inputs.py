"""What a daemon is built from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from familiar.events import EventLog
from familiar.flickr.api.credentials import Credentials
from familiar.library.rulebook import RuleBook
from familiar.service.systemd import Notifier
from familiar.service.totals import ProcessCounts
from familiar.settings import FlickrSettings, Settings
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class FlickrAccess:
    """The accounts that are synced, and where their logins are; with `once` each is polled once, and no tag is sent."""

    credentials: Credentials
    accounts: Sequence[FlickrSettings]
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLines:
    """The command lines of processes beside the daemon: a round of grouping, and the server of the review page."""

    group: Sequence[str]
    review: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonInputs:
    """The inputs of a daemon: settings and rules, its store, and its environment.

    The settings say which model encodes faces; once `has_other_model`, the daemon begins again. `clock` gives
    monotonic seconds. Without `watch` the daemon ends when all is done.
    """

    settings: Settings
    rules: RuleBook
    store: Store
    log: EventLog
    notifier: Notifier
    clock: Callable[[], float]
    workers: Workers
    has_other_model: Callable[[], bool]
    watch: bool
    counts: ProcessCounts = field(default_factory=ProcessCounts)
