"""The reference of the settings, and the example configuration, from the models of the settings."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from familiar.settings import FolderSettings, Settings
from familiar.settings.section import Unit
from familiar.vision_options import PRESETS
from pages import PAGES, escaped, see_also

WIDTH = 120
TYPES = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path"}

EXAMPLE_HEAD = """\
# familiar: the configuration. Every setting is listed with its default; only `folders` has to be changed.
#
# `familiar config check` finds mistakes, `familiar config show` prints the settings in effect. A running daemon reloads
# this file at SIGHUP (systemctl reload familiar), and keeps the last valid configuration if the file is wrong. See
# docs/settings.md for the limits of each setting.
"""
EXAMPLE_VALUES = {"rules": "rules.yaml"}
EXAMPLE_COLUMN = 32
"""Column of comments in the example."""
_HELD_SPACE = "\N{NO-BREAK SPACE}"
COMMENTED_OUT = {
    f"vision.{name}" for preset in PRESETS.values() for scales in preset.values() for name in ("detector", *scales)
}
"""Settings that would override preset or engine if they were set in the example."""


def settings_reference() -> Iterator[str]:
    """Give a table of the settings outside of sections, and one for each section."""
    plain = {name: field for name, field in Settings.model_fields.items() if section_of(field) is None}
    yield from setting_table(plain, "")
    for name, field in Settings.model_fields.items():
        if (section := section_of(field)) is not None:
            yield from (f"## {name}\n", f"{' '.join(str(section.__doc__).split())} {see_also(name)}".strip() + "\n")
            yield from setting_table(section.model_fields, f"{name}.")


def setting_table(fields: Mapping[str, FieldInfo], prefix: str) -> Iterator[str]:
    """Give a table of some settings."""
    yield from ("| setting | type | default | unit | meaning |", "| --- | --- | --- | --- | --- |")
    for name, field in fields.items():
        default = "by the preset" if f"{prefix}{name}" in COMMENTED_OUT else default_of(field)
        cells = (f"`{name}`", type_of(field), default, unit_of(field), str(field.description))
        yield f"| {' | '.join(map(escaped, cells))} |"
    yield ""


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the section that a setting is, or of which it is a list."""
    kinds = [kind for part in alternatives(field.annotation) for kind in (part, *get_args(part))]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def type_of(field: FieldInfo) -> str:
    """Return which values a setting takes."""
    low = next((f"at least {bound.ge}" for bound in field.metadata if isinstance(bound, Ge)), "")
    low = next((f"above {bound.gt}" for bound in field.metadata if isinstance(bound, Gt)), low)
    high = next((f"at most {bound.le}" for bound in field.metadata if isinstance(bound, Le)), "")
    high = next((f"below {bound.lt}" for bound in field.metadata if isinstance(bound, Lt)), high)
    kinds = [kind for kind in alternatives(field.annotation) if kind is not type(None)]
    bounds = ", ".join(filter(None, (low, high)))
    words = ", ".join(filter(None, (" or ".join(map(kind_name, kinds)), bounds)))
    return f"{words}; or null" if type(None) in alternatives(field.annotation) else words


def kind_name(kind: Any) -> str:
    """Return the words for a type."""
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(kind))
    if get_origin(kind) is tuple:
        return f"list of {kind_name(get_args(kind)[0])}s"
    if get_origin(kind) is Mapping:
        return "map of {}s to {}s".format(*map(kind_name, get_args(kind)))
    if get_origin(kind) is Annotated:
        return kind_name(get_args(kind)[0])
    return TYPES[kind]


def alternatives(annotation: Any) -> list[Any]:
    """Return the types of which a value may be one, without what is annotated to them."""
    if get_origin(annotation) in {Union, UnionType}:
        return [kind for part in get_args(annotation) for kind in alternatives(part)]
    return [get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation]


def unit_of(field: FieldInfo) -> str:
    """Return the unit of a setting, or nothing."""
    parts = (field.annotation, *get_args(field.annotation))
    notes = [*field.metadata, *(note for part in parts for note in getattr(part, "__metadata__", ()))]
    return next((note.name for note in notes if isinstance(note, Unit)), "")


def default_of(field: FieldInfo) -> str:
    """Return the default of a setting as code; long ones are in the example."""
    if field.is_required():
        return "must be given"
    value = as_yaml(field.default)
    return f"`{value}`" if len(value) < WIDTH else "as in [the example](../config/familiar.yaml)"


# The example configuration


def example_settings() -> Iterator[str]:
    """Give the lines of the example configuration."""
    yield EXAMPLE_HEAD
    for name, field in Settings.model_fields.items():
        section = section_of(field)
        if section is None:
            yield from comment(described(field), "# ")
            yield f"{name}: {EXAMPLE_VALUES.get(name) or as_yaml(field.default)}\n"
            continue
        more = f" See docs/{PAGES[name]}." if name in PAGES else ""
        yield from comment(f"{' '.join(str(section.__doc__).split())}{more}", "# ")
        yield f"{name}:"
        yield from example_folder() if section is FolderSettings else example_section(name, section)
        yield ""


def example_folder() -> Iterator[str]:
    """Give the lines of one folder, in which all but the path is commented out."""
    yield "  - path: ~/Pictures"
    for name, field in FolderSettings.model_fields.items():
        if not field.is_required():
            yield from example_setting("    # ", name, field)


def example_section(name: str, section: type[BaseModel]) -> Iterator[str]:
    """Give the lines of a section."""
    for key, field in section.model_fields.items():
        yield from example_setting("  # " if f"{name}.{key}" in COMMENTED_OUT else "  ", key, field)


def example_setting(indent: str, name: str, field: FieldInfo) -> Iterator[str]:
    """Give the lines of a setting: key, value, and its description next to it; a list is below."""
    is_list = isinstance(field.default, tuple)
    first = f"{indent}{name}:" if is_list else f"{indent}{name}: {as_yaml(field.default)}"
    start = f"{first:{EXAMPLE_COLUMN - 1}} # "
    rest = f"{indent if '#' in indent else '':{EXAMPLE_COLUMN}}# "
    yield from comment(described(field), start, rest)
    if is_list:
        yield from textwrap.wrap(
            as_yaml(field.default), WIDTH, initial_indent=f"{indent}  ", subsequent_indent=f"{indent}   "
        )


def described(field: FieldInfo) -> str:
    """Return the description of a setting, with its unit or the words that it takes."""
    words = ", ".join(get_args(field.annotation)) if get_origin(field.annotation) is Literal else ""
    before = words or unit_of(field)
    return f"[{before}] {field.description}" if before else str(field.description)


def comment(text: str, first: str, rest: str | None = None) -> list[str]:
    """Return a text as lines of a comment, which do not end within a command."""
    held = re.sub("`[^`]*`", lambda found: found[0].replace(" ", _HELD_SPACE), text)
    after = first if rest is None else rest
    lines = textwrap.wrap(held, WIDTH, initial_indent=first, subsequent_indent=after, break_on_hyphens=False)
    return [line.replace(_HELD_SPACE, " ") for line in lines]


def as_yaml(value: Any) -> str:
    """Return a value of a setting as YAML."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case dict():
            return "{}"
        case tuple():
            quoted = (f'"{item}"' for item in value)
            return f"[{', '.join(quoted)}]"
    return str(value) or '""'
