from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.embedding_models import DLIB, DLIB_PLAIN, SFACE, THRESHOLD, Model
from familiar.identity.gallery import Gallery
from familiar.identity.matching import match
from familiar.identity.people import KnownPerson
from familiar.identity.person_distance import PersonDistance
from familiar.identity.verdicts import Verdicts
from familiar.model import Embeddings, Match
from familiar.settings import MatchingSettings
from support import photos

DEFAULTS = MatchingSettings()
CALIBRATION = DLIB_PLAIN.calibration


def around(seed: int, count: int, spread: float = 0.02) -> Embeddings:
    """Embeddings of one person: near a centre of length about 1."""
    random = np.random.default_rng(seed)
    centre = random.normal(size=128) / np.sqrt(128)
    found: Embeddings = (centre + spread * random.normal(size=(count, 128))).astype(np.float32)
    return found


def person(name: str, references: Embeddings, threshold: float | None = None) -> KnownPerson:
    return KnownPerson(name=name, threshold=threshold, references=references)


def matched(faces: Embeddings, *people: KnownPerson, **changes: float) -> tuple[Match | None, ...]:
    return match(faces, Gallery.of(people, CALIBRATION), DEFAULTS.model_copy(update=changes))


def sure(found: Sequence[Match | None]) -> list[Match]:
    assert all(one is not None for one in found)
    return [one for one in found if one is not None]


def test_without_people_nobody_is_matched() -> None:
    assert matched(around(1, 3)) == (None, None, None)


def test_no_faces_give_no_matches() -> None:
    assert matched(np.empty((0, 128), np.float32), person("Ann", around(1, 3))) == ()


def test_a_face_matches_its_person_and_a_stranger_matches_nobody() -> None:
    ann, bob = person("Ann", around(1, 4)), person("Bob", around(2, 1))
    near, stranger = sure(matched(np.concatenate([around(1, 5)[4:], around(3, 1)]), ann, bob))
    assert (near.person, near.accepted, near.ambiguous) == ("Ann", True, False)
    assert (stranger.accepted, stranger.ambiguous) == (False, False)


def test_a_persons_own_threshold_holds_for_them_alone() -> None:
    face = around(1, 1, spread=0)
    far = face + np.float32(0.3 / np.sqrt(128))
    (strict,), (loose,) = matched(face, person("Ann", far, 0.2)), matched(face, person("Ann", far, 0.4))
    assert strict is not None
    assert loose is not None
    assert strict.distance == pytest.approx(0.3, abs=1e-6)
    assert (strict.accepted, loose.accepted) == (False, True)


def test_two_people_at_nearly_the_same_distance_are_ambiguous() -> None:
    face = around(1, 1)
    one, other = face + np.float32(0.02), face - np.float32(0.0201)
    (found,) = sure(matched(face, person("Ann", one), person("Bob", other)))
    assert (found.person, found.ambiguous, found.accepted) == ("Ann", True, False)
    (found,) = sure(matched(face, person("Ann", one), person("Bob", other), margin=0))
    assert found.accepted


def test_a_person_who_changed_is_recognised_by_the_nearest_references() -> None:
    child, adult = around(1, 7), around(2, 7)
    (found,) = sure(matched(around(1, 8)[7:], person("Ann", np.concatenate([child, adult]))))
    assert found.accepted


@pytest.mark.parametrize("count", [1, 3, 20])
def test_references_that_look_otherwise_do_not_stand_in_the_way_of_those_that_are_near(count: int) -> None:
    child, adult, face = around(1, count), around(2, count), around(1, 21)[20:]
    (alone,) = sure(matched(face, person("Ann", child), nearest=100))
    (beside,) = sure(matched(face, person("Ann", np.concatenate([adult, child])), nearest=100))
    assert beside.distance == pytest.approx(alone.distance, abs=1e-6)


@given(seed=st.integers(0, 1000), nearest=st.integers(1, 12))
@settings(deadline=None, max_examples=30)
def test_the_distance_is_to_the_centre_of_the_nearest_references_of_one_look(seed: int, nearest: int) -> None:
    references = np.concatenate([around(seed, 5, spread=0.04), around(seed + 1, 4, spread=0.04)])
    faces = np.concatenate([around(seed, 7, spread=0.04)[5:], around(seed + 1, 6, spread=0.04)[4:]])
    for face, found in zip(faces, sure(matched(faces, person("Ann", references), nearest=nearest)), strict=True):
        order = np.argsort(np.linalg.norm(references - face, axis=1))[:nearest]
        alike = [row for row in order if np.linalg.norm(references[row] - references[order[0]]) <= CALIBRATION.one_look]
        centre = references[alike].mean(axis=0, dtype=np.float64)
        assert found.distance == pytest.approx(np.linalg.norm(face - centre), abs=1e-5)


def directions(embeddings: Embeddings) -> Embeddings:
    """The same as directions, as SFace gives them."""
    found: Embeddings = THRESHOLD * embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return found


@given(seed=st.integers(0, 1000), nearest=st.integers(1, 12))
@settings(deadline=None, max_examples=30)
def test_the_centre_of_directions_is_as_long_as_they_are(seed: int, nearest: int) -> None:
    references, faces = directions(around(seed, 9, spread=0.06)), directions(around(seed, 14, spread=0.06)[9:])
    gallery = Gallery.of([person("Ann", references)], SFACE.calibration)
    for face, found in zip(faces, sure(match(faces, gallery, MatchingSettings(nearest=nearest))), strict=True):
        order = np.argsort(np.linalg.norm(references - face, axis=1))[:nearest]
        alike = references[order][
            np.linalg.norm(references[order] - references[order[0]], axis=1) <= SFACE.calibration.one_look
        ]
        centre = directions(alike.mean(axis=0, dtype=np.float64)[None])[0]
        assert found.distance == pytest.approx(np.linalg.norm(face - centre), abs=1e-5)


@pytest.mark.parametrize("model", [SFACE, DLIB], ids=lambda model: model.name)
@given(seed=st.integers(0, 1000), threshold=st.floats(0.2, 0.6))
@settings(deadline=None, max_examples=20)
def test_everybody_who_is_near_enough_is_looked_at(model: Model, seed: int, threshold: float) -> None:
    random = np.random.default_rng(seed)
    spreads = random.uniform(0.02, 0.06, size=8)
    known = [around(number, 30, spread=spread) for number, spread in enumerate(spreads)]
    known = [directions(own) if model is SFACE else own for own in known]
    people = [person(f"{number}{twin}", own[twin:12:2]) for number, own in enumerate(known) for twin in (0, 1)]
    faces, choices = np.concatenate([own[12:] for own in known]), MatchingSettings(threshold=threshold)
    distance = PersonDistance.of(model.calibration, choices)
    first, second = np.sort([distance.measure(faces, each.references) for each in people], axis=0)[:2]
    found = sure(match(faces, Gallery.of(people, model.calibration), choices))
    near = first <= threshold
    np.testing.assert_allclose(np.array([one.distance for one in found])[near], first[near])
    expected = near & (second - first < model.calibration.margin)
    assert [one.ambiguous for one in found] == expected.tolist()


def test_a_stranger_is_out_of_reach_of_people_of_whom_one_reference_looks_otherwise() -> None:
    looks = [np.concatenate([around(seed, 6, spread=0.02), around(seed + 100, 1)]) for seed in range(20)]
    references = [directions(own) for own in looks]
    gallery = Gallery.of([person(str(number), own) for number, own in enumerate(references)], SFACE.calibration)
    distance = PersonDistance.of(SFACE.calibration, DEFAULTS)
    right_angle = 2 * THRESHOLD**2  # squared distance of directions that have nothing in common
    assert (distance.reach(np.full(20, DEFAULTS.threshold), gallery) < 0.9 * right_angle).all()


def test_damaged_embeddings_match_nobody_and_harm_no_others() -> None:
    faces = around(1, 3)
    faces[1, 5] = np.nan
    references = np.concatenate([around(1, 2), np.full((1, 128), np.inf, np.float32)])
    first, damaged, third = matched(faces, person("Ann", references))
    assert damaged is None
    assert first is not None
    assert third is not None
    assert first.accepted
    assert third.accepted


@given(seed=st.integers(0, 1000), count=st.integers(1, 9))
@settings(deadline=None, max_examples=30)
def test_a_single_reference_matches_itself_at_no_distance(seed: int, count: int) -> None:
    faces = around(seed, count)
    for index in range(count):
        (found,) = sure(matched(faces[index : index + 1], person("Ann", faces[index : index + 1])))
        assert found.distance == pytest.approx(0, abs=1e-6)
        assert found.score == pytest.approx(1, abs=1e-6)


@given(seed=st.integers(0, 1000), order=st.permutations(range(5)))
@settings(deadline=None, max_examples=30)
def test_the_order_of_people_and_of_references_does_not_matter(seed: int, order: list[int]) -> None:
    people = [person(f"person {n}", around(seed + n, 9, spread=0.03)) for n in range(5)]
    shuffled = [person(people[n].name, people[n].references[::-1].copy()) for n in order]
    faces = np.concatenate([around(seed + n, 12, spread=0.03)[9:] for n in range(6)])
    for one, other in zip(sure(matched(faces, *people)), sure(matched(faces, *shuffled)), strict=True):
        assert (one.person, one.accepted, one.ambiguous) == (other.person, other.accepted, other.ambiguous)
        assert one.distance == pytest.approx(other.distance, abs=1e-9)


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_a_person_far_away_changes_nothing(seed: int) -> None:
    faces, people = around(seed, 6), [person("Ann", around(seed, 9)[6:]), person("Bob", around(seed + 1, 3))]
    far = person("Zed", around(seed + 2, 3) + np.float32(5))
    assert matched(faces, *people) == matched(faces, *people, far)


def judged(faces: Embeddings, verdicts: Verdicts, *people: KnownPerson) -> tuple[Match | None, ...]:
    return match(faces, Gallery.of(people, CALIBRATION), DEFAULTS, verdicts)


def test_without_verdicts_nothing_is_otherwise() -> None:
    faces, ann = around(1, 3), person("Ann", around(1, 6)[3:])
    assert judged(faces, Verdicts(), ann) == matched(faces, ann)


def test_a_face_that_somebody_named_is_that_person_whatever_the_distance() -> None:
    faces = np.concatenate([around(1, 1), around(2, 1), around(3, 1)])
    ann, bob = person("Ann", around(1, 4)[1:]), person("Bob", around(2, 4)[1:], threshold=0.001)
    first, second, third = sure(judged(faces, Verdicts(named={0: "Bob", 1: "Bob", 2: "Ann"}), ann, bob))
    assert [(one.person, one.accepted, one.ambiguous) for one in (first, second, third)] == [
        ("Bob", True, False),
        ("Bob", True, False),
        ("Ann", True, False),
    ]
    assert first.distance > 1
    assert second.distance < 0.4
    assert third.distance > 1


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_the_distance_of_a_named_face_is_the_one_that_matching_finds(seed: int) -> None:
    faces, people = around(seed, 4), [person("Ann", around(seed, 9)[4:]), person("Bob", around(seed + 1, 3))]
    verdicts = Verdicts(named=dict.fromkeys(range(4), "Ann"))
    for one, other in zip(sure(judged(faces, verdicts, *people)), sure(matched(faces, *people)), strict=True):
        assert (one.person, one.accepted) == (other.person, other.accepted) == ("Ann", True)
        assert one.distance == pytest.approx(other.distance, abs=1e-6)


def test_two_people_who_are_equally_near_are_not_ambiguous_for_a_face_that_was_named() -> None:
    face = around(1, 1)
    people = person("Ann", face + np.float32(0.02)), person("Bob", face - np.float32(0.0201))
    assert sure(matched(face, *people))[0].ambiguous
    (found,) = sure(judged(face, Verdicts(named={0: "Bob"}), *people))
    assert (found.person, found.accepted, found.ambiguous) == ("Bob", True, False)


def test_a_face_that_is_named_after_somebody_without_references_matches_nobody_else() -> None:
    verdicts = Verdicts(named={0: "Bob"})
    assert judged(around(1, 1), verdicts, person("Ann", around(1, 2))) == (None,)
    assert judged(around(1, 1), verdicts) == (None,)


def test_a_refused_person_is_never_matched_and_the_next_one_may_be() -> None:
    face = around(1, 1)
    ann, near, far = person("Ann", face), person("Bob", face + np.float32(0.02)), person("Cleo", around(2, 1))
    first, second, third = (
        judged(face, Verdicts(refused={0: frozenset(names)}), ann, near, far)[0]
        for names in (["Ann"], ["Ann", "Bob"], ["Ann", "Bob", "Cleo"])
    )
    assert first is not None
    assert (first.person, first.accepted, first.ambiguous) == ("Bob", True, False)
    assert second is not None
    assert (second.person, second.accepted) == ("Cleo", False)
    assert third is None


def test_a_refusal_holds_for_its_face_only_and_those_who_are_not_known_do_not_matter() -> None:
    faces, ann = around(1, 3), person("Ann", around(1, 6)[3:])
    first, second, third = judged(faces, Verdicts(refused={1: frozenset({"Ann", "Zed"})}), ann)
    assert second is None
    assert [found is not None and found.accepted for found in (first, third)] == [True, True]


def test_verdicts_hold_for_the_last_of_many_faces() -> None:
    faces, ann, bob = (
        np.repeat(around(1, 1), 9000, axis=0),
        person("Ann", around(1, 4)[1:]),
        person("Bob", around(2, 1)),
    )
    verdicts = Verdicts(named={8999: "Bob"}, refused={8998: frozenset({"Ann"})})
    *others, refused, named = sure(judged(faces, verdicts, ann, bob))
    assert {(one.person, one.accepted) for one in others} == {("Ann", True)}
    assert (refused.person, refused.accepted) == ("Bob", False)
    assert (named.person, named.accepted) == ("Bob", True)


def test_a_refused_person_makes_no_other_one_ambiguous() -> None:
    face = around(1, 1)
    people = person("Ann", face + np.float32(0.02)), person("Bob", face - np.float32(0.0201))
    (found,) = sure(judged(face, Verdicts(refused={0: frozenset({"Bob"})}), *people))
    assert (found.person, found.accepted, found.ambiguous) == ("Ann", True, False)


@pytest.mark.parametrize("damage", [np.nan, np.inf])
def test_damaged_faces_match_nobody_whatever_was_decided_and_harm_no_others(damage: float) -> None:
    faces = around(1, 4)
    faces[0, 3] = faces[1] = damage
    verdicts = Verdicts(named={0: "Ann", 2: "Ann"}, refused={1: frozenset({"Ann"})})
    first, second, third, fourth = judged(faces, verdicts, person("Ann", around(1, 6)[4:]))
    assert (first, second) == (None, None)
    assert [found is not None and found.accepted for found in (third, fourth)] == [True, True]


def test_real_strangers_are_rarely_matched_and_real_people_rarely_missed() -> None:
    folder = photos.shared_folder("embeddings")
    if folder is None:
        pytest.skip("the shared embeddings are missing")
    data = np.load(folder / "lfw-dev.npz")
    embedding, owner = data["embedding"], np.unique(data["person"], return_inverse=True)[1]
    often = np.flatnonzero(np.bincount(owner) >= 9)[:30]
    registered = {one: np.flatnonzero(owner == one)[:5] for one in often}
    people = [person(f"{one:04}", embedding[rows]) for one, rows in registered.items()]
    rest = np.setdiff1d(np.arange(len(owner)), np.concatenate(list(registered.values())))
    found = sure(matched(embedding[rest], *people))
    known = np.isin(owner[rest], often)
    right = np.array([one.accepted and int(one.person) == who for one, who in zip(found, owner[rest], strict=True)])
    accepted = np.array([one.accepted for one in found])
    assert accepted[~known].mean() < 0.01
    assert right[known].mean() > 0.85
    assert (accepted & ~right)[known].mean() < 0.005
