"""What the journal has open: steps to be retried, steps that others wrote down, steps to be undone."""

from familiar.library.operations import OperationRunner

_LOOK_AT_DISKS = 5.0
"""Seconds between two looks for disks that operations wait for."""


class OpenOperations:
    """A job: carries out what is open and due."""

    def __init__(self, runner: OperationRunner) -> None:
        """Take what carries out plans."""
        self._runner = runner
        self._looked_at = float("-inf")

    async def advance(self, now: float) -> None:
        """Look for disks now and then, and carry out all plans that have something to do now."""
        if now - self._looked_at >= _LOOK_AT_DISKS:
            self._looked_at = now
            self._runner.look_after_disks()
        await self._runner.perform_open()

    @property
    def is_idle(self) -> bool:
        """Always: what is due was done in this turn, and what fails is not waited for."""
        return True

    async def close(self) -> None:
        """End; what is open stands in the journal."""
