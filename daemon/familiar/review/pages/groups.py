"""All groups that wait for a name, the largest first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from familiar.api.library import Library
from familiar.errors import UsageError
from familiar.store.clusters.clusters import ClusterFace, ClusterRow

CARDS = 24
"""Groups of a part of the page."""

_FACES = 7
"""Faces of a group that a card shows."""

_LEAST = 2
"""Faces of the smallest groups that are shown; there may be thousands of single faces."""

Place: TypeAlias = tuple[bool, int, int]
"""Where a group stands in the list: junk comes last, then large groups first."""


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
class GroupList:
    """A part of the list of groups.

    `after` is the place at which the next part begins, as text, None if there is none. `alone` is the number of groups
    of a single face, which are not in the list.
    """

    cards: Sequence[GroupCard]
    groups: int
    faces: int
    alone: int
    later: int
    after: str | None


def list_groups(library: Library, *, after: str, later: Collection[int]) -> GroupList:
    """Return a part of the list, behind a place in it; those that were put off come last."""
    waiting = library.clusters.waiting()
    rows = [row for row in waiting if row.faces >= _LEAST and row.id not in later]
    start = _place_of(after)
    left = [row for row in rows if start is None or _place(row) > start]
    shown = left[:CARDS]
    return GroupList(
        cards=[card_of(library, row) for row in shown],
        groups=len(rows),
        faces=sum(row.faces for row in rows),
        alone=sum(row.faces < _LEAST for row in waiting),
        later=sum(row.id in later for row in waiting),
        after=".".join(str(int(part)) for part in _place(shown[-1])) if len(left) > len(shown) else None,
    )


def card_of(library: Library, row: ClusterRow) -> GroupCard:
    """Return the card of a group."""
    return GroupCard(row=row, faces=library.clusters.faces(row.id, most=_FACES), years=library.clusters.years(row.id))


def waiting_card(library: Library, group: int) -> GroupCard:
    """Return the card of a group that still waits for a name.

    Raises:
        UsageError: it does not; the message says what became of it.
    """
    row = library.clusters.find(group)
    if row.id != group:
        raise UsageError(f"It is a part of another group now ({row.name or row.id}).")
    if row.kind != "unnamed":
        raise UsageError("It is ignored now." if row.name is None else f"It is {row.name} now.")
    return card_of(library, row)


def next_group(library: Library, row: ClusterRow, *, later: Collection[int]) -> ClusterRow | None:
    """Return the group that stands behind this one in the list, or else the first one."""
    rows = [one for one in library.clusters.waiting(least=_LEAST) if one.id not in later and one.id != row.id]
    return next((one for one in rows if _place(one) > _place(row)), rows[0] if rows else None)


def _place(row: ClusterRow) -> Place:
    return row.is_junk, -row.faces, row.id


def _place_of(text: str) -> Place | None:
    """Return the place that a text says; None if it says none."""
    try:
        junk, faces, id_ = map(int, text.split("."))
    except ValueError:
        return None
    return bool(junk), faces, id_
