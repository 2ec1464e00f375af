"""Templates as values of the language: targets, and texts of tags."""

from typing import Annotated, TypeAlias

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from familiar.rules.templates import (
    DIRECTIVES,
    NUMBER_FORMAT,
    Template,
    TemplateError,
    TextTemplate,
    parse_template,
    parse_text,
)
from familiar.rules.values import Checked, check_text
from familiar.tags import TagError, raw_tag
from familiar.yaml_models import complaint

_PART = (
    r"(?:[^{}\u0000-\u001f\u007f-\u009f]|\{\{|\}\}|\{(?:person|name|stem|suffix|source):?\}"
    rf"|\{{taken(?::(?:[^{{}}%]|%[{DIRECTIVES}])*)?\}}|\{{score(?::{NUMBER_FORMAT})?\}})"
)
"""A character, or a field."""

_TARGET_SCHEMA = {
    "type": "string",
    "description": "A folder (/ at its end) or a file, from / or ~/ on; fields such as {person} stand for values.",
    "pattern": rf"^(?!(?:.*/)?\.\.(?:/|$))(?!/+[^/]*$)~?/{_PART}*$",
}
_TAG_SCHEMA = {"type": "string", "minLength": 1, "pattern": f"^{_PART}+$"}


def _target(plain: object, info: ValidationInfo) -> Template:
    try:
        return parse_template(check_text(plain), home=info.context["home"])
    except TemplateError as error:
        raise complaint(str(error)) from error


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
TagText: TypeAlias = Annotated[TextTemplate, Checked(_tag, _TAG_SCHEMA)]
