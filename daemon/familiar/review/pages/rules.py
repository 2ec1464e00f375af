"""The rules as they are, and what they would do with known photos; nothing is changed here."""

from collections.abc import Sequence
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.api.rules import CheckedRules
from familiar.errors import UsageError
from familiar.library.rule_application import KnownPlan, KnownPlans

PLANS = 40
"""Photos of a part of the preview."""

_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRules:
    """The rules, or what is wrong with them."""

    rules: CheckedRules | None
    wrong: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFace:
    """A face that stands for its photo."""

    id: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlans:
    """A part of the preview."""

    found: KnownPlans

    def face(self, plan: KnownPlan) -> PlannedFace | None:
        """Return the face that stands for a photo: the first that is known to be somebody, or else the first."""
        faces = sorted(plan.faces, key=lambda face: face.person is None)
        return PlannedFace(id=faces[0].face.id or 0, hash=plan.hash) if faces else None

    def people(self, plan: KnownPlan) -> Sequence[str]:
        """Return who is in a photo."""
        return sorted({face.person for face in plan.faces if face.person is not None})


def show_rules(library: Library) -> ShownRules:
    """Return the rules, or what is wrong with them."""
    try:
        return ShownRules(rules=library.rules.check(), wrong=None)
    except UsageError as error:
        return ShownRules(rules=None, wrong=str(error))


def preview_rules(library: Library, after: int) -> ShownPlans:
    """Return what the rules would do with known photos after one."""
    return ShownPlans(found=library.rules.preview(after=after, most=PLANS, seconds=_SECONDS))
