"""familiar doctor: what is wrong with this installation, and how to mend it."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

from familiar.cli.context import Context, pass_context
from familiar.cli.output import FAILED, console, json_option, print_json, say
from familiar.errors import FamiliarError
from familiar.service.lock import holder
from familiar.settings import Settings
from familiar.sources.filesystems import is_network, watch_limit
from familiar.sources.roots import judge, look_at
from familiar.vision.workers import Workers

_LITTLE_SPACE = 500 * 1024 * 1024
_MARKS = {"good": "[green]good[/green]   ", "warning": "[yellow]warning[/yellow]", "bad": "[red]bad[/red]    "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; `remedy` says what to do where it is not good."""

    subject: str
    verdict: Literal["good", "warning", "bad"]
    detail: str
    remedy: str | None = None


@click.command(epilog="Example: familiar doctor")
@json_option
@pass_context
def doctor(context: Context, *, as_json: bool) -> None:
    """Check configuration, rules, store, folders, limits and the engine; say how to mend what is wrong."""
    findings: list[Finding] = []
    settings = _attempt(findings, "configuration", context.settings, str(context.config or "none; defaults hold"))
    for check in (_check_rules, _check_state, _check_folders, _check_engine):
        for finding in check(context, settings or Settings()):
            findings.append(finding)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _show(findings)
    if any(finding.verdict == "bad" for finding in findings):
        raise SystemExit(FAILED)


def _attempt[T](findings: list[Finding], subject: str, act: Callable[[], T], detail: str) -> T | None: ...
