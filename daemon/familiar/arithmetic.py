"""The threads that numbers are computed in: libraries use one each, and large work is shared out to all processors."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

_AHEAD = 4
"""Parts that are taken for each thread before their results are."""

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def use_one_thread() -> None:
    """Limit these libraries to one thread, unless the environment says otherwise; call this before they are loaded.

    The matrix products of grouping, matching and the page take a millisecond each. Several threads take longer, as
    each waits for the others in a busy loop, and for a core that another program uses. Each thread also takes memory.
    """
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")


def in_threads(work: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """Give the results for all parts, in their order, from as many threads as there are processors.

    The work is to spend its time in calls that let other threads run, as those of numpy do for many numbers. Parts are
    taken one after the other in the caller's thread, and few of them before their results are. One part alone takes no
    thread. If work fails, nothing more is begun, and its error is raised.
    """
    coming = iter(parts)
    first = list(islice(coming, 2))
    if len(first) < 2 or (threads := len(os.sched_getaffinity(0))) == 1:  # noqa: PLR2004 - one part
        yield from map(work, first)
        yield from map(work, coming)
        return
    with ThreadPoolExecutor(threads) as pool:
        begun: deque[Future[Result]] = deque(pool.submit(work, part) for part in first)
        try:
            for part in coming:
                begun.append(pool.submit(work, part))
                if len(begun) > _AHEAD * threads:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
