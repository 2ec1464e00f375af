"""People with very many faces come in one group: groups that are one among a part of the faces are joined."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from familiar.embedding_models import SFACE
from familiar.identity.clustering.grouping import group
from familiar.identity.clustering.linkage import Linkage
from familiar.identity.clustering.plan import FacesToGroup
from familiar.identity.clustering.problem import ClusteringProblem
from familiar.identity.clustering.sample import Sample
from familiar.model import Embeddings
from familiar.settings import ClusteringSettings

LINKAGE = Linkage.of(SFACE.calibration, None)


def looks_of(person: int, count: int) -> Embeddings:
    """Return faces of a person whose looks change in three ways, shape (count, 128)."""
    generator = np.random.default_rng(person)
    centre = generator.normal(size=128)
    ways, _ = np.linalg.qr(generator.normal(size=(128, 3)))
    faces = centre / np.linalg.norm(centre) + generator.normal(scale=0.1, size=(count, 3)) @ ways.T
    unit: Embeddings = (faces / np.linalg.norm(faces, axis=1, keepdims=True)).astype(np.float32)
    return unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Groups of faces, which come in no order: embeddings, shape (n, 128), and the number of each one's group."""

    embeddings: Embeddings
    labels: npt.NDArray[np.intp]

    @classmethod
    def of(cls, *parts: Embeddings) -> "Groups":
        order = np.random.default_rng(5).permutation(sum(map(len, parts)))
        labels = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        return cls(embeddings=np.concatenate(parts)[order], labels=labels[order])

    def joined(self, firm: tuple[bool, ...] = (), apart: tuple[tuple[int, int], ...] = ()) -> list[int]:
        """Return which group each became, as the number of the first one that is the same."""
        problem = ClusteringProblem(
            embeddings=self.embeddings,
            seeds=np.where(self.labels < len(firm), self.labels, -1),
            firm=np.array(firm, np.bool_),
            apart=np.array([[self.face(one), self.face(other)] for one, other in apart], np.intp).reshape(-1, 2),
        )
        sample = Sample.of(LINKAGE, problem, memory=100)
        assert sample is not None
        found = sample.join(problem, self.labels)
        became = [found[self.face(number)] for number in range(int(self.labels.max()) + 1)]
        assert all(len(set(found[self.labels == number])) == 1 for number in range(len(became)))
        return [became.index(one) for one in became]

    def face(self, number: int) -> int:
        """Return the last face of a group, which is not in the sample."""
        return int(np.flatnonzero(self.labels == number)[-1])


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Groups:
    """Three groups of one person, and one of another; a sample has 250 of the 400 faces."""
    monkeypatch.setattr("familiar.identity.clustering.sample._FACES", 250)
    ann = looks_of(1, 300)
    return Groups.of(ann[:100], ann[100:200], looks_of(2, 100), ann[200:])


def test_those_of_one_person_are_joined_and_another_person_is_not(groups: Groups) -> None:
    assert groups.joined() == [0, 0, 2, 0]


def test_one_without_a_face_in_the_sample_stays_as_it_is(groups: Groups, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("familiar.identity.clustering.sample._FACES", 300)
    last = np.argsort(groups.labels == 3, kind="stable")  # behind all others
    assert Groups(embeddings=groups.embeddings[last], labels=groups.labels[last]).joined() == [0, 0, 2, 3]


def test_two_firm_ones_are_never_joined_and_a_free_one_comes_to_one_of_them(groups: Groups) -> None:
    found = groups.joined(firm=(True, True))
    assert found[:3] == [0, 1, 2]
    assert found[3] in {0, 1}
    assert groups.joined(firm=(True, False)) == [0, 0, 2, 0]


def test_those_that_have_faces_in_one_photo_are_not_joined(groups: Groups) -> None:
    found = groups.joined(apart=((0, 1),))
    assert found[:3] == [0, 1, 2]
    assert found[3] in {0, 1}
    assert groups.joined(apart=((0, 2), (1, 2))) == [0, 0, 2, 0]


def test_one_with_faces_of_two_people_stays_as_it_is(groups: Groups) -> None:
    ann, bob = looks_of(1, 200), looks_of(2, 200)
    both = np.concatenate((ann[100:150], bob[100:150]))
    assert Groups.of(ann[:100], both, ann[150:], bob[:100], bob[150:]).joined() == [0, 1, 0, 3, 3]


def test_faces_that_are_apart_in_one_group_do_not_divide_it(groups: Groups) -> None:
    assert groups.joined(apart=((2, 2),)) == [0, 0, 2, 0]


def test_few_faces_need_no_sample(groups: Groups) -> None:
    few = ClusteringProblem.of(groups.embeddings[:250])
    assert Sample.of(LINKAGE, few, memory=100) is None
    assert Sample.of(LINKAGE, ClusteringProblem.of(groups.embeddings[:251]), memory=100) is not None


@pytest.fixture
def few_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A face has 6 neighbours, so that 1,500 faces are as many as tens of thousands are otherwise; a sample has 500."""
    monkeypatch.setattr("familiar.identity.clustering.neighbours._MOST", 8)
    monkeypatch.setattr("familiar.identity.clustering.neighbours._FEWEST", 8)
    monkeypatch.setattr("familiar.identity.clustering.sample._FACES", 400)


@pytest.mark.usefixtures("few_neighbours")
def test_a_person_with_very_many_faces_comes_in_one_cluster() -> None:
    grouping = group(faces_of(looks_of(1, 1500), looks_of(2, 1500)), ClusteringSettings())
    members = [{member.face for member in cluster} for cluster in grouping.fresh]
    assert sorted(members, key=min) == [set(range(1, 1501)), set(range(1501, 3001))]


@pytest.mark.usefixtures("few_neighbours")
def test_clusters_that_were_joined_stay_as_they_are() -> None:
    parts = looks_of(1, 1500), looks_of(2, 1500)
    clusters = np.zeros(3000, np.int64)
    for number, members in enumerate(group(faces_of(*parts), ClusteringSettings()).fresh, start=1):
        clusters[[member.face - 1 for member in members]] = number
    again = group(faces_of(*parts, clusters=clusters), ClusteringSettings())
    assert (again.joined, again.fresh, again.absorbed) == ({}, (), {})


def faces_of(*parts: Embeddings, clusters: Any = None) -> FacesToGroup:
    embeddings = np.concatenate(parts)
    return FacesToGroup(
        ids=np.arange(1, len(embeddings) + 1),
        embeddings=embeddings,
        clusters=np.zeros(len(embeddings), np.int64) if clusters is None else clusters,
        model=SFACE.id,
    )
