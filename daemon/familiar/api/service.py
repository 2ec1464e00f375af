"""The service of systemd that runs the daemon: written for this installation, its settings and its rules."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

import platformdirs

from familiar.api.environment import SETTINGS_NAME
from familiar.api.session import Session
from familiar.errors import FamiliarError, UsageError
from familiar.library.argument_types import checked_arguments
from familiar.library.named_paths import Paths, all_expanded
from familiar.library.unit import service_user
from familiar.library.unit.commands import succeed
from familiar.library.unit.files import read_own, remove, write
from familiar.library.unit.manager import UNIT
from familiar.library.unit.needs import Needs, check_reachable, needs_of, why_hidden, why_not_given
from familiar.library.unit.scope import DROP_IN, SYSTEM_CONFIG, Scope
from familiar.library.unit.texts import drop_in_text, groups_in, paths_in, unit_text
from familiar.logs import printable
from familiar.rules.planning import Rules
from familiar.settings import Settings, read_settings

_ERRORS = 5
"""Errors of the log that are shown."""
_SHOWN = (
    *("ActiveState", "MainPID", "ActiveEnterTimestamp", "StateChangeTimestamp", "Result", "StatusText", "NRestarts"),
    *("UnitFileState", "ReadWritePaths"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """What an installation writes and runs: files with their texts, and command lines after that.

    `doubts` says what the service can't do, and how that can be changed.
    """

    files: Mapping[Path, str]
    commands: tuple[tuple[str, ...], ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """The service as the manager sees it.

    `state` is *active*, *failed* and so on, `result` how it ended last, `text` what the daemon says of itself.
    `outdated` are the files of the unit that another version wrote, or that do not suit the settings and rules any
    more. `errors` are the last ones in its log.
    """

    unit: Path
    is_installed: bool
    is_enabled: bool
    state: str
    pid: int | None
    since: str | None
    result: str
    restarts: int
    text: str
    outdated: tuple[Path, ...]
    doubts: tuple[str, ...]
    errors: tuple[str, ...]


@checked_arguments
class Service:
    """The service of systemd.

    Each call takes whether the service of the `system` is meant or that of the user; None: of the system for root.
    """

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def plan(self, folders: Paths = (), *, system: bool | None = None) -> ServicePlan:
        """Return what `install` would do.

        Raises:
            UsageError: as `install`.
        """
        return self._plan(Scope.of(system), [folder.absolute() for folder in all_expanded(folders)])

    def install(self, folders: Paths = (), *, system: bool | None = None) -> ServiceState:
        """Write the unit, enable it, start it, and wait until it is ready.

        Args:
            folders: the folders to watch, for a configuration that is written if there is none.
            system: see the class.

        Raises:
            UsageError: there is no configuration and no folder, the configuration is wrong or has other folders, a
                file of that name was written by a person, or the service could not read this installation.
            FamiliarError: a file can't be written, or the service is not ready; the message has the last errors.
        """
        return self._carry_out(Scope.of(system), [folder.absolute() for folder in all_expanded(folders)])

    def upgrade(self, *, system: bool | None = None) -> ServiceState:
        """Write the unit again, for this version, its settings and rules, and start the service again.

        Raises:
            UsageError: it is not installed; otherwise as `install`.
            FamiliarError: as `install`.
        """
        scope = Scope.of(system)
        if not scope.unit.exists():
            raise UsageError(f"{scope.unit} does not exist; use `familiar service install`.")
        return self._carry_out(scope, [])

    def uninstall(self, *, system: bool | None = None) -> tuple[Path, ...]:
        """Stop the service, and remove its unit; return the removed files.

        The state, the configuration, the user, and drop-ins of other origin stay.

        Raises:
            UsageError: it is not installed, or a person wrote the unit.
            FamiliarError: it can't be stopped or removed.
        """
        scope = Scope.of(system)
        if not scope.unit.exists():
            raise UsageError(f"{scope.unit} does not exist; nothing is to be removed.")
        scope.check_rights(os.geteuid())
        there = [path for path in (scope.drop_in, scope.unit) if read_own(path) is not None]
        scope.manager.call("disable", "--now", UNIT)
        for path in there:
            remove(path)
        scope.manager.call("daemon-reload")
        return tuple(there)

    def state(self, *, system: bool | None = None) -> ServiceState:
        """Return how the service is.

        Raises:
            FamiliarError: systemd does not manage this machine.
        """
        return self._state(Scope.of(system))

    def _plan(self, scope: Scope, folders: Sequence[Path]) -> ServicePlan:
        program = _program()
        if scope.is_system:
            check_reachable(program, [Path(sys.executable), Path(sys.base_prefix)])
        folders = list(dict.fromkeys(folders))
        _check_watchable(folders, is_system=scope.is_system)
        config = self._config(scope)
        files = {}
        if not os.path.lexists(config):
            if not folders:
                raise UsageError(f"{config} does not exist; name the folders to watch with --folder.")
            files[config] = _new_configuration(folders)
            settings, rules = read_settings(config, files[config]), Rules()
        else:
            environment = replace(self._session.environment, config=config)
            settings = environment.settings()
            rules = environment.rules(environment.rules_path(settings))
            _check_named(config, settings, folders)
        before = read_own(scope.drop_in) or ""
        needs = _needs(settings, rules, is_system=scope.is_system, groups_before=groups_in(before))
        usual = scope.config / SETTINGS_NAME
        files[scope.unit] = unit_text(program, system=scope.is_system)
        files[scope.drop_in] = drop_in_text(needs, config=None if config == usual else config)
        read_own(scope.unit)
        return ServicePlan(files=files, commands=scope.commands(), doubts=(*needs.doubts, *scope.doubts()))

    def _config(self, scope: Scope) -> Path:
        """Return the configuration of the service: the one that is named, or that of its scope."""
        found, usual = self._session.environment.config, scope.config / SETTINGS_NAME
        is_named = found is not None and found not in {
            platformdirs.user_config_path("familiar") / SETTINGS_NAME,
            SYSTEM_CONFIG / SETTINGS_NAME,
        }
        return found.absolute() if found is not None and is_named else usual

    def _carry_out(self, scope: Scope, folders: Sequence[Path]) -> ServiceState:
        scope.check_rights(os.geteuid())
        plan = self._plan(scope, folders)
        active = scope.manager.properties("ActiveState")["ActiveState"]  # asked before anything is written
        if scope.preparation():
            for command in scope.preparation():
                succeed(command)
            plan = self._plan(scope, folders)  # the rights of the user can be asked for only now
        for path, text in plan.files.items():
            write(path, text)
        began = time.time()
        if active == "failed":
            scope.manager.call("reset-failed", UNIT)  # it may have been started too often
        for arguments in scope.calls:
            try:
                scope.manager.call(*arguments)
            except FamiliarError as error:
                raise FamiliarError(_not_ready(error, scope.manager.last_errors(_ERRORS, since=began))) from error
        return self._state(scope, since=began)

    def _state(self, scope: Scope, *, since: float | None = None) -> ServiceState:
        found = scope.manager.properties(*_SHOWN)
        is_installed = scope.unit.exists()
        is_active = found.get("ActiveState") in {"active", "reloading"}
        outdated, doubts = self._compared(scope, found) if is_installed else ((), scope.doubts_of_others())
        pid = int(found.get("MainPID", "0") or 0)
        return ServiceState(
            unit=scope.unit,
            is_installed=is_installed,
            is_enabled=found.get("UnitFileState") == "enabled",
            state=found.get("ActiveState", "unknown"),
            pid=pid or None,
            since=found.get("ActiveEnterTimestamp" if is_active else "StateChangeTimestamp") or None,
            result=found.get("Result", ""),
            restarts=int(found.get("NRestarts", "0") or 0),
            text=found.get("StatusText", ""),
            outdated=outdated,
            doubts=doubts,
            errors=scope.manager.last_errors(_ERRORS, since=since),
        )

    def _compared(self, scope: Scope, found: Mapping[str, str]) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """Return the files of the unit that are not as they would be written now, and what is doubtful."""
        try:
            plan = self._plan(scope, [])
        except FamiliarError as error:
            return (), (str(error),)
        stale = (path for path, text in plan.files.items() if not path.exists() or read_own(path) != text)
        outdated = tuple(stale)
        lost = () if outdated else _lost_rights(plan.files[scope.drop_in], found.get("ReadWritePaths", ""))
        return outdated, (*plan.doubts, *lost)


def _needs(settings: Settings, rules: Rules, *, is_system: bool, groups_before: Sequence[str]) -> Needs:
    serves, is_here = settings.review.serve, ip_address(settings.review.listen).is_loopback
    has_flickr = any(account.enabled for account in settings.accounts)
    has_network = has_flickr or settings.workers.engine == "dask" or (serves and not is_here)
    if not is_system:
        return Needs(has_network=has_network, serves_here=serves)
    folders = [folder.path for folder in settings.folders]
    of_root = [folder for folder in folders if folder.is_relative_to("/root")]
    if of_root:
        raise UsageError(f"{of_root[0]} is in the home of root; name folders that the service may read, without ~.")
    targets = rules.tops()
    needs = needs_of(
        folders,
        targets=targets,
        network=has_network,
        serves_here=serves,
        may_write=service_user.may_write,
        groups_before=groups_before,
    )
    hidden = filter(None, map(why_hidden, [*folders, *targets]))
    return replace(needs, doubts=(*needs.doubts, *hidden))


def _lost_rights(drop_in: str, in_effect: str) -> Iterator[str]:
    """Give which folders of our drop-in the unit does not have in effect, as another drop-in takes them away."""
    given = paths_in(drop_in)
    lost = [path for path in given if path not in in_effect]
    if lost:
        yield (
            f"{UNIT} may not write to {lost[0].removeprefix('-')}, though {DROP_IN} says so: another drop-in takes "
            "that away (`systemctl cat familiar` shows all)"
        )


def _program() -> Path:
    """Return the executable file of this installation.

    Raises:
        UsageError: it has none.
    """
    program = Path(sys.executable).with_name("familiar")
    if not os.access(program, os.X_OK):
        raise UsageError(f"{program} does not exist; install familiar with its command (README, As a service).")
    return program


def _new_configuration(folders: Sequence[Path]) -> str:
    """Return a configuration with these folders alone."""
    named = "".join(f"  - {json.dumps(str(folder), ensure_ascii=False)}\n" for folder in folders)
    return f"# All other settings have their defaults: familiar config show, docs/settings.md.\n\nfolders:\n{named}"


def _check_watchable(folders: Sequence[Path], *, is_system: bool) -> None:
    for folder in folders:
        if printable(folder) != str(folder):
            odd = f"{printable(folder)}: its name is not in UTF-8"
            raise UsageError(f"{odd}, so no configuration can have it; rename it.")
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is not a folder; name the folder that has the photos.")
        trouble = (why_not_given(folder) or why_hidden(folder)) if is_system else None
        if trouble is not None:
            raise UsageError(f"{trouble}.")


def _check_named(config: Path, settings: Settings, folders: Sequence[Path]) -> None:
    missing = [folder for folder in folders if folder not in {watched.path for watched in settings.folders}]
    if missing:
        raise UsageError(f"{config} exists and does not name {missing[0]}; add it to `folders` there.")


def _not_ready(error: FamiliarError, errors: Sequence[str]) -> str:
    """Return the message of a service that is not ready."""
    last = "".join(f"\n  {text}" for text in errors)
    return f"{str(error).splitlines()[0]}\nIts last errors:{last}" if last else str(error)
