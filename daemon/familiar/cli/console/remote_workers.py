"""A table of the workers of Dask."""

from familiar.cli.console.output import print_heading, print_table, say
from familiar.remote_state import RemoteState

_COLUMNS = ("address", "name", "version", "state", "threads", "in flight", "photos", "a minute")
_NUMBERS = ("threads", "in flight", "photos", "a minute")


def show_workers(state: RemoteState) -> None:
    """Print the workers of a scheduler, and why none can be used, if none can."""
    if state.reason is not None:
        say(f"Dask: no worker can be used: {state.reason}")
    if not state.workers:
        return
    print_heading("workers of Dask", len(state.workers))
    rows = [
        (
            worker.address,
            worker.name,
            worker.version or "",
            worker.state,
            worker.threads,
            worker.in_flight,
            worker.photos,
            worker.per_minute,
        )
        for worker in state.workers
    ]
    print_table(_COLUMNS, rows, right=_NUMBERS)
    for worker in state.workers:
        if worker.reason is not None:
            say(f"{worker.address}: {worker.state}: {worker.reason}")
