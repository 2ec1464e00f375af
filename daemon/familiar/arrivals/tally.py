"""Counts of work since the start."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Counts of files by result; a file that fails again counts again."""

    done: int = 0
    failed: int = 0
    set_aside: int = 0

    @property
    def handled(self) -> int:
        """Files that need no other try."""
        return self.done + self.set_aside
