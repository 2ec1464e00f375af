"""What a rule asks of a photo: whether it holds, and which faces it is about."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from familiar.model import RecognisedFace, Subject
from familiar.names import name_key

ANY = "any"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Holds:
    """A condition holds; `faces` are those that it is about, None if it is about none in particular."""

    faces: tuple[RecognisedFace, ...] | None = None


class Condition(Protocol):
    """One condition."""

    def check(self, subject: Subject) -> Holds | None:
        """Return what holds for a photo, or None if the condition does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A range of numbers, both ends included."""

    low: float = float("-inf")
    high: float = float("inf")

    def __contains__(self, number: float) -> bool:
        """Say whether a number lies in the range."""
        return self.low <= number <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceCondition:
    """There is a face of which all of this is true: whose it is, how near, how large, how sharp.

    `percentile` compares a face's score with those of all photos for the person whom it shows.

    `people` are keys of names (`name_key`); None stands for every face, recognised or not.
    """

    people: frozenset[str] | None = None
    distance: Bounds = Bounds()
    score: Bounds = Bounds()
    percentile: Bounds | None = None
    size: Bounds = Bounds()
    sharpness: Bounds = Bounds()

    def check(self, subject: Subject) -> Holds | None:
        """Return the faces of which all of this is true."""
        faces = tuple(face for face in subject.faces if self._fits(face))
        return Holds(faces) if faces else None

    def _fits(self, face: RecognisedFace) -> bool:
        match, person = face.match, face.person
        if self.people is not None:
            wanted = UNKNOWN in self.people if person is None else bool({ANY, name_key(person)} & self.people)
            if not wanted:
                return False
        near = (match.distance, match.score) if match is not None else (float("inf"), 0.0)
        return (
            near[0] in self.distance
            and near[1] in self.score
            and self._stands(face)
            and face.face.size in self.size
            and face.face.sharpness in self.sharpness
        )

    def _stands(self, face: RecognisedFace) -> bool:
        if self.percentile is None:
            return True
        if face.percentiles is None:
            return False
        lowest, highest = face.percentiles
        return highest >= self.percentile.low and lowest <= self.percentile.high


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceCount:
    """The photo has so many faces."""

    count: Bounds

    def check(self, subject: Subject) -> Holds | None:
        """Count all faces, recognised or not."""
        return Holds() if len(subject.faces) in self.count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfKind:
    """It is a photo, or a video."""

    kind: str

    def check(self, subject: Subject) -> Holds | None:
        """Compare the kind."""
        return Holds() if subject.photo.kind == self.kind else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FromSource:
    """The photo came from one of these sources."""

    sources: frozenset[str]

    def check(self, subject: Subject) -> Holds | None:
        """Compare the source's name."""
        return Holds() if subject.source in self.sources else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFits:
    """The photo's whole path fits one of these patterns."""

    patterns: tuple[re.Pattern[str], ...]

    def check(self, subject: Subject) -> Holds | None:
        """Compare the whole path."""
        return Holds() if any(pattern.fullmatch(str(subject.path)) for pattern in self.patterns) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The photo was taken (by its camera's clock, or else its file's time) in this range; `before` is not in it."""

    since: datetime = datetime.min
    before: datetime = datetime.max

    def check(self, subject: Subject) -> Holds | None:
        """Compare the time."""
        taken = subject.photo.taken or subject.file_time
        return Holds() if self.since <= taken < self.before else None


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """All conditions hold; together they are about the faces of each."""

    parts: tuple[Condition, ...]

    def check(self, subject: Subject) -> Holds | None:
        """Check every part."""
        found = [part.check(subject) for part in self.parts]
        held = [holds for holds in found if holds is not None]
        return _together(held) if len(held) == len(found) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Any:
    """At least one condition holds."""

    parts: tuple[Condition, ...]

    def check(self, subject: Subject) -> Holds | None:
        """Check every part; the faces are those of all that hold."""
        held = [holds for part in self.parts if (holds := part.check(subject)) is not None]
        return _together(held) if held else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """A condition does not hold."""

    part: Condition

    def check(self, subject: Subject) -> Holds | None:
        """Check the part; what does not hold is about no face."""
        return Holds() if self.part.check(subject) is None else None


def path_pattern(text: str, home: str) -> re.Pattern[str]:
    """Compile a pattern of whole paths: `*` and `?` stay within a folder, `**` does not, `~` is home.

    A pattern that begins with neither `/` nor `~` fits at any depth.
    """
    whole = home + text[1:] if text == "~" or text.startswith("~/") else text
    if not whole.startswith("/"):
        whole = "**/" + whole
    tokens = re.split(r"(\*\*/|\*\*|\*|\?)", whole)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(token, re.escape(token)) for token in tokens), re.DOTALL)


def _together(held: Iterable[Holds]) -> Holds:
    """Unite the faces, each once, in their order; about none if none of them is about any."""
    lists = [holds.faces for holds in held if holds.faces is not None]
    if not lists:
        return Holds()
    return Holds(tuple({id(face): face for faces in lists for face in faces}.values()))
