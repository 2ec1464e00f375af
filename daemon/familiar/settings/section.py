"""What all sections of the configuration share."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


def _absolute(path: Path) -> Path:
    """Expand `~` and make the path absolute, without following links.

    Raises:
        ValueError: it begins with the home of a user who does not exist.
    """
    try:
        return Path(os.path.abspath(path.expanduser()))
    except RuntimeError as error:
        raise ValueError("should begin with / or ~/, or the home of a user who exists") from error


@dataclass(frozen=True, slots=True)
class Unit:
    """What a setting is measured in."""

    name: str

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the JSON schema of the setting, with its unit."""
        return {**handler(core), "unit": self.name}


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]

Seconds = Annotated[float, Unit("seconds")]
Minutes = Annotated[float, Unit("minutes")]
Hours = Annotated[float, Unit("hours")]
Days = Annotated[float, Unit("days")]
Pixels = Annotated[int, Unit("pixels")]
Megapixels = Annotated[int, Unit("megapixels")]
Megabytes = Annotated[int, Unit("megabytes")]


class Section(BaseModel):
    """A part of the configuration: frozen, without unknown keys, and with defaults that are checked, too.

    The docstring of a section and the descriptions of its fields are what docs/settings.md, the example configuration
    and the JSON schema say: write them for users.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)
