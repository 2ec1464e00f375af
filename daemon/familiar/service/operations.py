"""What the journal has open: steps to be retried, steps that others recorded, steps to be undone."""

from familiar.library.operations import OperationRunner


class OpenOperations:
    """A job: carries out what is open and due."""

    def __init__(self, runner: OperationRunner) -> None:
        """Take what carries out plans."""
        self._runner = runner

    async def advance(self, _now: float) -> None:
        """Carry out all plans that have something to do now."""
        await self._runner.perform_open()

    @property
    def is_idle(self) -> bool:
        """Always: what is due was done in this turn, and what fails is not waited for."""
        return True

    async def close(self) -> None:
        """End; what is open stands in the journal."""
