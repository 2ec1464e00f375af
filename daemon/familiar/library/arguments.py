"""What callers pass: whether it is one of a few words, or a number within its limits."""

import math
from collections.abc import Sequence

from familiar.errors import UsageError


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Check that an argument is one of a few words.

    Raises:
        UsageError: it is none of them.
    """
    if value not in choices:
        raise UsageError(f"The {name} is {value!r}; it must be one of {', '.join(choices)}.")


def check_instance(name: str, value: object, type_: type, what: str) -> None:
    """Check that an argument is what another call returned, or what it can be made of.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, type_):
        raise UsageError(f"The argument {name} is {value!r}; it must be {what}.")


def check_number(
    name: str, value: float | None, low: float, high: float = math.inf, *, includes_low: bool = True
) -> None:
    """Check that an argument is within its limits; None is always allowed.

    Raises:
        UsageError: it does not.
    """
    if value is None or (low <= value <= high and (includes_low or value != low)):
        return
    if math.isinf(high):
        limits = f"at least {low:g}" if includes_low else f"above {low:g}"
    else:
        limits = f"from {low:g} to {high:g}" if includes_low else f"above {low:g} and at most {high:g}"
    raise UsageError(f"The option {name} is {value:g}; it must be {limits}.")


def check_distance(name: str, value: float | None) -> None:
    """Check that an argument is a distance between two faces that can be a threshold; None is always allowed.

    Raises:
        UsageError: it is none.
    """
    check_number(name, value, 0, 2, includes_low=False)
