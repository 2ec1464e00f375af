"""`Library.people` and `Library.history`: decisions about people, and their undo."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import put
from familiar import Library
from familiar.errors import NoStoreError, UsageError
from familiar.model import USUAL_MODEL
from familiar.store.references import FaceToRegister
from familiar.xmp.rdf import Packet
from support.album import Album, embedding
from support.household import Household


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library that knows Ann by two of four faces, and Bob by one of two."""
    with Album.at(tmp_path) as album:
        for person, seed, count, references in (("Ann", 1, 4, 2), ("Bob", 2, 2, 1)):
            faces = [album.photo(embedding(seed, look), model=USUAL_MODEL)[0] for look in range(count)]
            wanted = [FaceToRegister(person=person, face_id=face, origin=Path("/a.jpg")) for face in faces[:references]]
            album.store.references.register(wanted)
    with Library.open(tmp_path) as opened:
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
            with pytest.raises(NoStoreError, match="there is no store yet"):
                ask()
    assert not (tmp_path / "state").exists()


def test_the_history_has_operations_on_files_beside_decisions(household: Household, meadow: Path) -> None:
    photo = put(meadow, household.inbox)
    household.scan()
    with Library.open(household.state, config=household.config) as opened:
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

    with Library.open(household.state, config=household.config) as opened:
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
