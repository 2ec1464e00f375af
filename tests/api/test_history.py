"""`Library.history`, and the undo of decisions about people and clusters."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import put
from familiar import Library
from familiar.embedding_models import DLIB
from familiar.errors import NoStoreError, UsageError
from familiar.store.decisions.log import EventRow
from familiar.store.references import FaceToRegister
from familiar.xmp.rdf import Packet
from support.album import Album, embedding
from support.household import Household

MODEL = DLIB.id


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library that knows Ann by two of four faces, and Bob by one of two."""
    with Album.at(tmp_path) as album:
        for person, seed, count, references in (("Ann", 1, 4, 2), ("Bob", 2, 2, 1)):
            faces = [album.photo(embedding(seed, look), model=MODEL)[0] for look in range(count)]
            wanted = [FaceToRegister(person=person, face_id=face, origin=Path("/a.jpg")) for face in faces[:references]]
            album.store.references.register(wanted)
    (tmp_path / "familiar.yaml").write_text("vision: {model: dlib}")
    with Library.open(tmp_path, config=tmp_path / "familiar.yaml") as opened:
        opened.people.set_threshold("Ann", 0.6)
        yield opened


def people(library: Library) -> dict[str, tuple[int, int, float | None]]:
    """References, matching faces and threshold of each person."""
    return {one.name: (one.references, one.faces, one.threshold) for one in library.people.all()}


def test_each_decision_about_people_tells_its_event_and_is_undone_with_all_matches(library: Library) -> None:
    before = people(library)
    assert before == {"Ann": (2, 4, 0.6), "Bob": (1, 2, None)}
    renamed = library.people.rename("Ann", "Anna")
    assert (renamed.name, renamed.faces, set(people(library))) == ("Anna", 4, {"Anna", "Bob"})
    assert library.people.undo(renamed.event).summary == "Ann is Anna now"
    assert people(library) == before
    merged = library.people.merge("Bob", "Ann")
    assert (merged.name, merged.references, people(library)) == ("Ann", 3, {"Ann": (3, 6, 0.6)})
    assert library.people.undo().id == merged.event
    assert people(library) == before
    removed = library.people.remove("ann")
    assert (removed.name, removed.faces, people(library)) == ("Ann", 4, {"Bob": (1, 2, None)})
    library.people.undo()
    assert people(library) == before
    library.people.set_threshold("Ann", None)
    library.people.undo()
    assert people(library) == before


def test_what_changes_nothing_has_no_event(library: Library) -> None:
    assert library.people.rename("ann", "Ann").event is None
    assert library.people.set_threshold("Ann", 0.6).event is None


def test_photos_and_embeddings_that_were_registered_wrongly_are_taken_back(library: Library, tmp_path: Path) -> None:
    import numpy as np  # noqa: PLC0415

    before = people(library)
    np.save(tmp_path / "cleo.npy", np.stack([embedding(3, look) for look in range(2)]))
    library.people.import_embeddings("Cleo", tmp_path / "cleo.npy")
    assert people(library)["Cleo"][0] == 2
    assert library.people.undo().summary == "2 references imported for Cleo"
    assert people(library) == before
    library.people.undo()  # the threshold
    assert library.people.undo().summary == "1 face registered for Bob"
    assert people(library).keys() == {"Ann"}


def test_what_can_not_be_undone_says_why_and_what_to_undo_first(library: Library) -> None:
    removed, bob = library.people.remove("Ann").event, library.people.rename("Bob", "Ann").event
    with pytest.raises(UsageError) as caught:
        library.people.undo(removed)
    assert str(caught.value) == (
        f"Event {removed} (Ann (2 references) was removed) can't be undone yet: event {bob} (Bob is Ann now) "
        f"builds on it; `familiar people undo {bob}` first."
    )
    library.people.undo(bob)
    library.people.undo(removed)
    with pytest.raises(UsageError, match=r"was undone already\.$"):
        library.people.undo(removed)
    with pytest.raises(UsageError, match="There is no event 99; `familiar undo --list` shows all events."):
        library.people.undo(99)
    assert people(library) == {"Ann": (2, 4, 0.6), "Bob": (1, 2, None)}


def test_each_command_undoes_its_own_kind_of_decision_only(library: Library) -> None:
    renamed = library.people.rename("Ann", "Anna").event
    with pytest.raises(UsageError) as caught:
        library.clusters.undo(renamed)
    assert str(caught.value) == (
        f"Event {renamed} (Ann is Anna now) is not about clusters; undo it with `familiar people undo {renamed}`."
    )
    assert people(library).keys() == {"Anna", "Bob"}


def test_the_history_says_of_each_decision_by_which_command_it_is_undone_or_why_not(library: Library) -> None:
    renamed, removed = library.people.rename("Bob", "Robert").event, library.people.remove("Robert").event
    (last, first, limit) = library.history(limit=3)
    assert (last.about, last.id, last.by, last.what) == (
        "people",
        removed,
        "person",
        "Robert (1 reference) was removed",
    )
    assert (last.undo, last.reason) == (f"familiar people undo {removed}", None)
    assert (first.what, first.undo, first.reason) == ("Bob is Robert now", None, f"event {removed} builds on it")
    assert limit.what == "Ann matches up to 0.6"
    library.people.undo()
    library.people.undo()
    assert [(one.undo, one.reason) for one in library.history(limit=2)] == [(None, "undone already")] * 2
    assert [one.id for one in library.history()] == [removed, renamed, 3, 2, 1]


def test_a_library_without_a_store_has_no_history_and_makes_none(tmp_path: Path) -> None:
    with Library.open(tmp_path / "state") as opened:
        for ask in (opened.history, opened.people.undo, opened.clusters.undo):
            with pytest.raises(NoStoreError, match="no store exists"):
                ask()
    assert not (tmp_path / "state").exists()


def test_the_history_has_operations_on_files_beside_decisions(household: Household, meadow: Path) -> None:
    photo = put(meadow, household.inbox)
    household.scan()
    with household.library() as opened:
        (step,) = opened.move([photo], household.out).steps
        (moved,) = opened.history()
        assert (moved.about, moved.id, moved.by, moved.undo) == ("files", step.id, "familiar move", "familiar undo 1")
        assert moved.what == f"move {photo} to {household.out / photo.name}"
        assert [one.id for one in opened.undo([range(1, 5)]).steps] == [1]
        assert opened.history() == [replace(moved, undo=None, reason="undone already")]
        with pytest.raises(UsageError, match="There is no operation from 1 to 4 that was done and not yet undone."):
            opened.undo([range(1, 5)])
    assert photo.exists()


def test_sidecars_follow_a_decision_about_people_and_its_undo(
    household: Household, obama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_DIRECTORY", household.whole_environment()["CACHE_DIRECTORY"])
    photo = put(obama, household.inbox)
    household.scan()
    sidecar = photo.with_name(f"{photo.name}.xmp")

    def subjects(library: Library) -> list[str]:
        library.sidecars.write()
        return Packet(sidecar.read_bytes()).items("dc:subject")

    with household.library() as opened:
        opened.people.add("Barack", [obama])
        assert subjects(opened) == ["Barack"]
        opened.people.rename("Barack", "Barack Obama")
        assert subjects(opened) == ["Barack Obama"]
        opened.people.undo()
        assert subjects(opened) == ["Barack"]
        opened.people.remove("Barack")
        assert subjects(opened) == []
        opened.people.undo()
        assert subjects(opened) == ["Barack"]


@pytest.fixture
def grouped(tmp_path: Path) -> Iterator[Library]:
    """A library with three clusters of four, three and two faces, ids 1 to 3."""
    with Album.at(tmp_path) as album:
        for seed, count in ((1, 4), (2, 3), (3, 2)):
            album.cluster([album.photo(embedding(seed, look), model=MODEL)[0] for look in range(count)])
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
def test_each_decision_is_in_the_history_and_its_undo_gives_all_back(grouped: Library, kind: str) -> None:
    before = clusters(grouped)
    event = DECISIONS[kind](grouped)
    assert clusters(grouped) != before
    (entry,) = grouped.history()
    assert (entry.about, entry.id, entry.what) == ("clusters", event.id, event.summary)
    assert (event.kind, entry.undo) == (kind, f"familiar clusters undo {event.id}")
    assert grouped.clusters.undo().id == event.id
    assert clusters(grouped) == before
    assert grouped.people.all() == []
    assert grouped.history()[0].reason == "undone already"


def test_a_name_is_not_undone_while_its_person_is_removed(grouped: Library) -> None:
    before = clusters(grouped)
    named = grouped.clusters.name(1, "Ann")
    removed = grouped.people.remove("Ann")
    with pytest.raises(UsageError) as caught:
        grouped.clusters.undo()
    assert str(caught.value) == (
        f"Event {named.id} (cluster 1 (4 faces) is Ann) can't be undone yet: event {removed.event} "
        f"(Ann (4 references) was removed) builds on it; `familiar people undo {removed.event}` first."
    )
    grouped.people.undo()
    assert clusters(grouped)[1] == ("Ann", "named", (1, 2, 3, 4))
    grouped.clusters.undo()
    assert clusters(grouped) == before


def test_a_refusal_holds_and_its_undo_ends_it(grouped: Library) -> None:
    grouped.clusters.name(1, "Ann")
    refused = grouped.clusters.refuse(2, "Ann")
    with pytest.raises(UsageError, match="Cluster 2 was refused for 'Ann' before; `familiar clusters log` shows"):
        grouped.clusters.name(2, "Ann")
    grouped.clusters.undo(refused.id)
    assert grouped.clusters.name(2, "Ann").summary == "cluster 2 (3 faces) is Ann"
    apart = grouped.clusters.tell_apart(1, 3)
    assert grouped.clusters.log(limit=1)[0] == apart


def test_the_last_decision_about_clusters_is_undone_though_a_person_was_renamed_since(grouped: Library) -> None:
    grouped.clusters.name(1, "Ann")
    ignored = grouped.clusters.ignore(3)
    grouped.people.rename("Ann", "Anna")
    assert grouped.clusters.undo().id == ignored.id
    assert [person.name for person in grouped.people.all()] == ["Anna"]
