"""Companions that belong to several photos: who else has one, where it was, and where it is put."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from familiar.companions.forms import Form
from familiar.effects.journal import Journal

_HAS = frozenset({"done", "undo", "undoing"})

Names = Callable[[Path], Iterable[str]]
"""Gives the names in a folder."""


class Sharing:
    """What other photos a companion belongs to, besides those that its own step's plan is about."""

    def __init__(self, journal: Journal, names: Names, *, undone: Collection[int] = ()) -> None:
        """Take the journal, the names in folders, and the steps that count as undone."""
        self._journal = journal
        self._names = names
        self._undone = undone

    def others(self, form: Form, companion: Path, own: Collection[Path]) -> list[Path]:
        """Return the photos beside a companion to which it belongs by its name, without the plan's own ones.

        Those count as being there, whether they are still or not: the clip of a live photo has no edits of its own.
        """
        if form.is_of_media:
            return []
        there = {*self._names(companion.parent), *(path.name for path in own if path.parent == companion.parent)}
        names = form.owners(companion.name, there)
        return [path for path in map(companion.with_name, sorted(names)) if path not in own]

    def has_others(self, form: Form, companion: Path, target: Path, own: Collection[Path]) -> bool:
        """Return whether another photo has what a step has put, or is about to put, at `target`.

        That is one whose plan has brought it there, and that is beside it, or back beside the place of the companion
        itself. A photo that was there before has no companion that it did not have before.
        """
        return any(self._brought_by(photo, companion) for photo in self.others(form, target, own)) or any(
            target in self._brought_by(photo, companion) for photo in self.others(form, companion, own)
        )

    def _brought_by(self, photo: Path, companion: Path) -> set[Path | None]:
        steps = self._journal.steps_with(photo, companion)
        return {step.target for step in steps if step.state in _HAS and step.id not in self._undone}
