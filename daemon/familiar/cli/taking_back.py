"""Take back what a command has just done, where it can't stay."""

import time
from collections.abc import Sequence
from contextlib import suppress

from familiar.cli.carrying import turn
from familiar.cli.context import Context
from familiar.effects.journal import Step
from familiar.effects.undo import Undo
from familiar.errors import FamiliarError
from familiar.store.store import Store

_PATIENCE = 60.0


def take_back(context: Context, store: Store, steps: Sequence[Step]) -> list[Step]:
    """Undo steps, newest first, here or by the daemon that runs; return them as they are then.

    What can't be undone stays done, with the reason as its error.
    """
    store.journal.request_undo([step.id for step in steps])
    with turn(context.state) as ours:
        if ours:
            _undo(Undo(store.journal), steps)
        else:
            _await_daemon(store, steps)
    return [store.journal.step(step.id) for step in steps]


def _undo(undoing: Undo, steps: Sequence[Step]) -> None:
    for step in steps:
        with suppress(FamiliarError):
            undoing.undo(step)


def _await_daemon(store: Store, steps: Sequence[Step]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while any(store.journal.step(step.id).state in {"undo", "undoing"} for step in steps):
        if time.monotonic() > deadline:
            raise FamiliarError(f"The daemon has not undone everything within {_PATIENCE:.0f} s; its log says more.")
        time.sleep(0.05)
