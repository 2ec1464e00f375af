"""familiar undo: undo operations on files, and list all that can be undone."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library, wants_json
from familiar.cli.console.output import local_time, print_table, say
from familiar.errors import UsageError
from familiar.plurals import counted
from familiar.store.store import utc_now

if TYPE_CHECKING:
    from familiar.effects.journal import Step
    from familiar.effects.undo import Obstacle
    from familiar.library.handover import Undone
    from familiar.library.history import HistoryEntry

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

_SHOWN = 40
"""Entries of the history that people are shown; --json has all."""

_LARGEST = 2**62


if TYPE_CHECKING:
    _Type = click.ParamType[int | range]
else:
    _Type = click.ParamType  # not generic in older versions of click


class OperationNumbers(_Type):
    """The number of an operation, or a range of numbers as in 17-20."""

    name = "number or range"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | range:
        """Return the number, or the range with its last number included."""
        found = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", str(value))
        if found is None or int(found[1]) < 1:
            self.fail(f"{value!r} is not the number of an operation; use 17, or 17-20 for a range.", param, ctx)
        if found[2] is None:
            return int(found[1])
        if int(found[2]) < int(found[1]):
            self.fail(f"The range {value!r} ends before it begins; use {found[2]}-{found[1]}.", param, ctx)
        return range(int(found[1]), int(found[2]) + 1)


@command(
    epilog="Example: familiar undo --list, or: familiar undo --last, or: familiar undo --since 2h, "
    "or: familiar undo 17-20"
)
@click.argument("operations", nargs=-1, type=OperationNumbers())
@click.option("--last", is_flag=True, help="Undo what was done last: for one photo by rules, or by one command.")
@click.option("--since", help="Undo all since then: 30m, 2h, 3d, or a time such as 2026-05-01T12:00.")
@click.option("--list", "list_", is_flag=True, help="List what can be undone, and by which command; undo nothing.")
@pass_library
def undo(
    library: Library, operations: tuple[int | range, ...], *, last: bool, since: str | None, list_: bool
) -> Answer:
    """Undo what rules and commands did to files.

    OPERATIONS are numbers or ranges such as 17-20, as --list prints them; the newest is undone first. If any of them
    can't be undone, because a file is not where the operation left it, nothing is touched. Of a range, operations that
    were not done, or are undone already, are skipped.

    Decisions are undone by familiar people undo and familiar clusters undo; --list shows them, too.
    """
    if list_:
        if operations or last or since is not None:
            raise UsageError("--list undoes nothing; leave out --last, --since TIME and numbers of operations.")
        return _list(library)
    moment = None if since is None else _parse_time(since, utc_now())
    undone = library.undo(operations, last=last, since=moment)
    failed = bool(undone.obstacles or undone.failures)
    return Answer(data=_as_json(undone), text=lambda: _show(undone), failed=failed)


def _list(library: Library) -> Answer:
    entries = library.history(limit=None if wants_json() else _SHOWN + 1)
    return Answer(data=[asdict(entry) for entry in entries], text=lambda: _show_history(entries))


def _show_history(entries: "Sequence[HistoryEntry]") -> None:
    if not entries:
        say("Nothing was done yet that could be undone.")
        return
    rows = [(entry.id, local_time(entry.at), entry.what, entry.undo or entry.reason) for entry in entries[:_SHOWN]]
    print_table(("number", "at", "what", "undo"), rows, right=("number",))
    if len(entries) > _SHOWN:
        say("... and more; --json prints all.")


def _parse_time(text: str, now: datetime) -> datetime:
    ago = re.fullmatch(r"(\d+)([smhdw])", text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--since {text!r} is not a valid time; use 30m, 2h, 3d or 2026-05-01T12:00.") from error


def _as_json(undone: "Undone") -> dict[str, Any]:
    if undone.obstacles:
        return {"undone": [], "obstacles": [asdict(obstacle) for obstacle in undone.obstacles]}
    steps = [
        {
            "operation": step.id,
            "kind": step.operation.kind,
            "target": step.destination,
            "error": undone.failures.get(step.id),
        }
        for step in undone.steps
    ]
    return {"undone": steps, "obstacles": []}


def _show(undone: "Undone") -> None:
    if undone.obstacles:
        _show_obstacles(undone.obstacles)
        return
    if undone.completes_interrupted:
        say("An undo that was interrupted is complete now, and nothing else was undone; repeat the command for more.")
    print_table(("operation", "kind", "target", "result"), [_row(step, undone.failures) for step in undone.steps])
    say(f"{len(undone.steps) - len(undone.failures)} of {counted(len(undone.steps), 'operation')} undone.")


def _show_obstacles(obstacles: "Sequence[Obstacle]") -> None:
    rows = [(obstacle.operation, obstacle.kind, obstacle.reason) for obstacle in obstacles]
    print_table(("operation", "kind", "can't be undone because"), rows)
    say("Nothing was touched.")


def _row(step: "Step", failures: dict[int, str]) -> tuple[object, ...]:
    return step.id, step.operation.kind, step.destination, failures.get(step.id, "undone")
