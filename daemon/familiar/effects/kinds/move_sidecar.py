"""Move or copy a sidecar with its photo, after an earlier step of the same plan."""

import os
from dataclasses import dataclass
from typing import ClassVar

from familiar.effects.journal import Step
from familiar.effects.kinds.following import Following, FollowingKind
from familiar.effects.kinds.surroundings import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveSidecar(Following):
    """Put a sidecar beside its photo."""

    kind: ClassVar[str] = "sidecar"


class MoveSidecarKind(FollowingKind[MoveSidecar]):
    """What is known of the sidecar goes along."""

    name = "move_sidecar"
    value = MoveSidecar

    def follow(self, wish: MoveSidecar, step: Step, records: Records) -> None:  # noqa: ARG002
        """Record the sidecar at its new path."""
        assert step.target is not None
        assert step.source is not None
        records.hand_over_sidecar(step.source, step.target, moves=not os.path.lexists(step.source))

    def follow_back(self, wish: MoveSidecar, step: Step, records: Records) -> None:
        """Record the sidecar at its former path, or forget the copy."""
        if step.target is None or step.source is None:
            return
        is_gone = not os.path.lexists(step.target)
        if wish.moves:
            records.hand_over_sidecar(step.target, step.source, moves=is_gone)
        elif is_gone:
            records.forget_sidecar(step.target)
