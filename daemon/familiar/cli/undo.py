"""familiar undo: take operations back."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click

from familiar.cli.carrying import settle, turn
from familiar.cli.console.output import FAILED, CommandError, json_option, print_json, print_table, reported, say
from familiar.cli.context import Context, pass_context
from familiar.cli.taking_back import undo_steps
from familiar.effects.disks import Disks
from familiar.effects.journal import Step
from familiar.effects.undo import Obstacle, Undo
from familiar.errors import UsageError
from familiar.model import destination_of
from familiar.store.store import Store, utc_now

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@click.command(epilog="Example: familiar undo --last, or: familiar undo --since 2h, or: familiar undo 17 18")
@click.argument("operations", nargs=-1, type=click.IntRange(1, 2**62))
@click.option("--last", is_flag=True, help="Undo what was done last: for one photo by rules, or by one command.")
@click.option("--since", help="Undo all since then: 30m, 2h, 3d, or a time such as 2026-05-01T12:00.")
@json_option
@pass_context
def undo(context: Context, operations: tuple[int, ...], *, last: bool, since: str | None, as_json: bool) -> None:
    """Take back what rules and commands did.

    OPERATIONS are numbers, as the log has them; the newest is undone first. If any of them can't be undone, because
    a file is not where the operation left it, nothing is touched.
    """
    if (bool(operations), last, since is not None).count(True) != 1:
        raise CommandError("Say what to undo: --last, --since TIME, or numbers of operations.", exit_code=2)
    with reported():
        moment = None if since is None else _parse_time(since, utc_now())
    with reported(), context.store() as store, turn(context.state, store) as ours:
        if ours:  # what a command had begun that was killed is undone, too; a daemon that runs has completed it
            settle(context, store, context.settings())
        interrupted = store.journal.undo_requests() if ours else []
        steps = interrupted or _select(store, operations, last=last, since=moment)
        obstacles = () if interrupted else Undo(store.journal, Disks(store.places)).obstacles(steps)
        if obstacles:
            _show_obstacles(obstacles, as_json=as_json)
            raise SystemExit(FAILED)
        failures = undo_steps(store, steps, ours=ours)
    if interrupted and not as_json:
        say("An undo that was interrupted is complete now, and nothing else was undone; repeat the command for more.")
    _show(steps, failures, as_json=as_json)
    if failures:
        raise SystemExit(FAILED)


def _select(store: Store, operations: Sequence[int], *, last: bool, since: datetime | None) -> Sequence[Step]:
    if last:
        steps = store.journal.select_last()
    elif since is not None:
        steps = store.journal.select_since(since)
    else:
        steps = store.journal.select(operations)
        missing = sorted(set(operations) - {step.id for step in steps})
        if missing:
            raise UsageError(f"There is no operation {missing[0]} that was done and not yet undone.")
    if not steps:
        raise UsageError("There is nothing to undo.")
    return steps


def _parse_time(text: str, now: datetime) -> datetime:
    ago = re.fullmatch(r"(\d+)([smhdw])", text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--since {text!r} is no time; write 30m, 2h, 3d or 2026-05-01T12:00.") from error


def _show_obstacles(obstacles: Sequence[Obstacle], *, as_json: bool) -> None:
    if as_json:
        print_json({"undone": [], "obstacles": [asdict(obstacle) for obstacle in obstacles]})
        return
    rows = [(obstacle.operation, obstacle.kind, obstacle.reason) for obstacle in obstacles]
    print_table(("operation", "kind", "can't be undone because"), rows)
    say("Nothing was touched.")


def _show(steps: Sequence[Step], failures: dict[int, str], *, as_json: bool) -> None:
    if as_json:
        undone = [
            {
                "operation": step.id,
                "kind": step.operation.kind,
                "target": step.target or destination_of(step.operation),
                "error": failures.get(step.id),
            }
            for step in steps
        ]
        print_json({"undone": undone, "obstacles": []})
        return
    rows = [
        (step.id, step.operation.kind, step.target or destination_of(step.operation), failures.get(step.id, "undone"))
        for step in steps
    ]
    print_table(("operation", "kind", "target", "result"), rows)
    say(f"{len(steps) - len(failures)} of {len(steps)} operations undone.")
