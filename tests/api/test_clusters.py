"""`Library.clusters`: decisions about clusters, and their undo, from Python."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from familiar import Library
from familiar.errors import UsageError
from familiar.model import USUAL_MODEL
from familiar.store.decisions.log import EventRow
from support.album import Album, embedding


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with three clusters of four, three and two faces, ids 1 to 3."""
    with Album.at(tmp_path) as album:
        for seed, count in ((1, 4), (2, 3), (3, 2)):
            album.cluster([album.photo(embedding(seed, look), model=USUAL_MODEL)[0] for look in range(count)])
    with Library.open(tmp_path) as opened:
        yield opened


def clusters(library: Library) -> dict[int, tuple[str | None, str, tuple[int, ...]]]:
    """Name, kind and faces of each cluster."""
    return {
        row.id: (row.name, row.kind, tuple(sorted(face.id for face in library.clusters.faces(row.id))))
        for row in library.clusters.all()
    }


DECISIONS: dict[str, Callable[[Library], EventRow]] = {
    "name": lambda library: library.clusters.name(1, "Ann"),
    "merge": lambda library: library.clusters.merge(3, 2),
    "split": lambda library: library.clusters.split(1, [1, 2]).event,
    "take out": lambda library: library.clusters.take_out(1, [1]),
    "place": lambda library: library.clusters.place(2, [1]),
    "gather": lambda library: library.clusters.gather([1, 5]).event,
    "ignore": lambda library: library.clusters.ignore(3),
    "not a face": lambda library: library.clusters.not_a_face([1, 2]),
}


@pytest.mark.parametrize("kind", DECISIONS)
def test_each_decision_is_in_the_history_and_its_undo_gives_all_back(library: Library, kind: str) -> None:
    before = clusters(library)
    event = DECISIONS[kind](library)
    assert clusters(library) != before
    (entry,) = library.history()
    assert (entry.about, entry.id, entry.what) == ("clusters", event.id, event.summary)
    assert (event.kind, entry.undo) == (kind, f"familiar clusters undo {event.id}")
    assert library.clusters.undo().id == event.id
    assert clusters(library) == before
    assert library.people.all() == []
    assert library.history()[0].reason == "undone already"


def test_a_name_is_not_undone_while_its_person_is_removed(library: Library) -> None:
    before = clusters(library)
    named = library.clusters.name(1, "Ann")
    removed = library.people.remove("Ann")
    with pytest.raises(UsageError) as caught:
        library.clusters.undo()
    assert str(caught.value) == (
        f"Event {named.id} (cluster 1 (4 faces) is Ann) can't be undone yet: event {removed.event} "
        f"(Ann (4 references) was removed) builds on it; `familiar people undo {removed.event}` first."
    )
    library.people.undo()
    assert clusters(library)[1] == ("Ann", "named", (1, 2, 3, 4))
    library.clusters.undo()
    assert clusters(library) == before


def test_a_refusal_holds_and_its_undo_ends_it(library: Library) -> None:
    library.clusters.name(1, "Ann")
    refused = library.clusters.refuse(2, "Ann")
    with pytest.raises(UsageError, match="Cluster 2 was refused for 'Ann' before; `familiar clusters log` shows"):
        library.clusters.name(2, "Ann")
    library.clusters.undo(refused.id)
    assert library.clusters.name(2, "Ann").summary == "cluster 2 (3 faces) is Ann"
    apart = library.clusters.tell_apart(1, 3)
    assert library.clusters.log(limit=1)[0] == apart


def test_the_last_decision_about_clusters_is_undone_though_a_person_was_renamed_since(library: Library) -> None:
    library.clusters.name(1, "Ann")
    ignored = library.clusters.ignore(3)
    library.people.rename("Ann", "Anna")
    assert library.clusters.undo().id == ignored.id
    assert [person.name for person in library.people.all()] == ["Anna"]
