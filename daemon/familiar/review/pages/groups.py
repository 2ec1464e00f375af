"""All groups that wait for a name, the largest first."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from familiar.api.library import Library
from familiar.errors import UsageError
from familiar.review.group_list import GroupPlace, place_of
from familiar.store.clusters.clusters import ClusterFace, ClusterRow

CARDS = 24
"""Groups of a part of the page."""

_FACES = 7
"""Faces of a group that a card shows."""

_LEAST = 2
"""Faces of the smallest groups that are shown; there may be thousands of single faces."""

_KEPT = 5000
"""Cards that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCard:
    """A group as a card: its most typical faces, and the time of its photos."""

    row: ClusterRow
    faces: Sequence[ClusterFace]
    years: tuple[str, str] | None

    @property
    def more(self) -> int:
        """Number of the faces that the card does not show."""
        return self.row.faces - len(self.faces)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPart:
    """A part of the list of groups.

    `after` is the place at which the next part begins, as text, None if there is none. `alone` is the number of faces
    that are in no group, or in one of their own, which is not in the list.
    """

    cards: Sequence[GroupCard]
    groups: int
    faces: int
    alone: int
    later: int
    after: str | None


class GroupCards:
    """Makes cards of groups, and keeps them as long as the groups do not change."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: OrderedDict[tuple[int, str], GroupCard] = OrderedDict()

    def of(self, library: Library, row: ClusterRow) -> GroupCard:
        """Return the card of a group."""
        key = row.id, row.version
        if key not in self._kept:
            faces, years = library.clusters.faces(row.id, most=_FACES), library.clusters.years(row.id)
            self._kept[key] = GroupCard(row=row, faces=faces, years=years)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return replace(self._kept[key], row=row)


def list_groups(
    library: Library,
    cards: GroupCards,
    waiting: Sequence[ClusterRow],
    *,
    ungrouped: int,
    after: str,
    later: Collection[int],
) -> GroupPart:
    """Return a part of the list of waiting groups, behind a place in it, without those that were put off.

    `ungrouped` is the number of faces that are in no group.
    """
    rows = [row for row in waiting if row.faces >= _LEAST and row.id not in later]
    start = _parsed_place(after)
    left = [row for row in rows if start is None or place_of(row) > start]
    shown = left[:CARDS]
    return GroupPart(
        cards=[cards.of(library, row) for row in shown],
        groups=len(rows),
        faces=sum(row.faces for row in rows),
        alone=ungrouped + sum(row.faces < _LEAST for row in waiting),
        later=sum(row.id in later for row in waiting),
        after=".".join(str(int(part)) for part in place_of(shown[-1])) if len(left) > len(shown) else None,
    )


def card_now(library: Library, cards: GroupCards, group: int) -> GroupCard | str:
    """Return the card of a group that still waits for a name, or else what became of it."""
    try:
        row = library.clusters.find(group)
    except UsageError:
        return "It has no faces any more."
    if row.id != group:
        return f"It is a part of another group now ({row.name or row.id})."
    if row.kind != "unnamed":
        return "It is ignored now." if row.name is None else f"It is {row.name} now."
    return cards.of(library, row)


def next_group(waiting: Sequence[ClusterRow], row: ClusterRow, *, later: Collection[int]) -> ClusterRow | None:
    """Return the group that stands behind this one in the list, or else the first one."""
    rows = [one for one in waiting if one.faces >= _LEAST and one.id not in later and one.id != row.id]
    return next((one for one in rows if place_of(one) > place_of(row)), rows[0] if rows else None)


def _parsed_place(text: str) -> GroupPlace | None:
    """Return the place that a text says; None if it says none."""
    try:
        junk, faces, id_ = map(int, text.split("."))
    except ValueError:
        return None
    return bool(junk), faces, id_
