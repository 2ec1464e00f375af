"""Questions of which each is answered with one key: is this NAME, and are these the same person?"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.errors import UsageError
from familiar.store.clusters.clusters import ClusterFace, ClusterRow
from familiar.store.clusters.suggestions import Suggestion
from familiar.store.people import PersonState
from familiar.store.views.representative_faces import RepresentativeFace

QUESTIONS = 15
"""Questions of a part of the page; the script asks for more before they are answered."""

_FACES = 6
"""Faces of each side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about a group: whether it is a person, or the same person as another group.

    Without a group, the question is about one face. `faces` are those of the group, `others` those of the person or the
    other group. `named` counts photos that have the name of the person on Flickr.
    """

    group: ClusterRow | None
    faces: Sequence[ClusterFace | RepresentativeFace]
    person: PersonState | None
    other: ClusterRow | None
    others: Sequence[ClusterFace | RepresentativeFace]
    named: int

    @property
    def id(self) -> str:
        """What tells this question from all others."""
        one = f"face {self.faces[0].id}" if self.group is None else str(self.group.id)
        if self.other is not None:
            return f"{one}-{self.other.id}"
        return f"{one}-{'' if self.person is None else self.person.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionList:
    """The first questions, and how many there are in all."""

    questions: Sequence[Question]
    total: int


def list_questions(library: Library, open_ones: Sequence[Suggestion]) -> QuestionList:
    """Return the first of the questions that are open; one about what is gone in the meantime is left out."""
    questions: list[Question] = []
    for one in open_ones:
        if len(questions) == QUESTIONS:
            break
        with suppress(UsageError):
            questions.append(_question(library, one))
    return QuestionList(questions=questions, total=len(open_ones))


def _question(library: Library, suggestion: Suggestion) -> Question:
    clusters, people = library.clusters, library.people
    group = None if suggestion.cluster is None else clusters.find(suggestion.cluster)
    other = None if suggestion.other is None else clusters.find(suggestion.other)
    person = None if suggestion.person is None else people.state(people.id_of(suggestion.person))
    return Question(
        group=group,
        faces=library.faces.shown([suggestion.face or 0]) if group is None else clusters.faces(group.id, most=_FACES),
        person=person,
        other=other,
        others=people.likenesses(person.name, most=_FACES)
        if person is not None
        else clusters.faces(suggestion.other or 0, most=_FACES),
        named=suggestion.named,
    )
