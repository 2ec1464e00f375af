"""Move the photo."""

from pathlib import Path

from familiar.effects.attempt import Attempt, SourceFile
from familiar.effects.hidden import Hidden
from familiar.effects.journal import Outcome, Placement, Step
from familiar.effects.kinds.contract import Needless, Parameters, Ready
from familiar.effects.kinds.file_kind import FileKind, top_from_json
from familiar.effects.kinds.surroundings import Records, Surroundings
from familiar.effects.outlook import Outlook
from familiar.effects.placement import place_move
from familiar.effects.reversal import Reversal
from familiar.filesystem.folders import Entry
from familiar.model import Move


class MoveKind(FileKind[Move]):
    """The photo is only at its target; its companions move with it."""

    name = "move"
    value = Move

    def goes_back(self, wish: Move) -> bool:  # noqa: ARG002
        """Return True: a move is undone by another move."""
        return True

    def read(self, destination: str, rule: str, parameters: Parameters) -> Move:
        """Return the operation of a row in the journal."""
        return Move(target=Path(destination), rule=rule, top=top_from_json(parameters))

    def follow(self, wish: Move, step: Step, records: Records) -> None:
        """Record the photo at its new path."""
        assert step.source is not None
        records.mark_gone(step.source)
        super().follow(wish, step, records)

    def follow_back(self, wish: Move, step: Step, records: Records) -> None:
        """Record the photo at its former path."""
        super().follow_back(wish, step, records)
        if step.target is not None and step.source is not None:
            records.place(step.source, step.photo_id)

    async def prepare(self, wish: Move, step: Step, around: Surroundings, picture: bytes | None) -> Ready | Needless:
        """Record, before the photo is moved, that its companions move with it."""
        ready = await super().prepare(wish, step, around, picture)
        around.append_following(wish, step)
        return ready

    def carry_out(self, wish: Move, attempt: Attempt) -> Outcome:
        """Move the photo to the first free name."""

        def place(source: SourceFile, target: Entry, hidden: Hidden) -> None:
            place_move(source.entry, target, hidden, hash_=attempt.step.photo_hash, pulse=attempt.pulse)

        return attempt.put_photo(wish, place)

    def leaves_nothing(self, wish: Move, step: Step) -> bool:  # noqa: ARG002
        """Return False: only moving it back removes the photo from its target."""
        return False

    def obstacle_in_reach(self, wish: Move, step: Step, placement: Placement, outlook: Outlook) -> str | None:  # noqa: ARG002
        """Return the obstacle if the photo is gone or changed, or its former name is taken."""
        return outlook.move_back(placement, content=placement.hash)

    def take_back(self, wish: Move, reversal: Reversal) -> None:  # noqa: ARG002
        """Move the photo to where it came from."""
        reversal.move_back()
