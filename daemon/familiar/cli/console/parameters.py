"""Types of arguments and options that several commands share."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from familiar.errors import UsageError
from familiar.library.named_paths import expanded
from familiar.logs import printable


class FiniteRange(click.FloatRange):
    """A number in a range: NaN, which every comparison lets through, and infinity are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


if TYPE_CHECKING:
    _ClickPath = click.Path[Path]
else:
    _ClickPath = click.Path  # not generic in older versions of click


class PathType(_ClickPath):
    """A path that is named: `~` at its beginning is a home, as the shell has it; an empty one names nothing."""

    def __init__(self, *, allow_dash: bool = False) -> None:
        """Take whether - may stand for standard input or output."""
        super().__init__(path_type=Path, allow_dash=allow_dash)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path."""
        try:
            return super().convert(expanded(value), param, ctx)
        except UsageError as error:
            self.fail(printable(error), param, ctx)


force_option = click.option("--force", is_flag=True, help="Replace a file of that name.")

ROW_ID = click.IntRange(1, 2**62)
"""A number by which the store knows something."""
