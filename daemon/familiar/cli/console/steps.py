"""Results of operations, as text and as JSON."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from familiar.cli.console.command import Answer
from familiar.cli.console.output import print_table, say
from familiar.effects.journal import Step
from familiar.effects.kinds.following import Following
from familiar.plurals import counted

_SHOWN = 20


def steps_answer(steps: Sequence[Step], done: str, *, there: int = 0, data: Any = None) -> Answer:
    """Return the answer of a command that carried out operations.

    It counts as failed if an operation failed.

    Args:
        steps: the operations with their final states.
        done: what was done, as in "copied".
        there: number of photos that were already in place, without an operation.
        data: the JSON; by default the operations.
    """
    return Answer(
        data=[step_as_json(step) for step in steps] if data is None else data,
        text=lambda: summarise(steps, done, there=there),
        failed=bool(failures_of(steps)),
    )


def summarise(steps: Sequence[Step], done: str, *, there: int = 0, left: int = 0) -> None:
    """Print the failures, the counts, and how to undo.

    `left` is the number of failures before any operation; they were already shown.
    """
    photos = [step for step in steps if not isinstance(step.operation, Following)]
    states, failed = Counter(step.state for step in photos), failures_of(steps)
    show_steps(failed[:_SHOWN])
    if len(failed) > _SHOWN:
        say(f"... and {len(failed) - _SHOWN} more failed; use --json to show all.")
    followed = sum(step.state == "done" for step in steps) - states["done"]
    companions = f" with {counted(followed, 'companion')}" if followed else ""
    say(f"{states['done']} {done}{companions}, {states['kept'] + there} already there, {len(failed) + left} failed.")
    if states["done"]:
        say("To undo: familiar undo --last")


def failures_of(steps: Sequence[Step]) -> list[Step]:
    """Return the operations that failed."""
    return [step for step in steps if step.state not in {"done", "kept"}]


def show_steps(steps: Sequence[Step]) -> None:
    """Print operations with their results."""
    rows = [(step.id, step.operation.kind, step.destination, _result(step)) for step in steps]
    if rows:
        print_table(("operation", "kind", "target", "result"), rows)


def step_as_json(step: Step) -> dict[str, Any]:
    """Return the JSON of an operation."""
    return {
        "operation": step.id,
        "kind": step.operation.kind,
        "source": step.source or step.path,
        "target": step.destination,
        "state": step.state,
        "error": step.error,
    }


def _result(step: Step) -> str:
    state = "waiting" if step.is_waiting else step.state
    return state if step.error is None else f"{state}: {step.error}"
