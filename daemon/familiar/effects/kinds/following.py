"""Let a companion follow its photo: the base of kinds that move or copy what belongs to a photo behind it.

A companion may belong to several photos, as the JSON file of a photo and of its edited version does. It leaves a
folder only with the last one of them: as long as another one is there, that keeps it, and a copy goes along. The same
holds for the undo, so that neither takes it from a photo that stays.
"""

import errno
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from familiar.companions.forms import SIDECARS, WHOLE_SIDECAR, Form
from familiar.effects.attempt import Attempt, SourceFile
from familiar.effects.journal import Outcome, Placement, Step
from familiar.effects.kinds.contract import Needless, Parameters, Ready
from familiar.effects.kinds.file_kind import FileKind, path_as_json, path_from_json
from familiar.effects.kinds.surroundings import Surroundings
from familiar.effects.names import is_copy
from familiar.effects.outlook import Outlook, last_copy
from familiar.effects.placement import hold_photo, place_copy, place_move
from familiar.effects.reversal import Reversal
from familiar.errors import GoneError, SetAsideError
from familiar.filesystem.files import Pulse
from familiar.filesystem.folders import Entry
from familiar.model import FileOperation

_STAYS = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EFBIG})
"""Errors after which a companion stays where it is for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Following(FileOperation):
    """Put a companion beside its photo, where the step at the position `behind` of the same plan has put that.

    `file` is where it is, `moves` whether the photo was moved, and not copied; `form` is that of its name.
    """

    file: Path
    behind: int
    moves: bool
    form: Form = WHOLE_SIDECAR


F = TypeVar("F", bound=Following)
"""The value of a kind that follows a photo."""


class FollowingKind(FileKind[F]):
    """The companion is next to its photo; if its name is taken, it stays in place."""

    is_about_companion = True
    merges = True

    def goes_back(self, wish: F) -> bool:  # noqa: ARG002
        """Return True: it is moved back, or compared with the copied one."""
        return True

    def parameters(self, wish: F) -> Parameters:
        """Return the companion, and the step that it follows."""
        file = path_as_json(wish.file)
        return {"file": file, "behind": wish.behind, "moves": wish.moves, "form": wish.form.text}

    def read(self, destination: str, rule: str, parameters: Parameters) -> F:
        """Return the operation of a row in the journal."""
        file = parameters.get("file") or parameters["sidecar"]  # as before there were other companions
        return self.value(
            target=Path(destination),
            rule=rule,
            file=path_from_json(file),
            behind=parameters["behind"],
            moves=parameters["moves"],
            form=Form(parameters.get("form", WHOLE_SIDECAR.text)),
        )

    def details(self, wish: F) -> Parameters:
        """Return the companion."""
        return {"source": wish.file}

    def origin(self, wish: F, step: Step) -> Path:  # noqa: ARG002
        """Return the former path of the companion."""
        return wish.file

    async def prepare(
        self,
        wish: F,
        step: Step,
        around: Surroundings,
        picture: bytes | None,  # noqa: ARG002
    ) -> Ready | Needless:
        """Find the new path of the photo; the companion stays in place if the photo did not move, or is back."""
        photo = around.steps_beside(step)[wish.behind]
        if photo.state == "done" and photo.source is not None and photo.target is not None:
            return Ready(operation=replace(wish, target=_beside(wish, photo.source, photo.target)))
        if step.target is None:
            return Needless(target=wish.file)
        return Ready(operation=wish, is_undone_after=True)  # it was started before the photo was moved back

    def carry_out(self, wish: F, attempt: Attempt) -> Outcome:
        """Move or copy the companion."""
        step = attempt.step
        path = step.target if step.is_begun and step.target is not None else wish.target
        source = attempt.source(wish.file)
        if source.entry is not None and source.entry.link_end() is not None:
            raise SetAsideError(f"{wish.file}: is a symbolic link, which is neither moved nor copied")
        target = Entry(attempt.target_folder(path.parent), path.name)
        is_there = target.exists
        hash_ = step.hash if step.is_begun and step.hash is not None and is_there else _hash_of(source, attempt.pulse)
        if is_there and not step.is_begun:
            if not is_copy(target, hash_, source.size, attempt.pulse):
                raise _taken(wish, path)
            if not attempt.sharing().has_others(wish.form, wish.file, path, attempt.placed_with()):
                return Outcome(state="kept", target=path)
        place = place_move if wish.moves and not self._is_shared(wish, attempt) else place_copy
        hidden = attempt.reserve(source, target, hash_)
        try:
            place(source.entry, target, hidden, hash_=hash_, pulse=attempt.pulse)
        except FileExistsError as error:
            raise _taken(wish, path) from error
        return Outcome(state="done", target=path)

    def hint(self, wish: F, number: int) -> str:
        """Return the remedy, and where the companion is."""
        return super().hint(wish, number) + (f"; it stays at {wish.file}" if number in _STAYS else "")

    def leaves_nothing(self, wish: F, step: Step) -> bool:  # noqa: ARG002
        """Return True for a copy."""
        return not wish.moves

    def obstacle_in_reach(self, wish: F, step: Step, placement: Placement, outlook: Outlook) -> str | None:
        """Return the obstacle if its former name is taken, or a copy was changed; what is gone is none."""
        if outlook.at(placement.target) is None:
            return None
        is_shared = self._is_shared_at_target(wish, step, placement, outlook)
        if wish.moves:  # with its present content
            return outlook.move_back(placement, content=None, leaves_copy=is_shared)
        return None if is_shared else super().obstacle_in_reach(wish, step, placement, outlook)

    def loss(self, wish: F, step: Step, placement: Placement, outlook: Outlook) -> str | None:  # noqa: ARG002
        """Return the obstacle if the copied companion is gone."""
        return None if outlook.is_copy(placement.source, placement) else last_copy(placement, wish.kind)

    def take_back(self, wish: F, reversal: Reversal) -> None:
        """Move the companion back, with its present content, or remove the copy; what others share stays, too.

        Where somebody has taken it away, there is nothing to do.
        """
        if reversal.is_gone:
            return
        target, own = reversal.placement.target, reversal.placed_with()
        is_shared = reversal.sharing().has_others(wish.form, wish.file, target, own)
        if wish.moves:
            reversal.move_back(any_content=True, leaves_copy=is_shared)
        elif not is_shared:
            super().take_back(wish, reversal)

    def is_taken_back(self, wish: F, step: Step, outlook: Outlook) -> bool:
        """Return whether the companion is at its former place again; a copy may have stayed, which others share."""
        placement = step.placement
        assert placement is not None
        if outlook.at(placement.target) is None or not wish.moves:
            return super().is_taken_back(wish, step, outlook)
        return outlook.at(placement.source) is not None and self._is_shared_at_target(wish, step, placement, outlook)

    def _is_shared(self, wish: F, attempt: Attempt) -> bool:
        """Return whether a companion is that of another photo beside it, or of one that has moved and awaits it."""
        others = attempt.sharing().others(wish.form, wish.file, attempt.moved_with())
        return bool(others) or attempt.journal.is_awaited(wish.file, elsewhere=attempt.step)

    def _is_shared_at_target(self, wish: F, step: Step, placement: Placement, outlook: Outlook) -> bool:
        own = outlook.placed_with(step)
        return outlook.sharing(step).has_others(wish.form, wish.file, placement.target, own)

    def remove(self, wish: F, target: Entry, reversal: Reversal) -> None:
        """Remove the copy, if the copied companion still exists."""
        reversal.remove_copy(target, [reversal.placement.source], what=wish.kind)


def _beside(wish: Following, photo: Path, target: Path) -> Path:
    """Return where a companion belongs when its photo is at `target`."""
    names = (form.renamed(wish.file.name, photo.name, target.name) for form in (wish.form, *SIDECARS))
    name = next((name for name in names if name is not None), None)
    assert name is not None, f"{wish.file} belongs to {photo}"
    return target.with_name(name)


def _taken(wish: Following, path: Path) -> SetAsideError:
    return SetAsideError(f"{path}: already exists; the {wish.kind} stays at {wish.file}")


def _hash_of(source: SourceFile, pulse: Pulse) -> str:
    if source.entry is None:
        raise GoneError(f"{source.path}: no longer exists")
    with hold_photo(source.entry) as held:
        return held.hash(pulse)
