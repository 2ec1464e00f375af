"""Decisions of a person about faces; they override matching."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What a person decided about faces, by their places: who they are, who they are not, and who is ignored."""

    named: Mapping[int, str] = field(default_factory=dict)
    refused: Mapping[int, frozenset[str]] = field(default_factory=dict)
    nobody: frozenset[int] = frozenset()
