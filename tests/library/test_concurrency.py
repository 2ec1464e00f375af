import asyncio
import gc
from typing import Any

import pytest

from familiar.library.concurrency import run_all


async def after(seconds: float, error: Exception | None = None) -> float:
    await asyncio.sleep(seconds)
    if error is not None:
        raise error
    return seconds


def test_what_jobs_give_comes_in_their_order_with_progress() -> None:
    told: list[tuple[int, int]] = []
    jobs = [after(0.02), after(0), after(0.01)]
    assert asyncio.run(run_all(jobs, lambda *so_far: told.append(so_far))) == [0.02, 0, 0.01]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_when_jobs_fail_the_first_error_is_told_and_no_job_is_left_behind() -> None:
    loud: list[dict[str, Any]] = []

    async def count() -> int:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: loud.append(context))
        with pytest.raises(OSError, match="first"):
            await run_all([after(60), *(after(0, OSError(name)) for name in ("first", "second", "third"))])
        gc.collect()
        return len(asyncio.all_tasks())

    assert asyncio.run(count()) == 1
    assert loud == []
