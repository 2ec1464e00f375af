"""Let the companions of photos follow them: which files these are, and what is done with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.companions.finding import Companion, Companions
from familiar.effects.kinds.following import Following
from familiar.effects.kinds.move_companion import MoveCompanion
from familiar.effects.kinds.move_sidecar import MoveSidecar
from familiar.model import PhotoOperation
from familiar.settings import Settings
from familiar.sources.sidecars import sidecars_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanionRules:
    """Which companions follow a photo: all when it is moved, and when it is copied those that are asked for."""

    companions: Companions
    copies: bool = False
    copies_sidecars: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "CompanionRules":
        """Return those of the settings; a library with sidecars copies them, too."""
        section = settings.companions
        return cls(
            companions=Companions(section.forms, pairs=section.pairs),
            copies=section.copies,
            copies_sidecars=section.copies or settings.sidecars.any,
        )

    def following(self, wish: PhotoOperation, photo: Path, *, behind: int) -> list[Following]:
        """Return what lets the companions beside a photo follow it, in the order in which it is done.

        Args:
            wish: what is done with the photo.
            photo: where it is.
            behind: the position of that operation in its plan.
        """
        if not wish.takes_companions:
            return []
        found = self.companions.of(photo.name, _names_beside(photo))
        return [
            _following(one, wish, photo, behind=behind)
            for one in found
            if wish.moves_photo or self.copies or (self.copies_sidecars and one.is_sidecar)
        ]


def _following(one: Companion, wish: PhotoOperation, photo: Path, *, behind: int) -> Following:
    name = one.form.renamed(one.name, photo.name, wish.target.name)
    assert name is not None, "it was found by its form"
    kind = MoveSidecar if one.is_sidecar else MoveCompanion
    return kind(
        target=wish.target.with_name(name),
        rule=wish.rule,
        file=photo.with_name(one.name),
        behind=behind,
        moves=wish.moves_photo,
        form=one.form,
    )


def _names_beside(photo: Path) -> Sequence[str]:
    """Return the names beside a photo; of a folder that can't be listed, those that can be guessed."""
    try:
        return sorted(path.name for path in photo.parent.iterdir())
    except OSError:
        return [photo.name, *(sidecar.name for sidecar in sidecars_of(photo))]
