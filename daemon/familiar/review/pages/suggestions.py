"""Questions of which each is answered with one key: is this NAME, and are these the same person?"""

from collections.abc import Sequence
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.store.clusters.clusters import ClusterFace, ClusterRow
from familiar.store.clusters.suggestions import Suggestion
from familiar.store.views.representative_faces import RepresentativeFace

QUESTIONS = 30
"""Questions of a part of the page; the script asks for more before they are answered."""

_FACES = 6
"""Faces of each side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about a group: whether it is a person, or the same person as another group.

    `faces` are those of the group, `others` those of the person or the other group.
    """

    group: ClusterRow
    faces: Sequence[ClusterFace]
    person: str | None
    other: ClusterRow | None
    others: Sequence[ClusterFace | RepresentativeFace]

    @property
    def id(self) -> str:
        """What tells this question from all others."""
        return f"{self.group.id}-{self.other.id if self.other is not None else self.person}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionList:
    """The first questions, and how many there are in all."""

    questions: Sequence[Question]
    total: int


def list_questions(library: Library) -> QuestionList:
    """Return the first questions, the best first."""
    found = library.clusters.suggestions()
    return QuestionList(questions=[_question(library, one) for one in found[:QUESTIONS]], total=len(found))


def _question(library: Library, suggestion: Suggestion) -> Question:
    clusters = library.clusters
    other = None if suggestion.other is None else clusters.find(suggestion.other)
    others: Sequence[ClusterFace | RepresentativeFace] = (
        library.people.likenesses(suggestion.person or "", most=_FACES)
        if other is None
        else clusters.faces(other.id, most=_FACES)
    )
    return Question(
        group=clusters.find(suggestion.cluster),
        faces=clusters.faces(suggestion.cluster, most=_FACES),
        person=suggestion.person,
        other=other,
        others=others,
    )
