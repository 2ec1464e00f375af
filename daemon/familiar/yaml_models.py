"""Validate YAML files with pydantic: each problem has its place, the value, and what would be right."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from familiar.yaml_source import Document, Unreadable, shown

M = TypeVar("M", bound=BaseModel)


def complaint(message: str) -> PydanticCustomError:
    """Return the error that a validator raises, with the whole message."""
    return PydanticCustomError("complaint", "{message}", {"message": message})


def wrong(plain: object, right: str) -> PydanticCustomError:
    """Return the error that a validator raises about a value, with what would be right instead."""
    return complaint(f"{shown(plain)} is wrong; {right} would be right")


def keys_of(*models: type[BaseModel]) -> list[str]:
    """Return the keys of the mappings that models describe."""
    return list(dict.fromkeys(_key(*each) for model in models for each in model.model_fields.items()))


def validated(
    document: Document,
    model: type[M],
    plain: object,
    *,
    context: Mapping[str, object] | None = None,
    missing: Mapping[str, str] | None = None,
) -> M | None:
    """Return the values of a document as a model, or None, after adding to its problems what is wrong.

    Args:
        document: the document of the values, which has their places.
        model: what the values should be.
        plain: the values, as `Document.plain` returns them.
        context: what validators need to know.
        missing: messages about missing keys, where the usual one does not fit.
    """
    try:
        return model.model_validate(plain, context=context)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            if not _is_known(each):
                message = _message(each, model, missing or {})
                document.complain(each["loc"], message, of_key=each["type"] == "extra_forbidden")
    return None


def _is_known(error: ErrorDetails) -> bool:
    """Return whether another problem says the same: an unreadable value, or a list whose items are wrong."""
    return isinstance(error["input"], Unreadable) or (error["type"] == "too_short" and bool(error["input"]))


def _message(error: ErrorDetails, model: type[BaseModel], missing: Mapping[str, str]) -> str:
    way, plain = error["loc"], error["input"]
    match error["type"]:
        case "complaint":
            return error["msg"]
        case "extra_forbidden":
            return _unknown_key(str(way[-1]), _keys_at(model, way[:-1]))
        case "missing":
            return missing.get(str(way[-1]), f"the key {way[-1]!r} is missing")
        case "model_type" | "model_attributes_type":
            return f"{shown(plain)} is wrong; a mapping with {', '.join(_keys_at(model, way))} would be right"
        case "tuple_type" | "list_type":
            return f"{shown(plain)} is wrong; a list would be right"
        case "too_short":
            return f"{shown(plain)} is wrong; a list with something in it would be right"
        case _:
            wanted = error["msg"].removeprefix("Input ").removeprefix("Value error, ")
            return f"{shown(plain)} is wrong; it {wanted[:1].lower()}{wanted[1:]}"


def _unknown_key(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown key {key!r}; {hint}known are {', '.join(known)}"


def _keys_at(model: type[BaseModel], way: Iterable[str | int]) -> list[str]:
    """Return the keys of the mapping that a way leads to; it may contain numbers of items and tags of unions."""
    models = [model]
    for step in way:
        fields = [each for inner in models for each in inner.model_fields.items() if _key(*each) == step]
        if fields:
            models = [inner for _, field in fields for inner in _models_in(field.annotation)]
    return keys_of(*models)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [] if issubclass(annotation, RootModel) else [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _key(name: str, field: Any) -> str:
    return field.alias or name
