"""Take back what was done: here, or by the daemon that runs."""

import time
from collections.abc import Sequence

from familiar.cli.carrying import turn
from familiar.cli.context import Context
from familiar.effects.disks import Disks
from familiar.effects.journal import Step
from familiar.effects.undo import Undo
from familiar.errors import FamiliarError, StoreError
from familiar.store.store import Store

_PATIENCE = 60.0
_PAUSE = 0.05


def take_back(context: Context, store: Store, steps: Sequence[Step]) -> list[Step]:
    """Undo steps of the command itself, newest first, where they can't stay; return them as they are then.

    What can't be undone stays done, with the reason as its error.
    """
    with turn(context.state, store) as ours:
        undo_steps(store, steps, ours=ours)
    return [store.journal.step(step.id) for step in steps]


def undo_steps(store: Store, steps: Sequence[Step], *, ours: bool) -> dict[int, str]:
    """Undo steps, newest first; return why some can't be undone, by operation.

    Args:
        store: with the journal.
        steps: done ones.
        ours: whether the state folder is ours; if not, the daemon that has it undoes them.
    """
    store.journal.request_undo([step.id for step in steps])
    return _undo(Undo(store.journal, Disks(store.places)), steps) if ours else _await_daemon(store, steps)


def _undo(undoing: Undo, steps: Sequence[Step]) -> dict[int, str]:
    failures = {}
    for step in steps:
        try:
            undoing.undo(step)
        except StoreError:
            raise
        except FamiliarError as error:
            failures[step.id] = str(error)
    return failures


def _await_daemon(store: Store, steps: Sequence[Step]) -> dict[int, str]:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        states = {step.id: store.journal.step(step.id) for step in steps}
        if all(step.state not in {"undo", "undoing"} for step in states.values()):
            return {id_: step.error or "failed" for id_, step in states.items() if step.state != "undone"}
        time.sleep(_PAUSE)
    raise FamiliarError(f"The daemon has not undone everything within {_PATIENCE:.0f} s; its log says more.")
