"""What all sections of the configuration share."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def _absolute(path: Path) -> Path:
    """Expand `~` and make the path absolute, without following links.

    Raises:
        ValueError: it begins with the home of a user who does not exist.
    """
    try:
        return Path(os.path.abspath(path.expanduser()))
    except RuntimeError as error:
        raise ValueError("should begin with / or ~/, or the home of a user who exists") from error


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class Section(BaseModel):
    """A part of the configuration: frozen, without unknown keys, and with defaults that are checked, too."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
