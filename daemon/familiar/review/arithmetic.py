"""How the libraries of arithmetic work in the process of the page."""

import os

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def use_one_thread() -> None:
    """Have these libraries use one thread, unless the environment says otherwise; call this before they are loaded.

    The products of a page take milliseconds. Shared out to threads they take longer, as each of these waits for the
    others in a loop, and for a core that another program has. Each of them takes memory, too.
    """
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
