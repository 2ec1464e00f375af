"""Copy the photo."""

from pathlib import Path

from familiar.effects.attempt import Attempt, SourceFile
from familiar.effects.hidden import Hidden
from familiar.effects.journal import Outcome, Placement, Step
from familiar.effects.kinds.contract import Needless, Parameters, Ready
from familiar.effects.kinds.file_kind import FileKind, top_from_json
from familiar.effects.kinds.surroundings import Surroundings
from familiar.effects.outlook import Outlook, last_copy
from familiar.effects.placement import place_copy
from familiar.effects.reversal import Reversal
from familiar.filesystem.folders import Entry
from familiar.model import Copy


class CopyKind(FileKind[Copy]):
    """A copy of the photo at its target; its companions are copied, too, if the settings say so."""

    name = "copy"
    value = Copy

    def read(self, destination: str, rule: str, parameters: Parameters) -> Copy:
        """Return the operation of a row in the journal."""
        return Copy(target=Path(destination), rule=rule, top=top_from_json(parameters))

    async def prepare(self, wish: Copy, step: Step, around: Surroundings, picture: bytes | None) -> Ready | Needless:
        """Record, before the photo is copied, which companions are copied with it."""
        ready = await super().prepare(wish, step, around, picture)
        around.append_following(wish, step)
        return ready

    def carry_out(self, wish: Copy, attempt: Attempt) -> Outcome:
        """Copy the photo to the first free name."""

        def place(source: SourceFile, target: Entry, hidden: Hidden) -> None:
            place_copy(source.entry, target, hidden, hash_=attempt.step.photo_hash, pulse=attempt.pulse)

        return attempt.put_photo(wish, place)

    def loss(self, wish: Copy, step: Step, placement: Placement, outlook: Outlook) -> str | None:  # noqa: ARG002
        """Return the obstacle if it is the last copy of the photo."""
        return None if outlook.has_other_photo(step, placement) else last_copy(placement, "photo")

    def remove(self, wish: Copy, target: Entry, reversal: Reversal) -> None:  # noqa: ARG002
        """Remove the copy, if the photo is elsewhere, too."""
        reversal.remove_photo(target)
