"""Only the faces that a change of people concerns are matched again; all have the matches that all anew would give."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.embedding_models import SFACE, THRESHOLD
from familiar.errors import UsageError
from familiar.library import matching_round
from familiar.library.recognition import Recogniser
from familiar.model import Embedding
from familiar.settings import MatchingSettings
from support.album import Album

NAMES = ("Ann", "Bob", "Carol", "Dave", "Eve", "Finn")

Match = tuple[int, int, float, int, int]
Action = Callable[["Home", int, int], object]


def look_of(centre: int, look: int) -> Embedding:
    """A face on the scale of SFace: those of one centre are about 0.4 apart, and some are as near to another one."""
    rng = np.random.default_rng([centre, look])
    centres = np.random.default_rng(1).normal(size=(7, 128))
    drawn = centres[centre] + 0.8 * centres[(centre + look) % 7] * rng.random() + 0.5 * rng.normal(size=128)
    found: Embedding = (THRESHOLD * drawn / np.linalg.norm(drawn)).astype(np.float32)
    return found


class Home:
    """A store with 56 faces of seven people, of whom five are known, and three clusters."""

    def __init__(self, album: Album) -> None:
        self.album = album
        self.store = album.store
        self.store.models.use(SFACE.id)
        self.faces = [self.photo(centre, look) for look in range(8) for centre in range(7)]
        for number, name in enumerate(NAMES[:5]):
            album.register(self.faces[number], name)
        self.clusters = [self.cluster(self.faces[start : start + 4]) for start in (30, 36, 42)]
        self.recogniser = Recogniser(self.store, MatchingSettings(), SFACE.id)
        self.recogniser.rematch()

    def photo(self, centre: int, look: int) -> int:
        return self.album.photo(look_of(centre, look), model=SFACE.id)[0]

    def cluster(self, faces: list[int]) -> int:
        conn = self.store._db.conn
        (cluster,) = conn.execute("INSERT INTO clusters (made_at) VALUES ('') RETURNING id").fetchone()
        conn.executemany(
            "INSERT INTO cluster_faces (face_id, cluster_id, by, model, at) VALUES (?, ?, 'program', ?, '')",
            [(face, cluster, SFACE.id) for face in faces],
        )
        return int(cluster)

    def face(self, number: int) -> int:
        return self.faces[number % len(self.faces)]

    def matches(self) -> list[Match]:
        rows = self.store._db.conn.execute(
            "SELECT face_id, person_id, round(distance, 5), ambiguous, accepted FROM matches ORDER BY face_id"
        )
        return rows.fetchall()

    def matches_anew(self) -> list[Match]:
        """Match all faces anew, and return their matches."""
        self.store._db.conn.execute("UPDATE facts SET value = '' WHERE name = 'matched as'")
        self.recogniser.rematch()
        return self.matches()


@contextmanager
def a_home() -> Iterator[Home]:
    with TemporaryDirectory() as folder, Album.at(Path(folder)) as album:
        yield Home(album)


def name_of(number: int) -> str:
    return NAMES[number % len(NAMES)]


def arrive(home: Home, one: int, other: int) -> None:
    new = home.photo(one % 7, 100 + other)
    (photo,) = home.store._db.conn.execute("SELECT photo_id FROM faces WHERE id = ?", (new,)).fetchone()
    home.recogniser.recognise(photo)
    home.faces.append(new)


def name_cluster(home: Home, one: int, other: int) -> None:
    cluster = home.clusters[one % len(home.clusters)]
    members = [face.id for face in home.store.clusters.faces(cluster)]
    home.store.decisions.clusters.name(cluster, name_of(other), references=members[: other % 3], allow_same_photo=True)


def confirm(home: Home, one: int, other: int) -> None:
    home.store.decisions.confirmations.confirm({home.face(one): name_of(other)}, source="a test")


def merge_clusters(home: Home, one: int, other: int) -> None:
    clusters = home.clusters
    home.store.decisions.clusters.merge(clusters[one % 3], clusters[other % 3], allow_same_photo=True)


def tell_apart(home: Home, one: int, other: int) -> None:
    home.store.decisions.clusters.tell_apart(home.clusters[one % 3], home.clusters[other % 3])


def split(home: Home, one: int, other: int) -> None:
    cluster = home.clusters[one % 3]
    members = [face.id for face in home.store.clusters.faces(cluster)]
    home.store.decisions.clusters.split(cluster, [members[other % len(members)]] if members else [])


ACTIONS: dict[str, Action] = {
    "a photo arrives": arrive,
    "a reference is added": lambda home, one, other: home.album.add_reference(home.face(one), name_of(other)),
    "a cluster is named": name_cluster,
    "a cluster is refused": lambda home, one, other: home.store.decisions.clusters.refuse(
        home.clusters[one % 3], name_of(other)
    ),
    "a cluster is ignored": lambda home, one, _: home.store.decisions.clusters.ignore(home.clusters[one % 3]),
    "clusters are merged": merge_clusters,
    "clusters are told apart": tell_apart,
    "a cluster is split": split,
    "a face is confirmed": confirm,
    "a face is refused": lambda home, one, other: home.store.decisions.faces.refuse([home.face(one)], name_of(other)),
    "a face is none": lambda home, one, _: home.store.decisions.faces.not_a_face([home.face(one)]),
    "a person is removed": lambda home, one, _: home.store.decisions.people.remove(name_of(one)),
    "people are merged": lambda home, one, other: home.store.decisions.people.merge(name_of(one), name_of(other)),
    "a person is renamed": lambda home, one, _: home.store.decisions.people.rename(name_of(one), f"Zoe {one}"),
    "a threshold is set": lambda home, one, other: home.store.decisions.people.set_threshold(
        name_of(one), (None, 0.3, 0.41, 0.5)[other % 4]
    ),
    "a decision is undone": lambda home, _one, _other: home.store.decisions.undo(),
    "faces are matched": lambda home, _one, _other: home.recogniser.rematch(),
}


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=12
    )
)
def test_whatever_is_decided_the_matches_are_those_that_matching_all_anew_gives(
    steps: list[tuple[str, int, int]],
) -> None:
    with a_home() as home:
        for name, one, other in steps:
            with suppress(UsageError):  # what can't be decided any more
                ACTIONS[name](home, one, other)
        home.recogniser.rematch()
        found = home.matches()
        assert found == home.matches_anew()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Album.at(tmp_path) as album:
        yield Home(album)


def matched_again(home: Home, run: Callable[[], Any]) -> set[int]:
    """Return the faces of which a block of code writes the matches."""
    home.store._db.conn.execute("CREATE TEMP TABLE written (face_id INTEGER)")
    home.store._db.conn.execute(
        "CREATE TEMP TRIGGER note AFTER INSERT ON matches BEGIN INSERT INTO written VALUES (NEW.face_id); END"
    )
    run()
    return {face for (face,) in home.store._db.conn.execute("SELECT face_id FROM written")}


def test_a_new_person_has_few_faces_matched_again(home: Home) -> None:
    home.album.add_reference(home.faces[5], "Finn")
    written = matched_again(home, home.recogniser.rematch)
    finn = {face for face, person, *_ in home.matches() if person == 6}
    assert finn
    assert finn <= written
    assert len(written) < len(home.faces) / 2


def test_without_a_change_of_people_no_face_is_matched_again(home: Home) -> None:
    assert matched_again(home, home.recogniser.rematch) == set()


def test_after_other_settings_all_faces_are_matched_again(home: Home) -> None:
    other = Recogniser(home.store, MatchingSettings(threshold=0.3), SFACE.id)
    assert matched_again(home, other.rematch) == set(home.faces)
    assert not other.is_stale


def interrupt(home: Home, *, steps: int) -> set[int]:
    """Begin to match faces again, and end after some steps; return the faces that are left."""
    matching = home.recogniser.matching_round()
    for _ in range(steps):
        matching.advance()
    return {face for (face,) in home.store._db.conn.execute("SELECT face_id FROM unmatched_faces")}


@pytest.mark.parametrize("steps", range(6))
def test_matching_that_was_interrupted_goes_on_where_it_was(
    home: Home, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    monkeypatch.setattr(matching_round, "BLOCK", 2)
    home.album.add_reference(home.faces[5], "Finn")
    left = interrupt(home, steps=steps)
    assert home.recogniser.is_stale
    written = matched_again(home, home.recogniser.rematch)
    assert left <= written
    assert steps < 3 or written == left
    assert home.matches() == home.matches_anew()


def test_matching_of_all_faces_that_was_interrupted_goes_on_where_it_was(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching_round, "BLOCK", 20)
    home.recogniser = Recogniser(home.store, MatchingSettings(threshold=0.3), SFACE.id)
    assert interrupt(home, steps=3) == set(home.faces[40:])
    assert matched_again(home, home.recogniser.rematch) == set(home.faces[40:])
    assert home.matches() == home.matches_anew()


@pytest.mark.parametrize("steps", range(1, 5))
def test_people_who_change_while_faces_are_matched_have_them_matched_with_the_new_ones(
    home: Home, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    monkeypatch.setattr(matching_round, "BLOCK", 2)
    home.album.add_reference(home.faces[5], "Finn")
    matching = home.recogniser.matching_round()
    for _ in range(steps):
        matching.advance()
    home.store.decisions.confirmations.confirm({home.faces[20]: "Gus"}, source="a test")
    assert sum(iter(matching.advance, None)) < len(home.faces)
    assert not matching.is_complete
    home.recogniser.rematch()
    assert not home.recogniser.is_stale
    assert home.matches() == home.matches_anew()


def test_matching_with_other_settings_by_another_process_ends_that_which_is_under_way(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching_round, "BLOCK", 2)
    home.album.add_reference(home.faces[5], "Finn")
    matching = home.recogniser.matching_round()
    while matching.done == 0:
        matching.advance()
    other = Recogniser(home.store, MatchingSettings(threshold=0.3), SFACE.id)
    others = other.matching_round()
    others.advance()
    others.advance()
    while matching.advance() is not None:
        pass
    assert (matching.is_complete, matching.is_overtaken) == (False, True)


@pytest.mark.parametrize("steps", range(1, 26, 4))
def test_settings_that_change_back_while_faces_are_matched_have_all_matched_with_them(
    home: Home, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    monkeypatch.setattr(matching_round, "BLOCK", 2)
    before, first = home.matches(), home.recogniser
    home.recogniser = Recogniser(home.store, MatchingSettings(threshold=0.3), SFACE.id)
    assert steps == 1 or interrupt(home, steps=steps)
    new = home.photo(5, 101)
    (photo,) = home.store._db.conn.execute("SELECT photo_id FROM faces WHERE id = ?", (new,)).fetchone()
    first.recognise(photo)
    home.recogniser = first
    assert steps == 1 or first.is_stale
    first.rematch()
    assert [match for match in home.matches() if match[0] != new] == before
    assert home.matches() == home.matches_anew()


def test_a_photo_that_arrives_while_people_have_changed_is_matched_again_if_they_change_back(home: Home) -> None:
    home.album.add_reference(home.faces[5], "Finn")
    arrive(home, 5, 1)
    home.store.decisions.people.remove("Finn")
    home.recogniser.rematch()
    assert home.matches() == home.matches_anew()


def test_a_decision_of_which_nothing_is_left_changes_nothing(home: Home) -> None:
    before = home.matches()
    name_cluster(home, 0, 4)
    home.recogniser.rematch()
    home.store.decisions.undo()
    home.recogniser.rematch()
    assert home.matches() == before


def test_progress_is_told_after_each_part_also_where_only_some_faces_are_matched(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching_round, "BLOCK", 10)
    home.store.matched_people.leave(home.faces[:25])
    told: list[tuple[int, int]] = []
    home.recogniser.rematch(lambda done, total: told.append((done, total)))
    assert told == [(10, 25), (20, 25), (25, 25)]
