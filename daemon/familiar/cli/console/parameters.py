"""Types of arguments and options that several commands share."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from familiar.errors import UsageError
from familiar.library.named_paths import expanded
from familiar.logs import printable


class FiniteRange(click.FloatRange):
    """A finite number in a range; NaN, which passes every comparison, and infinity are refused."""

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
    """A path argument: a leading `~` is expanded as in the shell; an empty path is refused."""

    def __init__(self, *, allow_dash: bool = False) -> None:
        """Take whether - means standard input or output."""
        super().__init__(path_type=Path, allow_dash=allow_dash)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path."""
        try:
            return super().convert(expanded(value), param, ctx)
        except UsageError as error:
            self.fail(printable(error), param, ctx)


force_option = click.option("--force", is_flag=True, help="Replace an existing file.")

quality_option = click.option(
    "--min-quality",
    type=FiniteRange(0, 1),
    default=0.0,
    help="Skip faces of a lower quality, 0 to 1; an unknown quality is good enough.",
)
