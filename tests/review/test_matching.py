"""Faces that are matched again in the background."""

import asyncio
from pathlib import Path

from familiar import Library
from familiar.api.environment import find_environment
from familiar.review.library_thread import LibraryThread
from familiar.review.matching import BackgroundMatching
from support.household import Household


def test_a_server_that_ends_does_not_wait_until_all_faces_are_matched(strangers: Household, tmp_path: Path) -> None:
    home = Household.like(strangers, tmp_path)
    environment = find_environment(home.whole_environment(), state=home.state, config=home.config)
    thread = LibraryThread(lambda: Library(environment, rematches=False))
    with Library(environment, rematches=False) as library:
        library.clusters.name(1, "Barack Obama")
        before = library.people.version
        asyncio.run(_begin_and_stop(BackgroundMatching(thread)))
        thread.close()
        assert library.people.version == before  # it was not done to its end
        library.rematch()
        assert library.people.version != before
        assert library.people.find("Barack Obama").faces == 5


async def _begin_and_stop(matching: BackgroundMatching) -> None:
    running = asyncio.create_task(matching.run())
    await asyncio.sleep(0)
    matching.stop()
    await running
