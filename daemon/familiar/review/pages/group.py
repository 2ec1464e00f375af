"""One group with all of its faces."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.review.pages.groups import next_group
from familiar.store.clusters.clusters import ClusterFace, ClusterRow

FACES = 120
"""Faces of a part of the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFaces:
    """Faces of a group from number `start` on, counted from 0."""

    row: ClusterRow
    faces: Sequence[ClusterFace]
    start: int

    @property
    def after(self) -> int | None:
        """The number of the next face, if there is one."""
        end = self.start + len(self.faces)
        return end if self.faces and end < self.row.faces else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup(GroupFaces):
    """A group with its first faces, the time of its photos, and the group that comes next."""

    years: tuple[str, str] | None
    next: ClusterRow | None


def show_group(library: Library, waiting: Sequence[ClusterRow], group: int, *, later: Collection[int]) -> ShownGroup:
    """Return a group with its first faces."""
    row = library.clusters.find(group)
    return ShownGroup(
        row=row,
        faces=library.clusters.faces(row.id, most=FACES),
        start=0,
        years=library.clusters.years(row.id),
        next=next_group(waiting, row, later=later),
    )


def faces_of_group(library: Library, group: int, start: int) -> GroupFaces:
    """Return the faces of a group from a number on."""
    row = library.clusters.find(group)
    return GroupFaces(row=row, faces=library.clusters.faces(row.id, start=start, most=FACES), start=start)
