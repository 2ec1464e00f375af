"""Which later events build upon an event, as a table: what an event leaves behind, and what a later one touches.

A later event builds upon an earlier one if it touches what the earlier one left behind. As both sides of a rule are
sets, the last event that touched something can be kept for many events at once.
"""

from collections.abc import Callable, Hashable, Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple, TypeAlias

from familiar.store.decisions.log import LoggedEvent
from familiar.store.decisions.row_changes import RowChange, changed_columns

KEPT_APART = "keep apart"
"""Kind of the events that undoing what the program did leaves behind."""

Trace: TypeAlias = AbstractSet[Hashable]


class Dependency(NamedTuple):
    """One way to build upon an event: `left` is what the earlier event leaves, `touched` what a later one touches."""

    left: Callable[[LoggedEvent], Trace]
    touched: Callable[[LoggedEvent], Trace]


def builds_upon(later: LoggedEvent, earlier: LoggedEvent) -> bool:
    """Return whether a later event builds upon an earlier one."""
    return any(rule.left(earlier) & rule.touched(later) for rule in DEPENDENCIES)


class LaterEvents:
    """The events after those that are asked about: take each event after it was asked about, the newest first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._last: list[dict[Hashable, int]] = [{} for _ in DEPENDENCIES]

    def builder(self, entry: LoggedEvent) -> int | None:
        """Return the id of the newest event that builds upon this one, if there is one."""
        found = (
            last[trace]
            for rule, last in zip(DEPENDENCIES, self._last, strict=True)
            for trace in rule.left(entry)
            if trace in last
        )
        return max(found, default=None)

    def take(self, entry: LoggedEvent) -> None:
        """Take an event that holds."""
        for rule, last in zip(DEPENDENCIES, self._last, strict=True):
            for trace in rule.touched(entry):
                last.setdefault(trace, entry.event.id)


def ids_in(change: RowChange, *columns: str) -> set[int]:
    """Return the ids that a row has in these columns, before and after."""
    rows = [row for row in (change.before, change.after) if row is not None]
    return {int(row[column]) for row in rows for column in columns if row.get(column) is not None}


# What events change


def _changes(entry: LoggedEvent, *tables: str) -> Iterable[RowChange]:
    """Give the changes of an event; what undoing another one left behind is about the two clusters it parted alone."""
    if entry.event.kind == KEPT_APART:
        tables = tuple(set(tables) - {"refusals"})
    return (change for change in entry.changes if change.table in tables)


_ROWS = ("clusters", "cluster_faces", "refusals", "no_faces", "face_references")


def _rows(entry: LoggedEvent) -> Trace:
    """Return the rows that an event changed; of people, the columns."""
    rows: set[Hashable] = {(change.table, change.key) for change in entry.changes if change.table in _ROWS}
    people = ((change.key, changed_columns(change)) for change in _changes(entry, "people"))
    return rows | {("people", key, column) for key, columns in people for column in columns}


def _made_clusters(entry: LoggedEvent) -> Trace:
    return {change.key for change in _changes(entry, "clusters") if change.before is None}


def _clusters_concerned(entry: LoggedEvent) -> Trace:
    changes = _changes(entry, *_ROWS)
    return {cluster for change in changes for cluster in ids_in(change, "cluster_id", "other_id", "absorbed_by")}


def _grown_clusters(entry: LoggedEvent) -> Trace:
    """Return the clusters that others became a part of."""
    return {cluster for change in _changes(entry, "clusters") for cluster in ids_in(change, "absorbed_by")}


def _refused_clusters(entry: LoggedEvent) -> Trace:
    changes = _changes(entry, "refusals")
    return {cluster for change in changes for cluster in ids_in(change, "cluster_id", "other_id", "absorbed_by")}


def _left_clusters(entry: LoggedEvent) -> Trace:
    """Return the clusters that an event took faces from."""
    return {change.before["cluster_id"] for change in _changes(entry, "cluster_faces") if change.before is not None}


def _clusters_no_longer_refused(entry: LoggedEvent) -> Trace:
    changes = (change for change in _changes(entry, "refusals") if change.after is None)
    return {cluster for change in changes for cluster in ids_in(change, "cluster_id", "other_id")}


def _absorbed_clusters(entry: LoggedEvent) -> Trace:
    return {change.key for change in _changes(entry, "clusters") if ids_in(change, "absorbed_by")}


def _renamed_clusters(entry: LoggedEvent) -> Trace:
    """Return the clusters that had a person, and have not any more, or another one."""
    return {
        change.key
        for change in _changes(entry, "clusters")
        if (change.before or {}).get("person_id") is not None and "person_id" in changed_columns(change)
    }


def _clusters_added_to(entry: LoggedEvent) -> Trace:
    """Return the clusters that a person put faces or clusters into."""
    if entry.event.by == "program":
        return frozenset()
    faces = (
        change.after or {} for change in _changes(entry, "cluster_faces") if "cluster_id" in changed_columns(change)
    )
    return {row["cluster_id"] for row in faces if row.get("by") == "person"} | _grown_clusters(entry)


def _people_concerned(entry: LoggedEvent) -> Trace:
    return {person for change in entry.changes for person in ids_in(change, "person_id")}


def _removed_people(entry: LoggedEvent) -> Trace:
    return {change.key for change in _changes(entry, "people") if change.after is None}


def _names_given_up(entry: LoggedEvent) -> Trace:
    return {(change.before or {}).get("key") for change in _changes(entry, "people") if _changes_name(change)} - {None}


def _names_taken(entry: LoggedEvent) -> Trace:
    return {(change.after or {}).get("key") for change in _changes(entry, "people") if _changes_name(change)} - {None}


def _changes_name(change: RowChange) -> bool:
    return "key" in changed_columns(change)


def _faces_no_longer_registered(entry: LoggedEvent) -> Trace:
    removed = (change.before or {} for change in _changes(entry, "face_references") if change.after is None)
    return ({row.get("face_id") for row in removed} - {None}) | entry.removed_faces


def _faces_registered(entry: LoggedEvent) -> Trace:
    added = (change.after or {} for change in _changes(entry, "face_references") if change.before is None)
    return {row.get("face_id") for row in added} - {None}


def _faces_put(entry: LoggedEvent) -> Trace:
    """Return the faces that a person put into a cluster."""
    if entry.event.by == "program":
        return frozenset()
    changes = (change for change in _changes(entry, "cluster_faces") if "cluster_id" in changed_columns(change))
    return {change.key for change in changes if change.after is not None}


def _faces_taken(entry: LoggedEvent) -> Trace:
    """Return the faces that an event took out of all clusters, or from a person."""
    taken_out = {change.key for change in _changes(entry, "cluster_faces") if change.after is None}
    return taken_out | _faces_no_longer_registered(entry)


def _no_faces(entry: LoggedEvent) -> Trace:
    return {change.key for change in _changes(entry, "no_faces") if change.before is None}


def _faces_added(entry: LoggedEvent) -> Trace:
    return {change.key for change in _changes(entry, "no_faces") if change.after is None}


def _faces_concerned(entry: LoggedEvent) -> Trace:
    homes = {change.key for change in _changes(entry, "cluster_faces")}
    changes = _changes(entry, "refusals", "face_references")
    return homes | {face for change in changes for face in ids_in(change, "face_id")}


DEPENDENCIES = (
    Dependency(left=_rows, touched=_rows),
    Dependency(left=_made_clusters, touched=_clusters_concerned),
    Dependency(left=_grown_clusters, touched=_refused_clusters),
    Dependency(left=_grown_clusters, touched=_absorbed_clusters),
    Dependency(left=_left_clusters, touched=_absorbed_clusters),
    Dependency(left=_clusters_no_longer_refused, touched=_absorbed_clusters),
    Dependency(left=_left_clusters, touched=_renamed_clusters),
    Dependency(left=_renamed_clusters, touched=_clusters_added_to),
    Dependency(left=_people_concerned, touched=_removed_people),
    Dependency(left=_names_given_up, touched=_names_taken),
    Dependency(left=_faces_taken, touched=_faces_registered),
    Dependency(left=_faces_taken, touched=_no_faces),
    Dependency(left=_faces_no_longer_registered, touched=_faces_put),
    Dependency(left=_faces_added, touched=_faces_concerned),
)
"""All ways to build upon an event.

In words, in their order: a later event changed the same row; is about a cluster that was made; refuses something for a
cluster that absorbed another one; absorbed it; absorbed a cluster that faces were taken from; absorbed one of which a
refusal would come back; gave a cluster that faces were taken from to somebody else; put faces into a cluster that would
be another person's again; removed a person; took a name that would come back; registered a face that would come
back; said that such a face is not a face; put a face into a cluster that would be registered for a person again; or is
about a face that was added.
"""
