"""Open steps of the journal: steps to retry, steps recorded by others, steps to undo."""

from familiar.library.operations import OperationRunner


class OpenOperations:
    """A job: carries out open steps that are due."""

    def __init__(self, runner: OperationRunner) -> None:
        """Take what carries out plans."""
        self._runner = runner

    async def advance(self, _now: float) -> None:
        """Carry out all plans with due steps."""
        await self._runner.perform_open()

    @property
    def is_idle(self) -> bool:
        """Always true: due steps were done in this turn, and failures are not waited for."""
        return True

    async def close(self) -> None:
        """End; what is open stands in the journal."""
