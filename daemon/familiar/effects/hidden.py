"""The hidden names of one operation: for what is not whole yet, and for what is about to lose its name."""

import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Hidden:
    """Names that nobody else knows. They are recorded before they are used, so that a crash leaves none behind.

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
        """The name of a file that is not whole yet, in the folder that it is made for."""
        return f"{self.base}.tmp"

    @property
    def source(self) -> str:
        """The name that the file has where it comes from while it is removed there."""
        return f"{self.base}.target" if self.is_undo else f"{self.base}.source"

    @property
    def target(self) -> str:
        """The name that the file has where it goes to while it is removed there."""
        return f"{self.base}.source" if self.is_undo else f"{self.base}.target"
