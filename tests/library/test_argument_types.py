"""Arguments of a wrong type."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import pytest

from familiar.errors import UsageError
from familiar.library.argument_types import checked_arguments
from familiar.library.named_paths import Paths

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@checked_arguments
class Shop:
    """Returns what it was given, as it takes it."""

    def text(self, value: str) -> Any:
        return value

    def whole(self, value: int) -> Any:
        return value

    def number(self, value: float | None = None) -> Any:
        return value

    def truth(self, *, value: bool = False) -> Any:
        return value

    def path(self, value: str | Path) -> Any:
        return value

    def paths(self, value: Paths) -> Any:
        return value

    def each(self, *value: str | Path) -> Any:
        return value

    def several(self, value: Sequence[int | range]) -> Any:
        return value

    def pairs(self, value: Iterable[tuple[int, Path]]) -> Any:
        return value

    def moment(self, value: datetime) -> Any:
        return value

    def function(self, value: Callable[[str], str]) -> Any:
        return value

    def word(self, value: Literal["copy", "move"]) -> Any:
        return value

    def stream(self, value: "str | Path | BinaryIO") -> Any:
        return value

    def scores(self, value: Mapping[str, float]) -> Any:
        return value

    @classmethod
    def opened(cls, value: str) -> Any:
        return value


@pytest.mark.parametrize(
    ("method", "value", "complaint"),
    [
        ("text", None, "None; it must be text."),
        ("text", b"Ann", "b'Ann'; it must be text."),
        ("whole", "1", "'1'; it must be a whole number."),
        ("whole", 1.0, "1.0; it must be a whole number."),
        ("whole", True, "True; it must be a whole number."),
        ("number", "0.4", "'0.4'; it must be a number or None."),
        ("number", 1j, "1j; it must be a number or None."),
        ("truth", "no", "'no'; it must be True or False."),
        ("truth", 1, "1; it must be True or False."),
        ("path", b"a.jpg", "b'a.jpg'; it must be a path."),
        ("path", ["a.jpg"], "['a.jpg']; it must be a path."),
        ("paths", 5, "5; it must be a path or a list, each item a path."),
        ("paths", [5], "[5]; it must be a path or a list, each item a path."),
        ("each", 5, "(5,); it must be a list, each item a path."),
        ("several", 99999, "99999; it must be a list, each item a whole number or a range."),
        ("several", "17", "'17'; it must be a list, each item a whole number or a range."),
        ("several", {1: 2}, "{1: 2}; it must be a list, each item a whole number or a range."),
        ("several", [1, "x"], "[1, 'x']; it must be a list, each item a whole number or a range."),
        ("pairs", [(1,)], "[(1,)]; it must be a list, each item a tuple of a whole number and a path."),
        ("pairs", [("1", Path("a"))], "it must be a list, each item a tuple of a whole number and a path."),
        ("moment", "yesterday", "'yesterday'; it must be a time with a time zone, such as datetime.now(UTC)."),
        ("moment", NOON.replace(tzinfo=None), "it must be a time with a time zone"),
        ("moment", datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))), "it must be a time with a time zone"),
        ("function", "str", "'str'; it must be a function."),
        ("word", "steal", "'steal'; it must be one of copy, move."),
        ("word", ["copy"], "['copy']; it must be one of copy, move."),
        ("stream", 5, "5; it must be a path or a stream of bytes."),
        ("scores", [0.5], "[0.5]; it must be a mapping."),
        ("opened", 5, "5; it must be text."),
    ],
)
def test_an_argument_of_a_wrong_type_is_refused_with_what_would_be_right(
    method: str, value: object, complaint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        getattr(Shop(), method)(value=value) if method != "each" else Shop().each(value)  # type: ignore[arg-type]
    assert str(caught.value).startswith("The argument value is ")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("method", "value", "taken"),
    [
        ("whole", np.int64(7), 7),
        ("number", np.float32(0.5), 0.5),
        ("number", None, None),
        ("number", 1, 1),
        ("paths", "a.jpg", "a.jpg"),
        ("paths", iter(["a.jpg", Path("b.jpg")]), ("a.jpg", Path("b.jpg"))),
        ("several", np.array([3, 4]), (3, 4)),
        ("several", [1, range(2, 4)], (1, range(2, 4))),
        ("pairs", [(1, Path("a"))], ((1, Path("a")),)),
        ("moment", NOON, NOON),
        ("word", "move", "move"),
    ],
)
def test_an_argument_of_a_right_type_is_taken_also_as_numpy_has_it(method: str, value: object, taken: object) -> None:
    found = getattr(Shop(), method)(value)
    assert (found, type(found)) == (taken, type(taken))


def test_an_argument_that_is_missing_or_unknown_is_an_error_of_python() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'value'"):
        Shop().text()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        Shop().number(other=1)  # type: ignore[call-arg]
