"""What a person has decided about faces, which goes before what they look like."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What a person decided about faces, by their places: who they are, who they are not, and who is of no interest."""

    named: Mapping[int, str] = field(default_factory=dict)
    refused: Mapping[int, frozenset[str]] = field(default_factory=dict)
    nobody: frozenset[int] = frozenset()
