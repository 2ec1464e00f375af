"""Run the command line, as `familiar` or `python -m familiar`."""

import gc

from familiar.arithmetic import use_one_thread
from familiar.cli import main

_ALLOCATIONS = 50_000
"""Objects that are made before Python looks for garbage. At 700, its default, it looks a hundred times as modules load,
and finds nothing."""


def run() -> None:
    """Run the command line in a process of its own.

    A sixth of a short command would be looking for garbage, at its start and again at its end.
    """
    use_one_thread()
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])
    try:
        main(prog_name="familiar")
    finally:
        gc.freeze()  # what is left ends with the process


if __name__ == "__main__":
    run()
