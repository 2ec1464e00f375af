"""The list of groups that is kept in memory, as for a large library, where it is read in the background."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from familiar import Library
from familiar.api.environment import find_environment
from familiar.review.group_list import GroupList
from familiar.review.library_thread import LibraryThread
from support.household import Household
from support.review_page import ServedPage


@pytest.fixture
def listed(served: ServedPage) -> Callable[[Callable[[GroupList], Awaitable[None]]], None]:
    """Return what gives the list to a coroutine; to read it takes too long for a page."""
    household: Household = served.household
    environment = find_environment(household.whole_environment(), state=household.state, config=household.config)

    def run(use: Callable[[GroupList], Awaitable[None]]) -> None:
        threads = [LibraryThread(lambda: Library(environment, rematches=False)) for _ in range(2)]

        async def used() -> None:
            groups = GroupList(threads[0], threads[1], short=-1)
            await use(groups)
            await groups.close()

        try:
            asyncio.run(used())
        finally:
            for thread in threads:
                thread.close()

    return run


def test_what_others_change_is_read_in_the_background(
    listed: Callable[[Callable[[GroupList], Awaitable[None]]], None], served: ServedPage
) -> None:
    async def use(groups: GroupList) -> None:
        assert [row.id for row in await groups.rows()] == [1, 2, 3]
        with served.library() as library:
            library.clusters.ignore(2)
        assert [row.id for row in await groups.rows()] == [1, 2, 3]  # at once, and read again meanwhile
        await groups.close()
        assert [row.id for row in await groups.rows()] == [1, 3]

    listed(use)


def test_what_the_page_decides_is_in_the_list_at_once_and_in_its_place(
    listed: Callable[[Callable[[GroupList], Awaitable[None]]], None], served: ServedPage
) -> None:
    async def use(groups: GroupList) -> None:
        await groups.rows()
        with served.library() as library:
            library.clusters.take_out(1, [face.id for face in library.clusters.faces(1)[:3]])
            library.clusters.ignore(2)
        await groups.decided([1, 2])
        assert [(row.id, row.faces) for row in await groups.rows()] == [(1, 2), (3, 2)]

    listed(use)
