"""Move or copy a companion that is no sidecar with its photo, after an earlier step of the same plan."""

from dataclasses import dataclass
from typing import ClassVar

from familiar.effects.journal import Step
from familiar.effects.kinds.following import Following, FollowingKind
from familiar.effects.kinds.surroundings import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCompanion(Following):
    """Put a companion beside its photo."""

    kind: ClassVar[str] = "companion"


class MoveCompanionKind(FollowingKind[MoveCompanion]):
    """Nothing is known of a companion, unless it is a RAW file or a picture, which is a photo of its own."""

    name = "move_companion"
    value = MoveCompanion

    def follow(self, wish: MoveCompanion, step: Step, records: Records) -> None:
        """Record a photo at its new path."""
        if wish.form.is_of_media and step.source is not None and step.target is not None:
            records.hand_over_photo(step.source, step.target)

    def follow_back(self, wish: MoveCompanion, step: Step, records: Records) -> None:
        """Record a photo at its former path."""
        if wish.form.is_of_media and step.source is not None and step.target is not None:
            records.hand_over_photo(step.target, step.source)
