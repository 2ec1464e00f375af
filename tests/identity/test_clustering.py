from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.embedding_models import SFACE, THRESHOLD
from familiar.errors import UsageError
from familiar.identity.clustering.algorithms import algorithm
from familiar.identity.clustering.grouping import group
from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.plan import FacesToGroup, Grouping
from familiar.model import Embeddings
from familiar.settings import ClusteringSettings
from support import photos

Name: TypeAlias = Literal["linkage", "whispers", "hdbscan"]
ALGORITHMS: tuple[Name, ...] = ("linkage", "whispers", "hdbscan")
MODEL = "dlib-resnet-v1"
DEFAULTS = ClusteringSettings()

every_algorithm = pytest.mark.parametrize("name", ALGORITHMS)


def someone(seed: int, length: float = 1.4) -> npt.NDArray[np.float64]:
    """The centre of one person's faces."""
    direction: npt.NDArray[np.float64] = np.random.default_rng(seed).normal(size=128)
    return direction / np.linalg.norm(direction) * length


def faces_of(seed: int, count: int, spread: float = 0.02) -> Embeddings:
    """Faces of one person, which are about sixteen times the spread apart: 0.32."""
    noise = np.random.default_rng([seed, 1]).normal(size=(count, 128))
    faces: Embeddings = (someone(seed) + spread * noise).astype(np.float32)
    return faces


def known(
    *embeddings: Embeddings,
    clusters: Sequence[int] | None = None,
    firm: Iterable[int] = (),
    apart: Sequence[tuple[int, int]] = (),
) -> FacesToGroup:
    """Faces with the ids 1, 2, ..., in no clusters unless they are given."""
    stacked = np.concatenate(embeddings)
    return FacesToGroup(
        ids=np.arange(1, len(stacked) + 1, dtype=np.int64),
        embeddings=stacked,
        clusters=np.zeros(len(stacked), np.int64) if clusters is None else np.array(clusters, np.int64),
        model=MODEL,
        firm=frozenset(firm),
        apart=apart,
    )


def members(grouping: Grouping) -> list[list[int]]:
    """The faces of each new cluster."""
    return [[member.face for member in fresh] for fresh in grouping.fresh]


def joined(grouping: Grouping) -> dict[int, list[int]]:
    return {cluster: [member.face for member in found] for cluster, found in grouping.joined.items()}


def after(faces: FacesToGroup, grouping: Grouping) -> FacesToGroup:
    """The faces once a grouping is recorded."""
    cluster_of = dict(zip(faces.ids.tolist(), faces.clusters.tolist(), strict=True))
    cluster_of = {face: grouping.absorbed.get(cluster, cluster) for face, cluster in cluster_of.items()}
    for cluster, found in joined(grouping).items():
        cluster_of.update(dict.fromkeys(found, cluster))
    first = 1 + max([1000, *cluster_of.values()])
    for number, found in enumerate(members(grouping)):
        cluster_of.update(dict.fromkeys(found, first + number))
    return replace(faces, clusters=np.array([cluster_of[face] for face in faces.ids.tolist()], np.int64))


def by_cluster(faces: FacesToGroup) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for face, cluster in zip(faces.ids.tolist(), faces.clusters.tolist(), strict=True):
        if cluster:
            found.setdefault(cluster, set()).add(face)
    return found


def homes(faces: FacesToGroup) -> dict[int, int]:
    return dict(zip(faces.ids.tolist(), faces.clusters.tolist(), strict=True))


@st.composite
def households(draw: st.DrawFn) -> FacesToGroup:
    """A few people, some of whom look alike, with some faces in clusters, some clusters firm, and some faces apart."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = draw(st.lists(st.integers(1, 9), min_size=1, max_size=6))
    centres = [someone(int(random.integers(2**32)), random.uniform(1.25, 1.6)) for _ in sizes]
    for number in range(1, len(sizes)):
        if draw(st.booleans()):  # looks like the one before
            centres[number] = centres[number - 1] + someone(int(random.integers(2**32)), random.uniform(0.2, 0.5))
    person = np.repeat(np.arange(len(sizes)), sizes)
    spread = random.uniform(0.015, 0.04, size=(len(person), 1))
    embeddings = np.stack(centres)[person] + spread * random.normal(size=(len(person), 128))
    if draw(st.booleans()):  # the same file twice
        embeddings[-1] = embeddings[0]
    clusters = np.where(random.random(len(person)) < draw(st.sampled_from((0, 0.3, 0.7))), 1 + person, 0)
    clusters += np.where((clusters > 0) & (random.random(len(person)) < 0.3), 10, 0)  # a person in two clusters
    ids = 1 + random.permutation(3 * len(person))[: len(person)]
    pairs = random.choice(ids, size=(draw(st.integers(0, 6)), 2))
    return FacesToGroup(
        ids=ids.astype(np.int64),
        embeddings=embeddings.astype(np.float32),
        clusters=clusters.astype(np.int64),
        model=MODEL,
        firm=frozenset(int(cluster) for cluster in np.unique(clusters) if cluster and random.random() < 0.4),
        apart=[(int(one), int(other)) for one, other in pairs if one != other],
    )


def grouped(faces: FacesToGroup, name: Name, **changes: Any) -> Grouping:
    return group(faces, DEFAULTS.model_copy(update={"algorithm": name, **changes}))


@every_algorithm
@given(faces=households(), seed=st.integers(0, 2**32), least=st.integers(2, 4))
@settings(deadline=None, max_examples=25)
def test_the_order_of_faces_does_not_matter(faces: FacesToGroup, name: Name, seed: int, least: int) -> None:
    random = np.random.default_rng(seed)
    order = random.permutation(len(faces.ids))
    shuffled = replace(
        faces,
        ids=faces.ids[order],
        embeddings=faces.embeddings[order],
        clusters=faces.clusters[order],
        apart=[(two, one) for one, two in random.permutation(np.array(faces.apart).reshape(-1, 2)).tolist()],
    )
    assert grouped(shuffled, name, min_faces=least) == grouped(faces, name, min_faces=least)


@every_algorithm
@given(faces=households(), least=st.integers(2, 4))
@settings(deadline=None, max_examples=25)
def test_grouping_twice_is_grouping_once(faces: FacesToGroup, name: Name, least: int) -> None:
    again = grouped(after(faces, grouped(faces, name, min_faces=least)), name, min_faces=least)
    assert (again.joined, again.fresh, again.absorbed) == ({}, (), {})


@given(faces=households(), seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=50)
def test_it_does_not_matter_which_numbers_clusters_have(faces: FacesToGroup, seed: int) -> None:
    new = dict(zip(range(1, 21), np.random.default_rng(seed).permutation(range(1, 21)).tolist(), strict=True))
    others = replace(
        faces,
        clusters=np.array([new.get(cluster, 0) for cluster in faces.clusters.tolist()], np.int64),
        firm=frozenset(new[cluster] for cluster in faces.firm),
    )
    one, other = (by_cluster(after(found, grouped(found, "linkage"))) for found in (faces, others))
    assert sorted(map(sorted, one.values())) == sorted(map(sorted, other.values()))


@every_algorithm
@given(faces=households(), least=st.integers(2, 4))
@settings(deadline=None, max_examples=25)
def test_no_bounds_are_overstepped(faces: FacesToGroup, name: Name, least: int) -> None:
    grouping = grouped(faces, name, min_faces=least)
    then = after(faces, grouping)
    before_home, then_home = homes(faces), homes(then)
    assert not set(grouping.absorbed) & faces.firm
    assert not set(grouping.absorbed) & {*grouping.joined, *grouping.absorbed.values()}
    for faces_of_one in by_cluster(faces).values():
        assert len({then_home[face] for face in faces_of_one}) == 1
    for found in by_cluster(then).values():
        assert len({before_home[face] for face in found} & faces.firm) <= 1
    for one, other in faces.apart:
        together = then_home[one] == then_home[other] != 0
        assert not together or before_home[one] == before_home[other] != 0
    assert all(len(fresh) >= least for fresh in grouping.fresh)
    coming = [face for found in (*members(grouping), *joined(grouping).values()) for face in found]
    assert len(set(coming)) == len(coming)
    assert all(before_home[face] == 0 for face in coming)


@every_algorithm
@given(faces=households())
@settings(deadline=None, max_examples=25)
def test_suggestions_come_best_first_and_can_be_followed(faces: FacesToGroup, name: Name) -> None:
    grouping = grouped(faces, name)
    then = after(faces, grouping)
    home, clusters = homes(then), by_cluster(then)
    assert [pair.distance for pair in grouping.alike] == sorted(pair.distance for pair in grouping.alike)
    for pair in grouping.alike:
        one, other = (clusters.get(home[face], {face}) for face in (pair.face, pair.other))
        assert not one & other
        assert not {home[pair.face], home[pair.other]} <= faces.firm
        assert not any({*two} & one and {*two} & other for two in faces.apart)


@every_algorithm
@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_faces_make_no_group(name: Name, count: int) -> None:
    assert grouped(known(faces_of(1, count)), name) == Grouping()


@every_algorithm
@pytest.mark.parametrize("count", [2, 3, 500])
def test_faces_that_are_all_the_same_are_one_group(name: Name, count: int) -> None:
    same = np.repeat(faces_of(1, 1), count, axis=0)
    (fresh,) = grouped(known(same), name).fresh
    assert [member.face for member in fresh] == list(range(1, count + 1))
    assert [member.distance for member in fresh] == pytest.approx([0.0] * count, abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_two_faces_of_one_person_are_grouped_in_any_update_order(seed: int) -> None:
    assert members(
        grouped(known(faces_of(seed, 2, spread=0.02), faces_of(seed + 100, 2, spread=0.02)), "whispers")
    ) == [
        [1, 2],
        [3, 4],
    ]


@pytest.mark.parametrize("count", [66_000, 12_000, 9_000])
def test_each_of_many_faces_finds_its_twin(count: int) -> None:
    """More faces than are compared with all others, and more than are looked for at once."""
    centres = np.random.default_rng(3).normal(size=(count // 2, 16))
    pairs = np.repeat(centres / np.linalg.norm(centres, axis=1, keepdims=True) * 30, 2, axis=0)
    pairs[1::2, 0] += 0.1
    found = Neighbours.of(pairs.astype(np.float32), within=0.2, memory=1_000)
    assert np.array_equal(found.others[:, 0], np.arange(count) ^ 1)
    assert np.allclose(found.distances[:, 0], 0.1, atol=0.01)


@every_algorithm
def test_two_people_are_two_groups_and_the_larger_comes_first(name: Name) -> None:
    grouping = grouped(known(faces_of(1, 3), faces_of(2, 5), faces_of(3, 1)), name)
    assert members(grouping) == [[4, 5, 6, 7, 8], [1, 2, 3]]
    assert (grouping.joined, grouping.absorbed, grouping.alike) == ({}, {}, ())


def test_the_distance_of_a_member_is_that_to_the_centre_of_its_cluster() -> None:
    ann = faces_of(1, 6)
    grouping = grouped(known(ann, clusters=[7, 7, 7, 7, 0, 0]), "linkage")
    expected = np.linalg.norm(ann - ann.mean(axis=0), axis=1)[4:]
    assert [member.distance for member in grouping.joined[7]] == pytest.approx(expected.tolist(), abs=1e-5)


@every_algorithm
@pytest.mark.parametrize("damage", [np.nan, np.inf, -np.inf, 1e30])
def test_damaged_embeddings_are_left_alone_and_harm_no_others(name: Name, damage: float) -> None:
    faces = faces_of(1, 6)
    faces[1, 5] = damage
    faces[4] = damage
    assert members(grouped(known(faces), name)) == [[1, 3, 4, 6]]


@every_algorithm
def test_if_all_embeddings_are_damaged_there_are_no_groups(name: Name) -> None:
    faces = known(np.full((4, 128), np.nan, np.float32), clusters=[3, 3, 0, 0], firm=[3], apart=[(1, 3)])
    assert grouped(faces, name) == Grouping()


@every_algorithm
def test_who_is_apart_from_a_damaged_face_is_apart_from_its_whole_cluster(name: Name) -> None:
    ann = faces_of(1, 5)
    ann[0] = np.nan
    assert joined(grouped(known(ann, clusters=[7, 7, 7, 0, 0], apart=[(5, 1)]), name)) == {7: [4]}


@every_algorithm
def test_a_face_of_the_same_photo_never_joins(name: Name) -> None:
    faces = known(faces_of(1, 8), clusters=[7, 7, 7, 7, 7, 0, 0, 0], apart=[(7, 3)])
    assert joined(grouped(faces, name)) == {7: [6, 8]}


@every_algorithm
def test_of_two_faces_of_one_photo_only_one_comes_into_a_new_cluster(name: Name) -> None:
    grouping = grouped(known(faces_of(1, 8), apart=[(2, 5), (5, 6)]), name)
    (fresh,) = members(grouping)
    assert fresh in ([1, 2, 3, 4, 6, 7, 8], [1, 3, 4, 5, 7, 8])


@pytest.mark.parametrize("name", ["whispers", "hdbscan"])
def test_who_must_not_meet_somebody_in_the_nearest_cluster_goes_to_the_next_one(name: Name) -> None:
    ann = faces_of(1, 9)
    clusters = [3, 3, 3, 3, 5, 5, 5, 5, 0]
    (chosen,) = joined(grouped(known(ann, clusters=clusters), name))
    barred = known(ann, clusters=clusters, apart=[(9, 1 + clusters.index(chosen))])
    assert joined(grouped(barred, name)) == {8 - chosen: [9]}


@every_algorithm
def test_new_faces_join_and_every_old_face_stays_where_it_is(name: Name) -> None:
    ann, bob = faces_of(1, 9), faces_of(2, 9)
    clusters = [4] * 6 + [0] * 3 + [9] * 6 + [0] * 3
    grouping = grouped(known(ann, bob, clusters=clusters), name)
    assert joined(grouping) == {4: [7, 8, 9], 9: [16, 17, 18]}
    assert (grouping.fresh, grouping.absorbed) == ((), {})


@every_algorithm
def test_many_people_with_few_photos_are_no_large_group(name: Name) -> None:
    random = np.random.default_rng(1)
    people = np.zeros((400, 128))
    people[:, :16] = 0.16 * random.normal(size=(400, 16))  # the nearest others are not much farther than oneself
    who = np.repeat(np.arange(400), random.choice([1, 1, 2, 3], size=400))
    faces = people[who] + 0.022 * random.normal(size=(len(who), 128))
    assert max(map(len, members(grouped(known(faces.astype(np.float32)), name)))) <= 6


@every_algorithm
def test_named_clusters_take_in_faces_but_are_never_joined(name: Name) -> None:
    grouping = grouped(known(faces_of(1, 9), clusters=[4] * 4 + [9] * 4 + [0], firm=[4, 9]), name)
    assert grouping.absorbed == {}
    assert sorted(joined(grouping)) in ([4], [9])


@pytest.mark.parametrize(("firm", "stays"), [([], 9), ([4], 4), ([9], 9)])
def test_the_larger_cluster_takes_in_the_smaller_unless_the_smaller_is_firm(firm: list[int], stays: int) -> None:
    grouping = grouped(known(faces_of(1, 9, spread=0.015), clusters=[4] * 3 + [9] * 6, firm=firm), "linkage")
    assert grouping.absorbed == {13 - stays: stays}


def test_of_clusters_of_one_size_the_older_one_stays() -> None:
    assert grouped(known(faces_of(1, 6, spread=0.015), clusters=[9, 4] * 3), "linkage").absorbed == {9: 4}


@every_algorithm
def test_groups_of_fewer_faces_than_wanted_are_not_made(name: Name) -> None:
    faces = known(faces_of(1, 3, spread=0.02), faces_of(2, 5, spread=0.02))
    assert members(grouped(faces, name, min_faces=4)) == [[4, 5, 6, 7, 8]]
    assert members(grouped(faces, name, min_faces=6)) == []


def look_alikes(apart_by: float) -> tuple[Embeddings, Embeddings]:
    """Faces of two people whose centres are so far apart."""
    one = faces_of(1, 5, spread=0.02)
    other = faces_of(1, 10, spread=0.02)[5:] + someone(2, apart_by).astype(np.float32)
    return one, other


def test_groups_that_are_nearly_near_enough_are_suggested_as_one() -> None:
    found = [grouped(known(*look_alikes(distance)), "linkage") for distance in np.linspace(0.25, 0.75, 26)]
    kinds = [(len(grouping.fresh), len(grouping.alike)) for grouping in found]
    assert kinds == sorted(kinds, key=[(1, 0), (2, 1), (2, 0)].index)
    assert {(1, 0), (2, 1), (2, 0)} == set(kinds)
    (pair,) = next(grouping.alike for grouping in found if grouping.alike)
    assert sorted((pair.face <= 5, pair.other <= 5)) == [False, True]


@pytest.mark.parametrize("bounds", [{"apart": [(2, 8)]}, {"firm": [3, 4]}], ids=["apart", "firm"])
def test_groups_that_may_not_be_one_are_not_suggested(bounds: Mapping[str, Any]) -> None:
    cases = [known(*look_alikes(distance), clusters=[3] * 5 + [4] * 5) for distance in np.linspace(0.25, 0.75, 26)]
    suggesting = [faces for faces in cases if grouped(faces, "linkage").alike]
    assert suggesting
    assert all(grouped(replace(faces, **bounds), "linkage").alike == () for faces in suggesting)


@pytest.mark.parametrize("firm", [3, 5])
def test_a_firm_cluster_that_takes_in_another_stays_firm(firm: int) -> None:
    cases = [
        known(*look_alikes(distance), clusters=[3, 5] * 2 + [3] + [4] * 5) for distance in np.linspace(0.25, 0.75, 26)
    ]
    for faces in cases:
        grouping = grouped(replace(faces, firm=frozenset({firm, 4})), "linkage")
        assert grouping.absorbed == {8 - firm: firm}
        assert grouping.alike == ()


def test_a_larger_threshold_than_usual_reaches_as_far_as_it_says() -> None:
    far = faces_of(1, 3, spread=0.045)
    apart = np.linalg.norm(far[[0, 0, 1]] - far[[1, 2, 2]], axis=1)
    assert 0.65 < apart.min() < apart.max() < 0.8
    for name in ALGORITHMS:
        assert members(grouped(known(far), name)) == []
        assert members(grouped(known(far), name, threshold=0.9)) == [[1, 2, 3]]


def test_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        algorithm("k-means", None, SFACE.calibration)
    assert str(caught.value) == "'k-means' is not an algorithm; use one of linkage, whispers, hdbscan."


def test_the_same_distances_mean_less_for_the_mirrored_model() -> None:
    pairs = []
    for number, distance in enumerate(np.linspace(0.42, 0.5, 80)):
        one = someone(number, 1.45)
        pairs.append(np.stack((one, one + someone(number + 1000, distance))).astype(np.float32))
    faces = known(*pairs)
    usual, mirrored = (
        len(grouped(replace(faces, model=model), "linkage").fresh) for model in (MODEL, "dlib-resnet-v1-mirrored")
    )
    assert 5 < mirrored < usual < 80


def test_what_all_faces_have_in_common_brings_nobody_together() -> None:
    mean, random = np.array(SFACE.calibration.mean_direction), np.random.default_rng(1)
    others = random.normal(size=(8, 128))
    strangers = others / np.linalg.norm(others, axis=1, keepdims=True) + 3.2 * mean
    directions = (THRESHOLD * strangers / np.linalg.norm(strangers, axis=1, keepdims=True)).astype(np.float32)
    as_sface, as_another = (replace(known(directions), model=model) for model in (SFACE.id, "another"))
    assert grouped(as_sface, "linkage").fresh == ()
    assert members(grouped(as_another, "linkage")) == [[1, 2, 3, 4, 5, 6, 7, 8]]


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How well groups agree with people: per face (B-cubed), and per pair of faces."""

    precision: float
    recall: float
    pairs: float

    @property
    def f(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def quality(labels: npt.NDArray[Any], people: npt.NDArray[Any]) -> Quality:
    """A. Bagga, B. Baldwin, Entity-Based Cross-Document Coreferencing Using the Vector Space Model, COLING 1998."""
    labels, people = (np.unique(values, return_inverse=True)[1] for values in (labels, people))
    _, both, common = np.unique(labels * (people.max() + 1) + people, return_inverse=True, return_counts=True)
    sizes = np.bincount(labels)
    return Quality(
        precision=float((common[both] / sizes[labels]).mean()),
        recall=float((common[both] / np.bincount(people)[people]).mean()),
        pairs=float((common * (common - 1)).sum() / (sizes * (sizes - 1)).sum()),
    )


def groups(faces: FacesToGroup) -> npt.NDArray[np.int64]:
    """The cluster of each face; that of a face that is in none is one of its own."""
    return np.where(faces.clusters > 0, faces.clusters, -faces.ids)


def test_quality_is_measured_as_it_is_defined() -> None:
    found = quality(np.array([1, 1, 1, 2, 3]), np.array([1, 1, 2, 2, 3]))
    assert found.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert found.recall == pytest.approx((1 + 1 + 1 / 2 + 1 / 2 + 1) / 5)
    assert found.pairs == pytest.approx(1 / 3)


@pytest.fixture(scope="module")
def real_faces() -> tuple[FacesToGroup, npt.NDArray[Any]]:
    """Faces of many people with few photos and of few with many, and whose they are."""
    folder = photos.shared_folder("embeddings")
    if folder is None:
        pytest.skip("the shared embeddings are missing")
    files = [np.load(folder / name) for name in ("lfw-dev.npz", "dense-dev.npz")]
    people = np.concatenate([np.char.add(f"{number} ", file["person"]) for number, file in enumerate(files)])
    return known(*(file["embedding"] for file in files)), people


def test_real_people_are_grouped_well(real_faces: tuple[FacesToGroup, npt.NDArray[Any]]) -> None:
    faces, people = real_faces
    found = quality(groups(after(faces, group(faces, DEFAULTS))), people)
    assert found.f >= 0.955
    assert found.pairs >= 0.99


def part(faces: FacesToGroup, rows: npt.NDArray[Any]) -> FacesToGroup:
    return replace(faces, ids=faces.ids[rows], embeddings=faces.embeddings[rows], clusters=faces.clusters[rows])


def company(faces: FacesToGroup, old: Iterable[int]) -> dict[int, frozenset[int]]:
    """The old faces that are in one cluster with each of them."""
    known_before = frozenset(old)
    together = {cluster: frozenset(found & known_before) for cluster, found in by_cluster(faces).items()}
    home = homes(faces)
    return {face: together.get(home[face], frozenset({face})) for face in known_before}


def test_new_photos_move_no_named_face_and_hardly_any_other(real_faces: tuple[FacesToGroup, npt.NDArray[Any]]) -> None:
    order = np.random.default_rng(1).permutation(len(real_faces[0].ids))
    begun = part(real_faces[0], order[:10_000])
    begun = after(begun, group(begun, DEFAULTS))
    sizes = {cluster: len(found) for cluster, found in by_cluster(begun).items()}
    named = frozenset(sorted(sizes, key=lambda cluster: -sizes[cluster])[:20])
    home = homes(begun)
    before = company(begun, home)
    for count in (1, 10, 1000):
        clusters = np.concatenate((begun.clusters, np.zeros(count, np.int64)))
        grown = replace(part(real_faces[0], order[: 10_000 + count]), clusters=clusters, firm=named)
        grown = after(grown, group(grown, DEFAULTS))
        then, now = homes(grown), company(grown, home)
        moved = [face for face, cluster in home.items() if then[face] != cluster and now[face] != before[face]]
        assert not [face for face in moved if home[face] in named]
        assert len(moved) <= 0.01 * sum(cluster not in named for cluster in home.values())


def test_a_looser_threshold_only_groups_more_and_existing_clusters_stay() -> None:
    people = [faces_of(seed, 6, spread=0.02 + 0.001 * seed) for seed in range(10)]
    strict = known(*people)
    strict = after(strict, grouped(strict, "linkage", threshold=0.35))
    loose = after(strict, grouped(strict, "linkage", threshold=0.6))
    kept, found = by_cluster(strict), by_cluster(loose)
    assert len(kept) > 3
    assert len(found) == 10
    assert sum(map(len, kept.values())) < 60 == sum(map(len, found.values()))
    assert all(faces <= found[cluster] for cluster, faces in kept.items() if cluster in found)
    assert all(any(faces <= more for more in found.values()) for faces in kept.values())
