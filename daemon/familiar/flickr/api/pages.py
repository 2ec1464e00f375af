"""The order in which the pages of a listing are requested, so that no photo is missed while they shift (pure).

Photos that come push all others towards later pages, photos that go pull them towards earlier ones. Who goes through
the pages in one direction misses those that slip past in the other: as the total tells how many did, as many pages
are requested again.
"""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Order: TypeAlias = Literal["newest", "oldest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCursor:
    """How far a walk through a listing has come; `page` is the next one to ask for, from 1.

    `total` is how many photos there were when a page was read last, None before the first. A walk for the oldest
    photos first begins with a look at page 1, which has the number of pages (`sized`). `again` counts the pages
    to come that were met before; another one that brings nothing new is the listing repeating itself (`repeats`).
    """

    order: Order
    page: int = 1
    total: int | None = None
    sized: bool = False
    again: int = 0
    ended: bool = False
    repeats: bool = False


def after_page(walk: PageCursor, *, pages: int, total: int, found: int, fresh: int, per_page: int) -> PageCursor:
    """Return the walk after the page that it asked for.

    Args:
        walk: the walk before.
        pages: how many pages there are now.
        total: how many photos there are now.
        found: how many photos the page had.
        fresh: how many of them this walk had not met before.
        per_page: photos on a page.
    """
    now = replace(walk, total=total, sized=True, again=max(walk.again - 1, 0))
    if walk.order == "oldest" and not walk.sized:
        return replace(now, page=max(pages, 1))
    slipped = 0 if walk.total is None else (walk.total - total if walk.order == "newest" else total - walk.total)
    if slipped > 0:
        back = -(-slipped // per_page)
        return _moved(replace(now, again=now.again + back + 1), -back, pages)
    if found and not fresh and not walk.again and not slipped:
        return replace(now, ended=True, repeats=True)
    return _moved(replace(now, again=now.again - slipped // per_page), 1, pages)


def _moved(walk: PageCursor, steps: int, pages: int) -> PageCursor:
    """Return the walk some pages on, or back; it has ended behind the last page."""
    if walk.order == "newest":
        page = max(walk.page + steps, 1)
        return replace(walk, page=page, ended=page > pages)
    page = min(walk.page - steps, max(pages, 1))
    return replace(walk, page=page, ended=page < 1)
