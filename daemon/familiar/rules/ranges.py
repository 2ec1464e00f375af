"""Ranges in conditions: of counts, scores, distances, percentiles, of what faces are like, and of time."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Self, TypeAlias, get_args

from pydantic import BaseModel, BeforeValidator, model_validator

from familiar.model import DateSource, RecognisedFace
from familiar.rules.values import (
    MANY,
    NOT_EMPTY,
    Checked,
    Given,
    SomeKeys,
    as_list,
    complaints,
    key,
    number,
    one_of,
    whole,
)
from familiar.yaml_models import complaint, wrong
from familiar.yaml_source import date_in

_MOMENT_SCHEMA = {
    "type": "string",
    "pattern": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"(([Tt]|[ \t]+)\d\d?:\d\d:\d\d(\.\d*)?([ \t]*(Z|[-+]\d\d?(:\d\d)?))?)?$",
}


def _check_time(plain: object) -> tuple[datetime, datetime]:
    """Return the begin and the end of a day, or a moment and the microsecond after it; both may be in quotes."""
    if isinstance(plain, str):
        plain = date_in(plain) or plain
    if isinstance(plain, datetime):
        moment = plain.replace(tzinfo=None, microsecond=min(plain.microsecond, 999_998))
        return moment, moment + timedelta(microseconds=1)
    if plain == date.max:
        raise complaint(f"{plain} is out of range; a date such as 2026-05-31 would be right")
    if isinstance(plain, date):
        begin = datetime.combine(plain, time())
        return begin, begin + timedelta(days=1)
    raise wrong(plain, "a date such as 2026-05-31")


def as_range(plain: object) -> object:
    """Return the range that holds only the given number of faces."""
    if isinstance(plain, dict):
        return plain
    count = COUNT.check(plain)
    return {"min": count, "max": count}


COUNT = whole(0, MANY)

Count: TypeAlias = Annotated[float, number(0, MANY)]
Distance: TypeAlias = Annotated[float, number(0, 2)]
Score: TypeAlias = Annotated[float, number(0, 1)]
Quality: TypeAlias = Annotated[float, number(0, 1)]
Percentile: TypeAlias = Annotated[float, number(0, 100)]
Since: TypeAlias = Annotated[datetime, Checked(lambda plain: _check_time(plain)[0], _MOMENT_SCHEMA)]
Before: TypeAlias = Annotated[datetime, Checked(lambda plain: _check_time(plain)[1], _MOMENT_SCHEMA)]


_DateSource: TypeAlias = Annotated[str, one_of(*get_args(DateSource), "upload", "file")]
DateSources: TypeAlias = Annotated[
    tuple[_DateSource, ...],
    NOT_EMPTY,
    BeforeValidator(as_list, json_schema_input_type=_DateSource | Annotated[list[_DateSource], NOT_EMPTY]),
]


class Range(SomeKeys):
    """A range of numbers, both ends included."""

    min: Given[float] = None
    max: Given[float] = None

    def __contains__(self, number: float) -> bool:
        """Return whether a number lies in the range."""
        return (self.min is None or self.min <= number) and (self.max is None or number <= self.max)

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        _check_order(self, "min", "max")
        return self


class Counts(Range):
    """A range of counts."""

    min: Given[Count] = None
    max: Given[Count] = None


class Distances(Range):
    """Distances between faces, 0 to 2: the smaller, the more alike."""

    min: Given[Distance] = None
    max: Given[Distance] = None


class Scores(Range):
    """Scores, `1 / (1 + distance)`: 1 is a perfect match."""

    min: Given[Score] = None
    max: Given[Score] = None


class Percentiles(Range):
    """Percentiles, 0 to 100: the rank of a score among the scores of all photos of its person."""

    min: Given[Percentile] = None
    max: Given[Percentile] = None

    def overlaps(self, lowest: float, highest: float) -> bool:
        """Return whether a span of percentiles, as equal scores have, overlaps the range."""
        return (self.min is None or self.min <= highest) and (self.max is None or lowest <= self.max)


class FaceBounds(SomeKeys):
    """Bounds of the size, the sharpness and the quality of a face."""

    min_size: Given[Count] = key("Smallest size: pixels of the shorter side.")
    max_size: Given[Count] = key("Largest size: pixels of the shorter side.")
    min_sharpness: Given[Count] = key("Least sharpness; faces in focus have several hundreds.")
    min_quality: Given[Quality] = key("Least quality, 0 to 1; a face whose quality is unknown is good enough.")

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        _check_order(self, "min_size", "max_size")
        return self

    def fits(self, face: RecognisedFace) -> bool:
        """Return whether a face is within these bounds."""
        found = face.face
        return (
            (self.min_size is None or self.min_size <= found.size)
            and (self.max_size is None or found.size <= self.max_size)
            and (self.min_sharpness is None or self.min_sharpness <= found.sharpness)
            and (self.min_quality is None or found.has_quality(self.min_quality))
        )


class Period(SomeKeys):
    """When a photo was taken: dates, both included, or times; and where that was found."""

    since: Given[Since] = key("The first day or moment.", alias="from")
    before: Given[Before] = key("The last day or moment.", alias="to")
    source: Given[DateSources] = key(
        "Where the date was found, or a list: camera (EXIF), iptc, xmp, sidecar, modified (the time of the last edit), "
        "flickr (its owner says it there), upload (nobody says it there), or file (the photo has no date)."
    )

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.since is not None and self.before is not None and self.since >= self.before:
            message = f"{self.since} is later than 'to'; an earlier 'from' would be right"
            raise complaints([(("from",), message)])
        return self

    def fits(self, moment: datetime, source: str | None) -> bool:
        """Return whether a moment lies in the period, and was found in one of the sources."""
        return (
            (self.since is None or self.since <= moment)
            and (self.before is None or moment < self.before)
            and (self.source is None or source in self.source)
        )


def _check_order(model: BaseModel, lower: str, upper: str) -> None:
    """Check that the field `lower` of a model is not above the field `upper`, if both are given.

    Raises:
        ValidationError: it is above; the complaint is about `lower`.
    """
    low, high = getattr(model, lower), getattr(model, upper)
    if low is not None and high is not None and low > high:
        raise complaints([((lower,), f"{low:.7g} is above {upper}, which is {high:.7g}")])
