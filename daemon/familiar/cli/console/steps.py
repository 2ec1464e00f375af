"""What came of steps, for people and for programs."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from familiar.cli.console.command import Answer
from familiar.cli.console.output import print_table, say
from familiar.effects.journal import Step

_SHOWN = 20


def steps_answer(steps: Sequence[Step], done: str, *, there: int = 0, data: Any = None) -> Answer:
    """Return the answer of a command that had steps carried out.

    It counts as failed if a step came to nothing.

    Args:
        steps: with the states that they have at the end.
        done: what was done, as in "copied".
        there: how many photos lay where they should already, without any step.
        data: what programs get; by default the steps.
    """
    return Answer(
        data=[step_as_json(step) for step in steps] if data is None else data,
        text=lambda: summarise(steps, done, there=there),
        failed=bool(failures_of(steps)),
    )


def summarise(steps: Sequence[Step], done: str, *, there: int = 0, left: int = 0) -> None:
    """Print what failed, how many were done, and how that is taken back.

    `left` is how many were found to fail before any step; they are shown already.
    """
    states, failed = Counter(step.state for step in steps), failures_of(steps)
    show_steps(failed[:_SHOWN])
    if len(failed) > _SHOWN:
        say(f"... and {len(failed) - _SHOWN} more that failed; --json shows all.")
    say(f"{states['done']} {done}, {states['kept'] + there} already there, {len(failed) + left} failed.")
    if states["done"]:
        say("`familiar undo --last` takes this back.")


def failures_of(steps: Sequence[Step]) -> list[Step]:
    """Return the steps that came to nothing."""
    return [step for step in steps if step.state not in {"done", "kept"}]


def show_steps(steps: Sequence[Step]) -> None:
    """Print steps with what came of them."""
    rows = [(step.id, step.operation.kind, step.destination, _result(step)) for step in steps]
    if rows:
        print_table(("operation", "kind", "target", "result"), rows)


def step_as_json(step: Step) -> dict[str, Any]:
    """Return a step for programs."""
    return {
        "operation": step.id,
        "kind": step.operation.kind,
        "source": step.source or step.path,
        "target": step.destination,
        "state": step.state,
        "error": step.error,
    }


def _result(step: Step) -> str:
    return step.state if step.error is None else f"{step.state}: {step.error}"
