"""The base of all sections of the configuration."""

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
        ValueError: it starts with the home of a user who does not exist.
    """
    try:
        return Path(os.path.abspath(path.expanduser()))
    except RuntimeError as error:
        raise ValueError("should start with / or ~/, or with the home of an existing user") from error


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a setting."""

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
    """A section of the configuration: frozen, without unknown keys, and with checked defaults.

    The docstring of a section and the descriptions of its fields appear in docs/settings.md, the example configuration
    and the JSON schema: write them for users.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)
