"""familiar scan: one pass over what is there now."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from familiar.cli.console.output import FAILED, json_option, print_json, print_table, progress_bar, reported, say
from familiar.cli.console.parameters import PathType
from familiar.cli.context import Context, pass_context
from familiar.cli.starting import Configuration, begin_log, daemon_for, log_format_option, log_level_option, rule_book
from familiar.events import EventLog
from familiar.library.rulebook import RuleBook
from familiar.service.systemd import Notifier
from familiar.settings import Settings
from familiar.store.store import Store

_SHOWN = 20
"""Problems that people are shown."""

_PROBLEMS = {
    "photo.set_aside": ("set aside", "path", "reason"),
    "file.failed": ("failed for now", "path", "reason"),
    "root.offline": ("offline", "root", "reason"),
    "root.incomplete": ("not read", "root", "errors"),
    "plan.refused": ("not done", "path", "reason"),
    "operation.failed": ("failed for now", "rule", "error"),
    "operation.refused": ("refused", "rule", "error"),
}
"""Events that a person is to hear of at the end: what they are called, and the fields that say where and why."""


@click.command(epilog="Example: familiar scan ~/Pictures")
@click.argument("paths", nargs=-1, type=PathType())
@click.option("--retry", is_flag=True, help="Try photos again that were set aside.")
@log_format_option
@log_level_option
@json_option
@pass_context
def scan(
    context: Context,
    paths: tuple[Path, ...],
    *,
    retry: bool,
    log_format: str | None,
    log_level: str | None,
    as_json: bool,
) -> None:
    """Handle the photos that are there now, and exit.

    PATHS are folders and files, by default the configured folders. What was set aside is a result; exits with 1 if
    something failed, and will be tried again, or if it was stopped. The log is written only where it is asked for, or
    where standard error is no terminal.
    """
    logs = bool(log_format or log_level) or not sys.stderr.isatty()
    with reported():
        configuration = Configuration(context=context, paths=paths, files=True)
        settings = configuration.read()
        log = _Witness(begin_log(settings, log_format, log_level or "warning") if logs else None)
        with context.held_store(lasts=True, create=True) as store:
            if retry:
                store.photos.forget_verdicts()
            rules = rule_book(context, settings, store, log)
            summary = _scan(configuration, settings, rules, store, log, quiet=as_json or logs)
    if as_json:
        print_json(summary)
    else:
        _show(summary, log.problems)
    if summary["failed"] or summary["operations_failed"] or summary["offline"] or summary["stopped"]:
        raise SystemExit(FAILED)


class _Witness:
    """Passes events on to a log, if there is one, and remembers those that a person is to hear of."""

    def __init__(self, log: EventLog | None) -> None:
        self._log = log
        self.problems: list[tuple[str, str, str]] = []

    def emit(self, name: str, /, **fields: Any) -> None:
        if self._log is not None:
            self._log.emit(name, **fields)
        if name in _PROBLEMS:
            title, where, why = _PROBLEMS[name]
            reasons = fields[why] if isinstance(fields[why], list) else [fields[why]]
            self.problems += [(title, str(fields[where]), str(reason)) for reason in reasons]


def _scan(
    configuration: Configuration, settings: Settings, rules: RuleBook, store: Store, log: EventLog, *, quiet: bool
) -> dict[str, Any]:
    with progress_bar("handling photos", hidden=quiet) as progress:
        assembly = daemon_for(
            configuration,
            settings,
            rules,
            store,
            log,
            Notifier({}),
            watch=False,
            report=lambda now: progress(now.done, now.done + now.waiting),
        )
        asyncio.run(assembly.daemon.run(until_idle=True))
    counts = store.photos.counts()
    return {
        "done": assembly.handler.tally.done,
        "set_aside": assembly.handler.tally.set_aside,
        "failed": assembly.handler.tally.failed + assembly.intake.failed,
        "operations_failed": store.journal.counts().get("failed", 0),
        "offline": [root for root, state in assembly.intake.root_states().items() if state != "online"],
        "stopped": assembly.daemon.was_stopped,
        "photos": counts["seen"],
        "faces": counts["faces"],
        "recognised": counts["recognised"],
    }


def _show(summary: dict[str, Any], problems: list[tuple[str, str, str]]) -> None:
    if problems:
        print_table(("what", "where", "why"), problems[:_SHOWN])
    if len(problems) > _SHOWN:
        say(f"... and {len(problems) - _SHOWN} more; familiar status shows what is set aside and what waits.")
    if summary["stopped"]:
        say("Stopped: what was not done waits for the next run.")
    say(
        f"{summary['done']} handled, {summary['set_aside']} set aside, {summary['failed']} failed; "
        f"{summary['photos']} photos with {summary['faces']} faces known, {summary['recognised']} recognised."
    )
