"""The plan that rules make for one photo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from familiar.clip_names import beside
from familiar.model import Operation, PhotoOperation, Plan, RecognisedFace, Refusal, Subject

if TYPE_CHECKING:
    from familiar.photo_details import Album
    from familiar.rules.rule import Rule
    from familiar.rules.then import Action, Step, Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Rules in order; all that match apply. `version` changes with the text that they were read from."""

    rules: tuple[Rule, ...] = ()
    version: str = field(default="", compare=False)

    def people(self) -> frozenset[str]:
        """Return the names of people in the rules."""
        return frozenset(name for rule in self.rules for name in rule.people)

    def doubts(self, *, without_albums: Sequence[str] = ()) -> tuple[str, ...]:
        """Return what may be meant otherwise in the rules.

        `without_albums` names the sources on Flickr whose albums are not known.
        """
        unknown = ((rule.name, one) for rule in self.rules for one in without_albums if rule.asks_for_albums_of(one))
        return (
            *(doubt for rule in self.rules for doubt in rule.doubts),
            *(
                f"rule {name!r}: asks for albums, which are not known for the source {source}; set albums for it in "
                "flickr, to all for every photo"
                for name, source in unknown
            ),
        )

    def tops(self) -> tuple[Path, ...]:
        """Return the folders that the targets of the rules stay in, each once."""
        targets = [action.target for rule in self.rules for action in rule.actions]
        return tuple(dict.fromkeys(target.top for target in targets if target is not None and target.top is not None))

    def tagging(self) -> frozenset[str]:
        """Return the names of the rules that give tags."""
        return frozenset(rule.name for rule in self.rules if rule.tags)

    def rank(self, subject: Subject, standing: Callable[[str, float], tuple[float, float] | None]) -> Subject:
        """Return a photo with the percentiles that the rules ask for.

        Args:
            subject: the photo.
            standing: returns the lowest and the highest percentile of a person's score.
        """

        def ranked(face: RecognisedFace) -> RecognisedFace:
            person = face.person
            if face.match is None or person is None or not any(rule.ranks(person) for rule in self.rules):
                return face
            return replace(face, percentiles=standing(person, face.match.score))

        return replace(subject, faces=tuple(map(ranked, subject.faces)))


def plan_for(rules: Rules, subject: Subject) -> Plan:
    """Decide what to do with a photo.

    Copies and crops come first, then the one move, then links, so that they lead to the final place. A photo moves at
    most once; an operation whose target is the photo itself is left out.
    """
    wishes: list[tuple[int, Wish]] = []
    move: Operation | None = None
    refusals: list[Refusal] = []
    for action, step in _steps(rules, subject):
        if isinstance(step, Refusal):
            refusals.append(step)
            continue
        operation = step.operation
        reason = action.unfit(subject) or _second_move(operation, move)
        if reason is not None:
            refusals.append(Refusal(rule=operation.rule, kind=operation.kind, reason=reason))
            continue
        if _moves_photo(operation):
            move = move or operation
        wishes.append((action.turn, step))
    in_turn = [wish for _, wish in sorted(wishes, key=lambda each: each[0])]
    return Plan(operations=_distinct(in_turn, subject), refusals=tuple(refusals))


def _second_move(operation: Operation, move: Operation | None) -> str | None:
    """Return why an operation can't be done after a move, or None."""
    if move is None or not _moves_photo(operation) or operation.destination == move.destination:
        return None
    return f"a photo moves at most once, and rule {move.rule!r} moves it already"


def _moves_photo(operation: Operation) -> bool:
    return isinstance(operation, PhotoOperation) and operation.moves_photo


def following(operations: Iterable[Operation], still: Path, clip: Path) -> Plan:
    """Return the plan for the clip of a live photo: it follows its still, and its name keeps its form.

    Args:
        operations: the operations on the still, as planned, or with the targets where they were done.
        still: path of the still before them.
        clip: path of the clip.
    """
    along = (
        replace(operation, target=beside(clip, still, operation.target))
        for operation in operations
        if isinstance(operation, PhotoOperation)
    )
    return Plan(operations=tuple(operation for operation in along if operation.target != clip))


def _steps(rules: Rules, subject: Subject) -> Iterator[tuple[Action, Step]]:
    for rule in rules.rules:
        holds = rule.check(subject)
        if holds is None:
            continue
        recognised = tuple(face for face in subject.faces if face.person is not None)
        seen = subject if holds.albums is None else _in_albums(subject, holds.albums)
        for action in rule.actions:
            every = subject.faces if action.takes_unknown else recognised
            faces = holds.faces if holds.faces is not None else every
            for step in action.steps(seen, faces, rule.name):
                yield action, step
            if action.stops:
                return


def _in_albums(subject: Subject, albums: tuple[Album, ...]) -> Subject:
    """Return a photo as if it were only in those albums that a rule is about."""
    return subject if subject.flickr is None else replace(subject, flickr=replace(subject.flickr, albums=albums))


def _distinct(wishes: Iterable[Wish], subject: Subject) -> tuple[Operation, ...]:
    """Leave out repeated operations, and those whose target is the photo itself."""
    chosen: dict[tuple[object, ...], Operation] = {}
    for wish in wishes:
        operation = wish.operation
        if isinstance(operation, PhotoOperation) and operation.target == subject.path:
            continue
        chosen.setdefault((operation.kind, wish.key), operation)
    return tuple(chosen.values())
