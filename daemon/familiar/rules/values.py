"""Types of values in rules: each checks a value, says what would be right, and has a JSON schema."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from familiar.yaml_models import complaint, keys_of, wrong

T = TypeVar("T")

MANY = 1_000_000
"""Upper bound of counts and of pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A type: the function that checks and returns its values, and the JSON schema of the right ones."""

    check: Callable[[Any], Any]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let the function alone decide."""
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the JSON schema."""
        return dict(self.schema)


class _NotNull:
    """Refuses null, although None is the value of a key that is not given."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of the value without null."""
        schema: Any = handler(source)
        inner: CoreSchema = schema["schema"]
        return inner


Given: TypeAlias = Annotated[T | None, _NotNull()]
"""The value of a key, or None if the key is not given."""


def check_text(plain: object) -> str:
    """Return a text that is not empty.

    Raises:
        PydanticCustomError: the value is not such a text, or contains control characters.
    """
    if not isinstance(plain, str) or not plain:
        raise wrong(plain, "a text")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in plain):
        raise wrong(plain, "a text without control characters")
    return plain


def number(low: float, high: float) -> Checked:
    """Return the type of numbers from `low` to `high`."""

    def check(plain: object) -> float:
        if isinstance(plain, bool) or not isinstance(plain, int | float) or not low <= plain <= high:
            raise wrong(plain, f"a number from {low:.7g} to {high:.7g}")
        return float(plain)

    return Checked(check, {"type": "number", "minimum": low, "maximum": high})


def whole(low: int, high: int) -> Checked:
    """Return the type of whole numbers from `low` to `high`."""

    def check(plain: object) -> int:
        if isinstance(plain, bool) or not isinstance(plain, int) or not low <= plain <= high:
            raise wrong(plain, f"a whole number from {low} to {high}")
        return plain

    return Checked(check, {"type": "integer", "minimum": low, "maximum": high})


def one_of(*texts: str) -> Checked:
    """Return the type that has only these texts."""
    listed = f"{', '.join(texts[:-1])} or {texts[-1]}"

    def check(plain: object) -> str:
        if check_text(plain) not in texts:
            raise wrong(plain, listed)
        return str(plain)

    return Checked(check, {"enum": list(texts)})


def as_list(plain: object) -> object:
    """Return a list as it is, and a value alone in a list."""
    return plain if isinstance(plain, list) else [plain]


def key(description: str, *, alias: str | None = None) -> Any:
    """Return the field of a key that need not be given; `alias` is its name in a file, where Python uses another."""
    return Field(default=None, alias=alias, description=description)


def home_of(info: ValidationInfo) -> Path:
    """Return the home folder, for which `~` stands."""
    assert info.context is not None
    return Path(info.context["home"])


NOT_EMPTY = Field(min_length=1)
"""The list has at least one item."""

_TEXT_SCHEMA = {"type": "string", "minLength": 1, "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$"}

Text: TypeAlias = Annotated[str, Checked(check_text, _TEXT_SCHEMA)]

Texts: TypeAlias = Annotated[
    tuple[Text, ...],
    NOT_EMPTY,
    BeforeValidator(as_list, json_schema_input_type=Text | Annotated[list[Text], NOT_EMPTY]),
]
"""One text, or a list of them."""


FROZEN = ConfigDict(frozen=True, defer_build=True)


class Mapping(BaseModel):
    """A mapping in a rules file: frozen, without unknown keys.

    The docstrings of models and the descriptions of their fields are what editors show: write them for users.
    """

    model_config = FROZEN | ConfigDict(extra="forbid")


class SomeKeys(Mapping):
    """A mapping with at least one key."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="before")
    @classmethod
    def _has_keys(cls, plain: object) -> object:
        if plain == {}:
            raise wrong(plain, f"a mapping with {', '.join(keys_of(cls))}")
        return plain


def complaints(found: Iterable[tuple[tuple[str | int, ...], str]]) -> ValidationError:
    """Return the error that a validator raises about inner values, each given by the way to it."""
    details = [InitErrorDetails(type=complaint(message), loc=way, input=None) for way, message in found]
    return ValidationError.from_exception_data("rules", details)
