"""The base of kinds that put a file somewhere."""

import os
from pathlib import Path
from typing import TypeVar

from familiar.effects.journal import Placement, Step
from familiar.effects.kinds.contract import Kind, Needless, Parameters, Ready
from familiar.effects.kinds.surroundings import Records, Surroundings
from familiar.effects.outlook import Outlook
from familiar.effects.reversal import Reversal
from familiar.filesystem.folders import Entry
from familiar.model import FileOperation, PhotoOperation

F = TypeVar("F", bound=FileOperation)
"""The value of a kind that puts a file somewhere."""


class FileKind(Kind[F]):
    """A kind that puts a file at a target, and that is undone by removing it there."""

    def goes_back(self, wish: F) -> bool:  # noqa: ARG002
        """Return whether the disk that the file came from is needed to undo a step."""
        return False

    def parameters(self, wish: F) -> Parameters:
        """Return the folder that the target never leads out of, if it has one."""
        return {} if wish.top is None else {"top": path_as_json(wish.top)}

    async def prepare(
        self,
        wish: F,
        step: Step,
        around: Surroundings,
        picture: bytes | None,  # noqa: ARG002
    ) -> Ready | Needless:
        """Check that the photo is where it was."""
        around.check_in_reach(step)
        return Ready(operation=wish)

    def follow(self, wish: F, step: Step, records: Records) -> None:
        """Record the photo at its target, if it was put there."""
        assert step.target is not None
        if isinstance(wish, PhotoOperation):
            records.place(step.target, step.photo_id)

    def follow_back(self, wish: F, step: Step, records: Records) -> None:  # noqa: ARG002
        """Record that nothing is at the target any more."""
        if step.target is not None and step.source is not None:
            records.mark_gone(step.target)

    def obstacle(self, wish: F, step: Step, outlook: Outlook) -> str | None:
        """Return the obstacle if the step was not done, a disk is missing, or it can't be undone."""
        placement = step.placement
        if placement is None:
            return "it was not done"
        unreachable = outlook.unreachable(step, placement, goes_back=self.goes_back(wish))
        return unreachable or self.obstacle_in_reach(wish, step, placement, outlook)

    def obstacle_in_reach(self, wish: F, step: Step, placement: Placement, outlook: Outlook) -> str | None:
        """Return the obstacle if the disks are there, or note the files after the undo."""
        reason = outlook.change_of(placement) or self.loss(wish, step, placement, outlook)
        if reason is None:
            outlook.note(placement.target, self.hash_after_undo(step))
        return reason

    def loss(self, wish: F, step: Step, placement: Placement, outlook: Outlook) -> str | None:  # noqa: ARG002
        """Return the obstacle if content would be lost."""
        return None

    def take_back(self, wish: F, reversal: Reversal) -> None:
        """Remove the file at the target."""
        target = reversal.begin()
        if target is not None:
            self.remove(wish, target, reversal)

    def remove(self, wish: F, target: Entry, reversal: Reversal) -> None:  # noqa: ARG002
        """Remove the file at the target: a file made by familiar, if it was not changed."""
        reversal.remove_known(target)


def path_as_json(path: Path) -> str:
    """Return a path as JSON; its bytes need not be UTF-8."""
    return os.fsencode(path).hex()


def path_from_json(found: str) -> Path:
    """Return the path that `path_as_json` gave."""
    return Path(os.fsdecode(bytes.fromhex(found)))


def top_from_json(parameters: Parameters) -> Path | None:
    """Return the folder that a target never leads out of, None where there is none."""
    return path_from_json(parameters["top"]) if parameters.get("top") else None
