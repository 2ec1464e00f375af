"""People as matching sees them: names, and references stacked for one engine."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from familiar.errors import UsageError
from familiar.model import Embeddings

MAX_NAME = 200
"""Characters in a name: longer ones do not fit into a file name."""

RESERVED_NAMES = frozenset({"any", "unknown"})
"""Words that mean something else in a rule's `person`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownPerson:
    """A person with references of one engine, shape (n, 128); `threshold` None means the configured one."""

    name: str
    threshold: float | None
    references: Embeddings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """All known people: person `i` has the references `starts[i]` to `starts[i + 1]` of the stack.

    `radii` are how far a person's references lie from their centre at most.
    """

    names: tuple[str, ...]
    thresholds: npt.NDArray[np.float64]
    references: Embeddings
    starts: npt.NDArray[np.intp]
    radii: npt.NDArray[np.float64]

    @classmethod
    def of(cls, people: Sequence[KnownPerson]) -> Self:
        """Stack the references of these people, in the order of their names; damaged ones (NaN) are left out."""
        usable = [(person, person.references[np.isfinite(person.references).all(axis=1)]) for person in people]
        ordered = sorted(((person, refs) for person, refs in usable if len(refs)), key=lambda pair: pair[0].name)
        counts = [len(references) for _, references in ordered]
        return cls(
            names=tuple(person.name for person, _ in ordered),
            thresholds=np.array([np.nan if person.threshold is None else person.threshold for person, _ in ordered]),
            references=np.concatenate([refs for _, refs in ordered]) if ordered else np.empty((0, 128), np.float32),
            starts=np.concatenate(([0], np.cumsum(counts))).astype(np.intp),
            radii=np.array([np.linalg.norm(refs - refs.mean(axis=0), axis=1).max() for _, refs in ordered]),
        )


def check_name(name: str) -> str:
    """Return a name in the form in which it is kept: Unicode NFC, without spaces around it.

    Raises:
        UsageError: the name is empty, too long, has control characters, or means something else in rules.
    """
    kept = unicodedata.normalize("NFC", name).strip()
    if not kept:
        raise UsageError("A person's name can't be empty.")
    if len(kept) > MAX_NAME:
        raise UsageError(f"The name {kept[:20]!r}... has {len(kept)} characters; at most {MAX_NAME} are allowed.")
    odd = [character for character in kept if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}]
    if odd:
        raise UsageError(f"The name {kept!r} has the control character {odd[0]!r}; leave it out.")
    if name_key(kept) in RESERVED_NAMES:
        raise UsageError(f"The name {kept!r} has a meaning of its own in rules; choose another.")
    return kept


def name_key(name: str) -> str:
    """Return what makes two names the same: case, Unicode form and runs of spaces do not count."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())
