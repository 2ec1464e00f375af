"""familiar service: the daemon as a service of systemd."""

import functools
import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from familiar.api.library import Library
from familiar.api.service import ServicePlan, ServiceState
from familiar.cli.console.command import Answer, Group, pass_library
from familiar.cli.console.output import say
from familiar.cli.console.parameters import PathType
from familiar.errors import UsageError

_SCOPES = {"system": "of the machine: the default for root", "user": "of your user: the default for others"}


def _with_scope(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """Add the options that say whose service is meant, as the argument `system`; None if neither is given."""

    @functools.wraps(function)
    def with_scope(*arguments: Any, is_system: bool, is_user: bool, **options: Any) -> Answer:
        if is_system and is_user:
            raise UsageError("--system and --user exclude each other; give one of them.")
        return function(*arguments, system=is_system if is_system or is_user else None, **options)

    for name, whose in _SCOPES.items():
        with_scope = click.option(f"--{name}", f"is_{name}", is_flag=True, help=f"The service {whose}.")(with_scope)
    return with_scope


@click.group(cls=Group)
def service() -> None:
    """Install the daemon as a service of systemd, upgrade it, and show its state."""


@service.command(epilog="Example: sudo familiar service install --folder /srv/photos")
@_with_scope
@click.option("--folder", "folders", multiple=True, type=PathType(), help="A folder to watch; may be given repeatedly.")
@click.option("--dry-run", is_flag=True, help="Show what would be written and run; touch nothing.")
@pass_library
def install(library: Library, system: bool | None, folders: tuple[Path, ...], dry_run: bool) -> Answer:  # noqa: FBT001
    """Write the unit for this installation, start the service, and wait until it is ready.

    A drop-in gives the service the folders of the configuration and the targets of the rules. With --folder, a
    configuration is written if there is none. Units and drop-ins that a person wrote are left unchanged.
    """
    if dry_run:
        plan = library.service.plan(folders, system=system)
        return Answer(
            data=asdict(plan) | {"files": {str(path): text for path, text in plan.files.items()}},
            text=lambda: _show_plan(plan),
        )
    state = library.service.install(folders, system=system)
    return Answer(data=asdict(state), text=lambda: _show_ready(state))


@service.command(epilog="Example: sudo familiar service upgrade")
@_with_scope
@pass_library
def upgrade(library: Library, system: bool | None) -> Answer:  # noqa: FBT001 - click's signature
    """Write the unit again and start the service again: after an update, or with other folders or targets."""
    state = library.service.upgrade(system=system)
    return Answer(data=asdict(state), text=lambda: _show_ready(state))


@service.command(epilog="Example: sudo familiar service uninstall")
@_with_scope
@pass_library
def uninstall(library: Library, system: bool | None) -> Answer:  # noqa: FBT001 - click's signature
    """Stop the service, and remove its unit; state, configuration and photos stay."""
    removed = library.service.uninstall(system=system)

    def text() -> None:
        for path in removed:
            say(f"removed: {path}")

    return Answer(data={"removed": removed}, text=text)


@service.command(epilog="Example: familiar service status")
@_with_scope
@pass_library
def status(library: Library, system: bool | None) -> Answer:  # noqa: FBT001 - click's signature
    """Show how the service is, and its last errors; exits with 1 if it is not running."""
    state = library.service.state(system=system)
    return Answer(data=asdict(state), text=lambda: _show_state(state), failed=state.state != "active")


def _show_plan(plan: ServicePlan) -> None:
    for path, text in plan.files.items():
        say(f"write {path}:")
        for line in text.splitlines():
            say(f"    {line}".rstrip())
        say("")
    for command in plan.commands:
        say(f"run: {shlex.join(command)}")
    _show_doubts(plan.doubts)


def _show_ready(state: ServiceState) -> None:
    say(f"{state.unit}: the service is ready (pid {state.pid}).")
    _show_doubts(state.doubts)


def _show_state(state: ServiceState) -> None:
    if not state.is_installed:
        say(f"{state.unit} does not exist; use `familiar service install`.")
    about = [
        state.state,
        *([f"since {state.since}"] if state.since else []),
        *([f"pid {state.pid}"] if state.pid else []),
    ]
    say(f"service: {', '.join(about)}{'' if state.is_enabled else '; it is not started at boot'}")
    if state.text:
        say(f"daemon: {state.text}")
    if state.restarts or state.result not in {"", "success"}:
        say(f"restarts: {state.restarts}; last result: {state.result}")
    for path in state.outdated:
        say(f"{path} does not suit this version or its configuration; use `familiar service upgrade`.")
    _show_doubts(state.doubts)
    for error in state.errors:
        say(f"error: {error}")


def _show_doubts(doubts: tuple[str, ...]) -> None:
    for doubt in doubts:
        say(f"note: {doubt.removesuffix('.')}.")
