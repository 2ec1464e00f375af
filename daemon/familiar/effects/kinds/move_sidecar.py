"""Move or copy a sidecar with its photo, after an earlier step of the same plan."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from familiar.effects.attempt import Attempt, SourceFile
from familiar.effects.journal import Outcome, Placement, Step
from familiar.effects.kinds.contract import Needless, Parameters, Ready
from familiar.effects.kinds.file_kind import FileKind, path_as_json, path_from_json
from familiar.effects.kinds.surroundings import Records, Surroundings
from familiar.effects.outlook import Outlook, last_copy
from familiar.effects.placement import hold_photo, place_copy, place_move
from familiar.effects.reversal import Reversal
from familiar.errors import GoneError, SetAsideError
from familiar.filesystem.files import Pulse
from familiar.filesystem.folders import Entry
from familiar.model import FileOperation, PhotoOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveSidecar(FileOperation):
    """Move a sidecar with its photo, to the target of the step at the position `behind` of the same plan.

    `sidecar` is where it is, `moves` whether it leaves that place.
    """

    sidecar: Path
    behind: int
    moves: bool
    kind: ClassVar[str] = "sidecar"


class MoveSidecarKind(FileKind[MoveSidecar]):
    """The sidecar is next to its photo; if its name is taken, it stays in place."""

    name = "move_sidecar"
    value = MoveSidecar
    is_about_sidecar = True

    def goes_back(self, wish: MoveSidecar) -> bool:  # noqa: ARG002
        """Return True: it is moved back, or compared with the copied one."""
        return True

    def parameters(self, wish: MoveSidecar) -> Parameters:
        """Return the sidecar, and the step that it follows."""
        return {"sidecar": path_as_json(wish.sidecar), "behind": wish.behind, "moves": wish.moves}

    def read(self, destination: str, rule: str, parameters: Parameters) -> MoveSidecar:
        """Return the operation of a row in the journal."""
        sidecar, behind, moves = (parameters[name] for name in ("sidecar", "behind", "moves"))
        return MoveSidecar(
            target=Path(destination), rule=rule, sidecar=path_from_json(sidecar), behind=behind, moves=moves
        )

    def follow(self, wish: MoveSidecar, step: Step, records: Records) -> None:
        """Record the sidecar at its new path."""
        assert step.target is not None
        assert step.source is not None
        records.hand_over_sidecar(step.source, step.target, moves=wish.moves)

    def follow_back(self, wish: MoveSidecar, step: Step, records: Records) -> None:
        """Record the sidecar at its former path, or forget the copy."""
        if step.target is None or step.source is None:
            return
        if wish.moves:
            records.hand_over_sidecar(step.target, step.source, moves=True)
        else:
            records.forget_sidecar(step.target)

    def origin(self, wish: MoveSidecar, step: Step) -> Path:  # noqa: ARG002
        """Return the former path of the sidecar."""
        return wish.sidecar

    async def prepare(
        self,
        wish: MoveSidecar,
        step: Step,
        around: Surroundings,
        picture: bytes | None,  # noqa: ARG002
    ) -> Ready | Needless:
        """Find the new path of the photo; the sidecar stays in place if the photo did not move, or is back."""
        photo = around.steps_beside(step)[wish.behind]
        if photo.state == "done" and photo.source is not None and photo.target is not None:
            target = around.sidecar_beside(wish.sidecar, photo.source, photo.target)
            return Ready(operation=replace(wish, target=target))
        if step.target is None:
            return Needless(target=wish.sidecar)
        return Ready(operation=wish, is_undone_after=True)  # it was started before the photo was moved back

    def carry_out(self, wish: MoveSidecar, attempt: Attempt) -> Outcome:
        """Move or copy the sidecar."""
        step = attempt.step
        path = step.target if step.is_begun and step.target is not None else wish.target
        source = attempt.source(wish.sidecar)
        if source.entry is not None and source.entry.link_end() is not None:
            raise SetAsideError(f"{wish.sidecar}: is a symbolic link, which is neither moved nor copied")
        target = Entry(attempt.target_folder(path.parent), path.name)
        hash_ = step.hash if step.is_begun and step.hash is not None else _hash_of(source, attempt.pulse)
        hidden = attempt.reserve(source, target, hash_)
        place = place_move if wish.moves else place_copy
        try:
            place(source.entry, target, hidden, hash_=hash_, pulse=attempt.pulse)
        except FileExistsError as error:
            raise SetAsideError(f"{path}: already exists; the sidecar stays at {wish.sidecar}") from error
        return Outcome(state="done", target=path)

    def leaves_nothing(self, wish: MoveSidecar, step: Step) -> bool:  # noqa: ARG002
        """Return True for a copy."""
        return not wish.moves

    def obstacle_in_reach(self, wish: MoveSidecar, step: Step, placement: Placement, outlook: Outlook) -> str | None:
        """Return the obstacle if the sidecar is gone, its former name is taken, or a copy was changed."""
        if wish.moves:  # with its present content
            return outlook.move_back(placement, content=None)
        return super().obstacle_in_reach(wish, step, placement, outlook)

    def loss(self, wish: MoveSidecar, step: Step, placement: Placement, outlook: Outlook) -> str | None:  # noqa: ARG002
        """Return the obstacle if the copied sidecar is gone."""
        return None if outlook.is_copy(placement.source, placement) else last_copy(placement, "sidecar")

    def take_back(self, wish: MoveSidecar, reversal: Reversal) -> None:
        """Move the sidecar back, with its present content, or remove the copy."""
        if wish.moves:
            reversal.move_back(any_content=True)
        else:
            super().take_back(wish, reversal)

    def remove(self, wish: MoveSidecar, target: Entry, reversal: Reversal) -> None:  # noqa: ARG002
        """Remove the copy, if the copied sidecar still exists."""
        reversal.remove_copy(target, [reversal.placement.source], what="sidecar")


def append_sidecar_moves(wish: PhotoOperation, step: Step, around: Surroundings, *, moves: bool) -> None:
    """Record, before a photo is moved or copied, that its sidecars follow it."""
    known = {one.sidecar for one in _moves_behind(step, around)}
    operations = [
        MoveSidecar(
            target=around.sidecar_beside(sidecar, step.path, wish.target),
            rule=wish.rule,
            sidecar=sidecar,
            behind=step.position,
            moves=moves,
        )
        for sidecar in around.sidecars_of(step.path)
        if sidecar not in known
    ]
    if operations:
        around.append(step, operations)


def _moves_behind(step: Step, around: Surroundings) -> Iterator[MoveSidecar]:
    for other in around.steps_beside(step):
        if isinstance(other.operation, MoveSidecar) and other.operation.behind == step.position:
            yield other.operation


def _hash_of(source: SourceFile, pulse: Pulse) -> str:
    if source.entry is None:
        raise GoneError(f"{source.path}: no longer exists")
    with hold_photo(source.entry) as held:
        return held.hash(pulse)
