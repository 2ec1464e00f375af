"""familiar undo: take operations back."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import print_table, say
from familiar.effects.journal import Step
from familiar.effects.undo import Obstacle
from familiar.errors import UsageError
from familiar.library.handover import Undone
from familiar.store.store import utc_now

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@command(epilog="Example: familiar undo --last, or: familiar undo --since 2h, or: familiar undo 17 18")
@click.argument("operations", nargs=-1, type=click.IntRange(1, 2**62))
@click.option("--last", is_flag=True, help="Undo what was done last: for one photo by rules, or by one command.")
@click.option("--since", help="Undo all since then: 30m, 2h, 3d, or a time such as 2026-05-01T12:00.")
@pass_library
def undo(library: Library, operations: tuple[int, ...], *, last: bool, since: str | None) -> Answer:
    """Take back what rules and commands did.

    OPERATIONS are numbers, as the log has them; the newest is undone first. If any of them can't be undone, because
    a file is not where the operation left it, nothing is touched.
    """
    moment = None if since is None else _parse_time(since, utc_now())
    undone = library.undo(operations, last=last, since=moment)
    failed = bool(undone.obstacles or undone.failures)
    return Answer(data=_as_json(undone), text=lambda: _show(undone), failed=failed)


def _parse_time(text: str, now: datetime) -> datetime:
    ago = re.fullmatch(r"(\d+)([smhdw])", text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--since {text!r} is not a valid time; use 30m, 2h, 3d or 2026-05-01T12:00.") from error


def _as_json(undone: Undone) -> dict[str, Any]:
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


def _show(undone: Undone) -> None:
    if undone.obstacles:
        _show_obstacles(undone.obstacles)
        return
    if undone.completes_interrupted:
        say("An undo that was interrupted is complete now, and nothing else was undone; repeat the command for more.")
    print_table(("operation", "kind", "target", "result"), [_row(step, undone.failures) for step in undone.steps])
    say(f"{len(undone.steps) - len(undone.failures)} of {len(undone.steps)} operations undone.")


def _show_obstacles(obstacles: Sequence[Obstacle]) -> None:
    rows = [(obstacle.operation, obstacle.kind, obstacle.reason) for obstacle in obstacles]
    print_table(("operation", "kind", "can't be undone because"), rows)
    say("Nothing was touched.")


def _row(step: Step, failures: dict[int, str]) -> tuple[object, ...]:
    return step.id, step.operation.kind, step.destination, failures.get(step.id, "undone")
