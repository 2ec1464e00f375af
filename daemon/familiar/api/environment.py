"""The paths of state, configuration and caches, and how they are opened."""

import os
import pwd
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import platformdirs

from familiar.errors import (
    NoStoreError,
    OlderStoreError,
    StoreError,
    StoreReplacedError,
    StoreUnavailableError,
    UsageError,
)
from familiar.filesystem.regular_files import read_regular
from familiar.flickr.api.credentials import Credentials
from familiar.state import LOCK_NAME, Lock, holder, is_without_room, locked, was_lost
from familiar.store.store import STORE_NAME, Store

if TYPE_CHECKING:
    from familiar.rules.planning import Rules
    from familiar.settings import Settings
    from familiar.vision.workers.pool import Workers

SERVICE_STATE = Path("/var/lib/familiar")
"""The state folder of the system service (StateDirectory= of its unit)."""
SERVICE_CACHE = Path("/var/cache/familiar")
"""Its cache (CacheDirectory=)."""

StartWorkers: TypeAlias = "Callable[..., Workers]"
"""Takes what `pools.start_workers` takes."""

SETTINGS_NAME = "familiar.yaml"
RULES_NAME = "rules.yaml"
_LARGEST_TEXT = 1 << 20
"""Bytes of a file that a person wrote, read by the thread that has all other work, too."""


def start_workers(**options: Any) -> "Workers":
    """Return workers of their own for one use, as `pools.start_workers` does."""
    from familiar.vision.workers.pools import start_workers as start

    return start(**options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The paths of one run: the state folder, the configuration file if there is one, and caches.

    `models` is the folder for converted networks, `credentials` the place of key and login for Flickr; `workers` starts
    worker processes. `elsewhere` says where the system service has its store, if this user may not look there.
    """

    state: Path
    models: Path
    config: Path | None
    home: Path
    credentials: Credentials
    workers: StartWorkers = start_workers
    elsewhere: str | None = None

    @property
    def store_path(self) -> Path:
        """The store's file."""
        return self.state / STORE_NAME

    def settings(self) -> "Settings":
        """Read the configuration; without a file, use all defaults.

        Raises:
            UsageError: the file can't be read, or is wrong.
        """
        from familiar.settings import Settings, read_settings

        return Settings() if self.config is None else read_settings(self.config, read_text(self.config))

    def rules_path(self, settings: "Settings") -> Path | None:
        """Return the rules file: the configured one, or `rules.yaml` next to the configuration."""
        if settings.rules is not None or self.config is None:
            return settings.rules
        beside = self.config.parent / RULES_NAME
        return beside if os.path.lexists(beside) else None  # anything but a file is refused, not skipped

    def needed_rules_path(self, settings: "Settings") -> Path:
        """Return the rules file, for commands that need one.

        Raises:
            UsageError: there is none.
        """
        path = self.rules_path(settings)
        if path is None:
            raise UsageError("There are no rules; set `rules:` in the configuration to a rules file.")
        return path

    def rules(self, path: Path | None) -> "Rules":
        """Read the rules; without a file there are none.

        Raises:
            UsageError: the file can't be read, or is wrong.
        """
        from familiar.rules.language import read_rules
        from familiar.rules.planning import Rules

        return Rules() if path is None else read_rules(path, read_text(path), home=self.home)

    def make_state(self) -> None:
        """Create the state folder if it is missing.

        Raises:
            StoreError: it can't be created.
        """
        try:
            self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            kind = StoreUnavailableError if is_without_room(error) else StoreError
            raise kind(f"{self.state}: the state folder can't be created: {error.strerror}.") from error

    @contextmanager
    def store(self, *, create: bool = False, migrate: bool = False, check: bool = False) -> Iterator[Store]:
        """Open the store for a block; with `create`, create a missing store and state folder.

        Only the one who holds the state folder may `migrate`: under another process, the tables would change that it
        works with.

        Raises:
            NoStoreError: no store exists, and none is to be created.
            OlderStoreError: it is of an older version, and is not to be migrated.
            StoreError: it can't be used, or was lost while a daemon ran, so that a new one must not be created
            silently.
        """
        if not os.path.lexists(self.store_path):
            self._refuse_if_lost()
            if not create:
                raise NoStoreError(
                    f"{self.store_path}: no store exists; create one with `familiar scan FOLDER` or "
                    f"`familiar run FOLDER`.{'' if self.elsewhere is None else f' {self.elsewhere}'}"
                )
            self.make_state()
        with self._opened(create=create, migrate=migrate, check=check) as store:
            yield store

    def _opened(self, *, create: bool, migrate: bool, check: bool) -> Store:
        try:
            return Store(self.store_path, create=create, migrate=migrate, check=check)
        except OlderStoreError as error:
            pid = holder(self.state)
            if pid is None:
                raise
            remedy = f"Stop the daemon (pid {pid}), which works with it, and start it again: it migrates the store."
            raise OlderStoreError(error.path, error.lacks, remedy) from error

    @contextmanager
    def held_store(self, *, lasts: bool = False, create: bool = False) -> Iterator[Store]:
        """Hold the state folder and open its store for a block, in which the folder must stay ours.

        Raises:
            BusyError: another process has the folder.
            StoreError: as `store`.
            StoreReplacedError: the store was replaced in the block; the folder's lock records it, if it still exists.
        """
        if create:
            self.make_state()
        elif not os.path.lexists(self.store_path):
            with self.store():
                pass  # it tells that there is none
        with (
            locked(self.state, lasts=lasts) as lock,
            self.store(create=create, migrate=True, check=True) as store,
            noting_loss(lock, store),
        ):
            yield store

    def _refuse_if_lost(self) -> None:
        if was_lost(self.state):
            raise StoreError(
                f"{self.store_path}: the store was deleted or moved away while familiar was running. Restore it "
                f"or a backup. To start a new, empty store, remove {self.state / LOCK_NAME} first."
            )


@contextmanager
def noting_loss(lock: Lock, store: Store) -> Iterator[None]:
    """Allow writes to the store in a block only while the lock is held; note in the lock if the store was replaced."""
    with store.watching(lock.anchor):
        lock.note(lost=False)
        try:
            yield
        except StoreReplacedError:
            lock.note(lost=True)
            raise


def find_environment(
    environment: Mapping[str, str],
    *,
    state: Path | None,
    config: Path | None,
    workers: StartWorkers = start_workers,
    service: Path = SERVICE_STATE,
) -> Environment:
    """Find state and configuration: from the command line, the environment, or the defaults.

    A user without a store of their own, such as root, gets that of the `service` if they may use it.

    Raises:
        UsageError: the given configuration file does not exist, or no folder for the state is known.
    """
    home = _home(environment)
    set_in_environment = environment.get("FAMILIAR_CONFIG")
    named = config or (Path(set_in_environment) if set_in_environment else None)
    if named is not None and not named.is_symlink() and not named.exists():
        raise UsageError(f"{named}: no such configuration file; create one with `familiar config init`.")
    found = _find_state(environment, state, service)
    beside = SERVICE_CACHE if found == SERVICE_STATE else platformdirs.user_cache_path("familiar")
    cache = _path_in(environment, "CACHE_DIRECTORY") or beside
    return Environment(
        state=found,
        credentials=Credentials.of(found, environment),
        models=cache / "models",
        config=named or _usual_config(environment),
        home=home,
        workers=workers,
        elsewhere=_told_of_service(service) if found != service else None,
    )


def read_text(path: Path) -> str:
    """Read a text file.

    Raises:
        UsageError: it can't be read, or is not UTF-8.
    """
    try:
        return read_regular(path, at_most=_LARGEST_TEXT).decode()
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8.") from error


def _home(environment: Mapping[str, str]) -> Path:
    try:
        return Path(os.path.abspath(environment.get("HOME") or Path.home()))
    except RuntimeError:  # a user that the system does not know, without $HOME
        return Path("/")


def _find_state(environment: Mapping[str, str], named: Path | None, service: Path) -> Path:
    chosen = named or environment.get("FAMILIAR_STATE") or _path_in(environment, "STATE_DIRECTORY")
    if chosen:
        return Path(os.path.abspath(chosen))
    usual = platformdirs.user_state_path("familiar")
    if not os.path.lexists(usual / STORE_NAME) and os.path.lexists(service / STORE_NAME):
        return service
    if not usual.is_absolute():
        raise UsageError("There is no home for this user; set HOME, or name the state folder with --state.")
    return usual


def _told_of_service(service: Path) -> str | None:
    """Say where the service has its store, to a user who may not look there."""
    try:
        found = service.stat()
    except OSError:
        return None
    if os.access(service, os.R_OK | os.X_OK, effective_ids=True):
        return None
    try:
        user = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        user = f"#{found.st_uid}"
    return f"That of the service is in {service}: use `sudo -u {user} familiar`."


def _usual_config(environment: Mapping[str, str]) -> Path | None:
    folders = (
        _path_in(environment, "CONFIGURATION_DIRECTORY"),
        platformdirs.user_config_path("familiar"),
        Path("/etc/familiar"),
    )
    usual = (folder / SETTINGS_NAME for folder in folders if folder)
    return next(filter(os.path.lexists, usual), None)  # anything but a file is refused, not skipped


def _path_in(environment: Mapping[str, str], name: str) -> Path | None:
    # systemd separates several directories with colons; the first is ours.
    value = environment.get(name, "").split(":")[0]
    return Path(value) if value else None
