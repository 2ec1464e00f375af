"""Several decisions as one, and only about what was seen."""

import asyncio
import io
from pathlib import Path

import pytest

from familiar import Library
from familiar.api.environment import find_environment
from familiar.errors import StaleError, UsageError
from support.household import Household
from support.kept_workers import KEPT


def test_all_decisions_of_a_block_are_made_or_none(nameless: Library) -> None:
    with pytest.raises(UsageError, match="There is no cluster 99"), nameless.deciding():
        nameless.clusters.name(1, "Barack Obama")
        nameless.clusters.name(99, "Joe Biden")
    assert nameless.people.names() == []
    with nameless.deciding():
        nameless.clusters.name(1, "Barack Obama")
        nameless.clusters.name(2, "Joe Biden")
    assert nameless.people.names() == ["Barack Obama", "Joe Biden"]
    assert nameless.people.find("Barack Obama").faces == 3


def test_a_library_that_does_not_match_again_does_so_when_it_is_asked(grouped: Household) -> None:
    environment = find_environment(
        grouped.whole_environment(), state=grouped.state, config=grouped.config, workers=KEPT
    )
    with Library(environment, rematches=False) as library:
        library.clusters.name(1, "Barack Obama")
        assert library.people.find("Barack Obama").faces == 0
        library.rematch()
        assert library.people.find("Barack Obama").faces == 3


def test_clusters_and_people_that_have_changed_are_stale(nameless: Library) -> None:
    seen = {row.id: row.version for row in nameless.clusters.all()}
    nameless.clusters.check_seen(seen)
    nameless.clusters.name(1, "Barack Obama")
    with pytest.raises(StaleError, match="Changed since you looked: cluster 1. Nothing was done; look again."):
        nameless.clusters.check_seen(seen)
    person = nameless.people.find("Barack Obama")
    nameless.people.check_seen({person.id: person.version})
    nameless.people.rename("Barack Obama", "Barack")
    with pytest.raises(StaleError, match=f"person {person.id}"):
        nameless.people.check_seen({person.id: person.version})
    nameless.people.undo()
    nameless.people.check_seen({person.id: person.version})
    nameless.clusters.undo()
    nameless.clusters.check_seen(seen)
    with pytest.raises(StaleError, match="person 99"):
        nameless.people.check_seen({99: ""})


def test_the_version_of_the_library_differs_after_each_change_of_anybody(nameless: Library, grouped: Household) -> None:
    before = nameless.version
    assert nameless.version == before
    nameless.clusters.ignore(1)
    between = nameless.version
    assert between != before
    with grouped.library() as other:
        other.clusters.ignore(2)
    assert nameless.version != between


def test_faces_of_a_cluster_come_in_parts(nameless: Library) -> None:
    faces = nameless.clusters.faces(1)
    assert nameless.clusters.faces(1, most=2) == faces[:2]
    assert nameless.clusters.faces(1, start=2, most=5) == faces[2:]
    with pytest.raises(UsageError, match="The option start is -1; it must be at least 0"):
        nameless.clusters.faces(1, start=-1)


def test_clusters_wait_for_a_name_until_they_have_one_or_are_ignored(nameless: Library) -> None:
    assert [row.id for row in nameless.clusters.waiting()] == [1, 2]
    assert [row.id for row in nameless.clusters.waiting(least=3)] == [1]
    nameless.clusters.ignore(1)
    nameless.clusters.name(2, "Joe Biden")
    assert nameless.clusters.waiting() == []


def test_faces_that_are_refused_for_a_person_never_match_them_again(nameless: Library) -> None:
    nameless.clusters.name(1, "Barack Obama")
    face = nameless.people.faces("Barack Obama")[0]
    event = nameless.people.refuse("barack obama", [face.id])
    assert event.summary == "1 face is not Barack Obama"
    assert face.id not in [one.id for one in nameless.people.faces("Barack Obama")]
    assert nameless.undo_decision(event.id).id == event.id
    assert face.id in [one.id for one in nameless.people.faces("Barack Obama")]


def test_a_photo_is_shown_with_its_faces_and_where_it_is(nameless: Library, album: Path, tmp_path: Path) -> None:
    nameless.clusters.name(1, "Barack Obama")
    face = next(face for face in nameless.clusters.faces(2) if len(nameless.faces.photo_of(face.id).faces) == 2)
    shown = nameless.faces.photo_of(face.id)
    assert [one.name for one in shown.faces] == ["Barack Obama", None]
    assert [(place.path, place.state) for place in shown.places] == [(album / "2020" / "couple.jpg", "there")]
    with pytest.raises(UsageError, match="There is no face 999"):
        nameless.faces.photo_of(999)


def test_faces_and_photos_are_cut_in_any_event_loop(nameless: Library) -> None:
    from PIL import Image  # noqa: PLC0415

    (placed,) = nameless.faces.place([1, 999][:1])
    cutter = nameless.faces.cutter()

    async def cut() -> tuple[bytes | None, bytes | None]:
        return await cutter.cut(placed, size=64), await cutter.show(placed.photo, size=300)

    face, photo = asyncio.run(cut())
    cutter.close()
    assert face is not None
    assert photo is not None
    assert Image.open(io.BytesIO(face)).size == (64, 64)
    assert max(Image.open(io.BytesIO(photo)).size) == 300


def test_people_are_covered_by_a_reference_of_theirs(nameless: Library) -> None:
    nameless.clusters.name(1, "Barack Obama")
    nameless.clusters.name(2, "Joe Biden")
    covers = nameless.people.covers()
    assert [(person.name, person.faces) for person, _ in covers] == [("Barack Obama", 3), ("Joe Biden", 2)]
    for person, face in covers:
        assert face is not None
        assert face.id in [reference.face_id for reference in nameless.people.references(person.name)]
