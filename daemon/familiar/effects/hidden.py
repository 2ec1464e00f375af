"""The hidden names of one operation: for incomplete files, and for files about to lose their names."""

import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Hidden:
    """Unique hidden names. They are recorded before they are used, so that none is left after a crash.

    In an undo the file goes from the operation's target to its source, and the names stay those of the operation.
    """

    base: str
    is_undo: bool = False

    @classmethod
    def fresh(cls, operation: int) -> "Hidden":
        """Return names for one try of an operation."""
        return cls(f".familiar-{operation}-{secrets.token_hex(4)}")

    @classmethod
    def of(cls, temporary: Path) -> "Hidden":
        """Return the names that go with a temporary file."""
        return cls(temporary.name.removesuffix(".tmp"))

    @property
    def new(self) -> str:
        """The name of an incomplete file, in its target folder."""
        return f"{self.base}.tmp"

    @property
    def source(self) -> str:
        """The name of the file in the source folder while it is removed."""
        return f"{self.base}.target" if self.is_undo else f"{self.base}.source"

    @property
    def target(self) -> str:
        """The name of the file in the target folder while it is removed."""
        return f"{self.base}.source" if self.is_undo else f"{self.base}.target"
