"""Read a rules file, with errors that name the place, and describe it to editors."""

import hashlib
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from familiar.rules.planning import Rules
from familiar.rules.rule import Rule
from familiar.rules.values import Mapping
from familiar.yaml_models import validated
from familiar.yaml_source import Document, parse

_MISSING = {
    "name": "the rule has no 'name'",
    "then": "the rule has no 'then'",
    "to": "the target is missing: to: ~/some/folder/",
}


class RulesFile(Mapping):
    """Rules of familiar: what is done with a photo, by the people in it."""

    rules: tuple[Rule, ...] | None = Field(
        default=None, description="Rules, tried in order; all that match apply, until one says stop."
    )


def read_rules(file: Path, text: str, *, home: Path) -> Rules:
    """Return the rules in `text`, the content of `file`; an empty file has none.

    Raises:
        ConfigurationError: something is wrong; all of it is reported.
    """
    document = parse(file, text)
    if document is None:
        return Rules()
    plain = document.plain()
    found = validated(document, RulesFile, plain, context={"home": home}, missing=_MISSING)
    _check_names(document, plain)
    document.check()
    assert found is not None
    return Rules(rules=found.rules or (), version=hashlib.sha256(text.encode()).hexdigest()[:16])


def rules_schema() -> dict[str, Any]:
    """Return the JSON schema of a rules file."""
    return RulesFile.model_json_schema(schema_generator=_Schema)


class _Schema(GenerateJsonSchema):
    """Leaves out null as a default, as no key may be null."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def _check_names(document: Document, plain: Any) -> None:
    """Complain about rules that have the name of an earlier one."""
    rules = plain.get("rules") if isinstance(plain, dict) else None
    names: set[str] = set()
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        name = rule.get("name") if isinstance(rule, dict) else None
        if isinstance(name, str):
            if name in names:
                message = f"there is a rule {name!r} already; give this one another name"
                document.complain(("rules", number), message)
            names.add(name)
