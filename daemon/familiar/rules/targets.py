"""Types of templates in rules: targets, and texts of tags."""

from typing import Annotated, Any, TypeAlias

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from familiar.rules.templates import (
    ALBUM_FORMAT,
    DIRECTIVES,
    NUMBER_FORMAT,
    Template,
    TemplateError,
    TextTemplate,
    parse_template,
    parse_text,
)
from familiar.rules.values import Checked, check_text, home_of
from familiar.tags import TagError, raw_tag
from familiar.yaml_models import complaint, wrong

CROP_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
"""What the file name of a crop may end in."""

_PART = (
    r"(?:[^{}\u0000-\u001f\u007f-\u009f]|\{\{|\}\}|\{(?:person|name|stem|suffix|source|title|id):?\}"
    rf"|\{{taken(?::(?:[^{{}}%]|%[{DIRECTIVES}])*)?\}}|\{{score(?::{NUMBER_FORMAT})?\}}|\{{album(?::(?:{ALBUM_FORMAT})?)?\}})"
)
"""A character, or a field."""

_TARGET_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": rf"^(?!(?:.*/)?\.\.(?:/|$))(?!/+[^/]*$)~?/{_PART}*$",
    "patternErrorMessage": "A target is a path from / or ~/ on, with known {fields}, without '..', not directly in /.",
}
_PICTURE_SCHEMA = _TARGET_SCHEMA | {
    "allOf": [{
        "pattern": r"(?:/|\.(?:[jJ][pP][eE]?[gG]|[pP][nN][gG]|[wW][eE][bB][pP]))$",
        "patternErrorMessage": f"A crop goes into a folder (/ at its end), or a file with {', '.join(CROP_SUFFIXES)}.",
    }]
}  # fmt: skip
_TAG_SCHEMA = {"type": "string", "minLength": 1, "pattern": f"^{_PART}+$"}


def _target(plain: object, info: ValidationInfo) -> Template:
    if plain is None:
        raise wrong(plain, "a folder such as ~/Pictures/ (~ alone is null in YAML)")
    try:
        return parse_template(check_text(plain), home=home_of(info))
    except TemplateError as error:
        raise complaint(str(error)) from error


def _picture(plain: object, info: ValidationInfo) -> Template:
    target = _target(plain, info)
    if not target.is_folder and not target.ending.lower().endswith(CROP_SUFFIXES):
        raise wrong(plain, f"a folder (/ at its end), or a name that ends in {', '.join(CROP_SUFFIXES)}")
    return target


def _tag(plain: object) -> TextTemplate:
    text = check_text(plain)
    try:
        template = parse_text(text)
        if not template.fields:
            raw_tag(text)
    except (TemplateError, TagError) as error:
        raise complaint(str(error)) from error
    return template


Target: TypeAlias = Annotated[Template, PlainValidator(_target), WithJsonSchema(_TARGET_SCHEMA)]
PictureTarget: TypeAlias = Annotated[Template, PlainValidator(_picture), WithJsonSchema(_PICTURE_SCHEMA)]
TagText: TypeAlias = Annotated[TextTemplate, Checked(_tag, _TAG_SCHEMA)]
