"""The number of threads that numeric libraries use in a process."""

import os

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def use_one_thread() -> None:
    """Limit these libraries to one thread, unless the environment says otherwise; call this before they are loaded.

    The matrix products of grouping, matching and the page take a millisecond each. Several threads take longer, as
    each waits for the others in a busy loop, and for a core that another program uses. Each thread also takes memory.
    """
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
