"""What the rules decide for one photo."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from familiar.model import (
    Crop,
    Link,
    Move,
    MoveSidecar,
    Operation,
    Plan,
    RecognisedFace,
    Refusal,
    Subject,
    Tag,
    WriteSidecar,
)
from familiar.names import name_key
from familiar.rules.actions import Action, CropAction, Step, TagAction
from familiar.rules.conditions import ANY, Condition
from familiar.tags import clean_tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """If the condition holds, the actions are taken; `people` are the names that the rule has.

    `ranked` are keys of names, or `any`: those for whom the rule compares a photo with all others (`percentile`).
    """

    name: str
    when: Condition
    then: tuple[Action, ...]
    people: frozenset[str] = frozenset()
    ranked: frozenset[str] = frozenset()

    @property
    def tags(self) -> bool:
        """Whether the rule gives tags."""
        return any(isinstance(action, TagAction) for action in self.then)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Rules in their order; all that match apply. `version` changes with the text that they were read from."""

    rules: tuple[Rule, ...] = ()
    version: str = field(default="", compare=False)

    def people(self) -> frozenset[str]:
        """Return the names of people that the rules have."""
        return frozenset(name for rule in self.rules for name in rule.people)

    def tops(self) -> tuple[Path, ...]:
        """Return the folders that the targets of the rules never lead out of, each once."""
        return tuple(dict.fromkeys(top for rule in self.rules for action in rule.then for top in action.tops))

    def tagging(self) -> frozenset[str]:
        """Return the names of the rules that give tags."""
        return frozenset(rule.name for rule in self.rules if rule.tags)

    def rank(self, subject: Subject, standing: Callable[[str, float], tuple[float, float] | None]) -> Subject:
        """Return a photo with the percentiles of those people for whom the rules ask for them.

        Args:
            subject: the photo.
            standing: gives the percentiles of a person's score, the lowest and the highest.
        """
        asked = frozenset(key for rule in self.rules for key in rule.ranked)
        if not asked:
            return subject

        def ranked(face: RecognisedFace) -> RecognisedFace:
            if face.match is None or face.person is None or not {ANY, name_key(face.person)} & asked:
                return face
            return replace(face, percentiles=standing(face.person, face.match.score))

        return replace(subject, faces=tuple(map(ranked, subject.faces)))


NOT_REMOTE = "it does not come from Flickr, where tags go"
NOT_MOVED = "a photo on Flickr is not moved; copy it"
NOT_LINKED = "the file of a photo on Flickr does not stay; copy it, or link with kind: hard"


def plan_for(rules: Rules, subject: Subject) -> Plan:
    """Decide what is to be done with a photo.

    Copies and crops come first, then the one move, then links, which are to lead to where the photo is in the end. A
    photo moves at most once; what is where it should be already is not done again.
    """
    first: list[Operation] = []
    links: list[Operation] = []
    move: Move | None = None
    refusals: list[Refusal] = []
    for step in _steps(rules, subject):
        reason = None if isinstance(step, Refusal) else _unfit(step, subject)
        match step:
            case Refusal():
                refusals.append(step)
            case _ if reason is not None:
                refusals.append(Refusal(rule=step.rule, kind=step.kind, reason=reason))
            case Move() if move is not None and move.target != step.target:
                reason = f"a photo moves at most once, and rule {move.rule!r} moves it already"
                refusals.append(Refusal(rule=step.rule, kind="move", reason=reason))
            case Move():
                move = move or step
            case Link():
                links.append(step)
            case _:
                first.append(step)
    whole = [*first, *([move] if move is not None else []), *links]
    return Plan(operations=_distinct(whole, subject), refusals=tuple(refusals))


def _unfit(step: Operation, subject: Subject) -> str | None:
    """Return why a step can't be done for a photo, by where it came from."""
    match step:
        case Tag() if not subject.is_remote:
            return NOT_REMOTE
        case Move() if subject.is_remote:
            return NOT_MOVED
        case Link(symbolic=True) if subject.is_remote:
            return NOT_LINKED
        case _:
            return None


def following(operations: Iterable[Operation], still: Path, clip: Path) -> Plan:
    """Return the plan for the clip of a live photo: it goes where its still goes, under the same name.

    Args:
        operations: those of the still, as planned or with the targets where they were done.
        still: where the still lay before.
        clip: where the clip lies.
    """
    along = (
        replace(
            operation, target=operation.target.with_name(operation.target.name.removesuffix(still.suffix) + clip.suffix)
        )
        for operation in operations
        if not isinstance(operation, Crop | WriteSidecar | MoveSidecar | Tag)
    )
    return Plan(operations=tuple(operation for operation in along if operation.target != clip))


def _steps(rules: Rules, subject: Subject) -> Iterator[Step]:
    for rule in rules.rules:
        holds = rule.when.check(subject)
        if holds is None:
            continue
        recognised = tuple(face for face in subject.faces if face.person is not None)
        for action in rule.then:
            every = subject.faces if isinstance(action, CropAction) else recognised
            faces = holds.faces if holds.faces is not None else every
            yield from action.steps(subject, faces, rule.name)
            if action.stops:
                return


def _distinct(operations: list[Operation], subject: Subject) -> tuple[Operation, ...]:
    """Leave out what is asked for twice, and what would put the photo where it is."""
    chosen: dict[tuple[object, ...], Operation] = {}
    for operation in operations:
        if isinstance(operation, Tag):
            chosen.setdefault((operation.kind, clean_tag(operation.text)), operation)
            continue
        part = (operation.box, operation.time) if isinstance(operation, Crop) else None
        if part is not None or operation.target != subject.path:
            chosen.setdefault((operation.kind, operation.target, part), operation)
    return tuple(chosen.values())
