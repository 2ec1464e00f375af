"""Reasons that differ by figures or paths alone are one reason."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.store.views.statistics import ReasonCount

_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|(?<!\S)/\S+|\d+(?:\.\d+)?")
"""What can differ from file to file: what is quoted, paths, figures."""

_ANY = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason, with `…` for what differs; how many files have it, and where one of them is."""

    reason: str
    files: int
    example: Path | None


def grouped(counts: Iterable[ReasonCount]) -> tuple[Reason, ...]:
    """Return reasons, those that are alike taken together; that of most files first, and its commonest example."""
    groups: dict[tuple[str, ...], list[ReasonCount]] = {}
    for count in counts:
        groups.setdefault(tuple(_VARYING.split(count.reason)), []).append(count)
    reasons = [
        Reason(
            reason=_common([member.reason for member in members]),
            files=sum(member.files for member in members),
            example=max(members, key=lambda member: (member.example is not None, member.files)).example,
        )
        for members in groups.values()
    ]
    return tuple(sorted(reasons, key=lambda reason: (-reason.files, reason.reason)))


def _common(texts: Sequence[str]) -> str:
    """Return what texts of one form share; the parts in which they differ become `…`."""
    places = zip(*(_VARYING.findall(text) for text in texts), strict=True)
    kept = iter([found[0] if len(set(found)) == 1 else _ANY for found in places])
    return _VARYING.sub(lambda _: next(kept), texts[0])
