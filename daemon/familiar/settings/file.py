"""The configuration file: read with errors that name the place, and written with all defaults."""

import os
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from familiar.errors import ConfigurationError, Problem
from familiar.settings.folders import FolderSettings
from familiar.settings.whole import Settings
from familiar.yaml_source import Complaints, Value, parse, place_of


def read_settings(file: Path, text: str) -> Settings:
    """Return the configuration in `text`; a relative path of `rules` starts at the folder of `file`.

    Raises:
        ConfigurationError: there are mistakes; all are reported.
    """
    root = parse(file, text)
    if root is None:
        return Settings()
    with Complaints():
        _check_keys(root, Settings)
    root.document.check()
    plain: dict[str, Any] = {}
    with Complaints():
        plain = root.plain
    root.document.check()
    if isinstance(plain.get("rules"), str):
        plain["rules"] = str(file.parent / os.path.expanduser(plain["rules"]))
    try:
        settings = Settings.model_validate(plain)
    except ValidationError as error:
        raise ConfigurationError(_as_problem(root, file, dict(item)) for item in error.errors()) from error
    _check_folders(root, settings.folders)
    return settings


def settings_schema() -> dict[str, Any]:
    """Return the JSON schema of the configuration."""
    return Settings.model_json_schema()


def settings_as_yaml(settings: Settings) -> str:
    """Return all settings as YAML, which `read_settings` reads."""
    return yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _check_keys(value: Value, section: type[BaseModel]) -> None:
    """Report unknown keys, each at its place."""
    for key, inner in value.keys(section.model_fields).items():
        for model in _sections_in(section.model_fields[key].annotation):
            with Complaints():
                for item in inner.items() if key == "folders" else [inner]:
                    with Complaints():
                        if not (key == "folders" and isinstance(item.plain, str)):
                            _check_keys(item, model)


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    kinds = [annotation, *get_args(annotation)]
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _as_problem(root: Value, file: Path, error: dict[str, Any]) -> Problem:
    line, column, key = place_of(root, error["loc"])
    if error["type"] == "missing":
        message = f"the key {error['loc'][-1]!r} is missing"
    else:
        wanted = str(error["msg"]).removeprefix("Input ").removeprefix("Value error, ")
        message = f"{error['input']!r} is wrong; it {wanted[:1].lower()}{wanted[1:]}"
    return Problem(file=file, line=line, column=column, key=key, message=message)


def _check_folders(root: Value, folders: tuple[FolderSettings, ...]) -> None:
    """Refuse overlapping folders, and two sources of one name.

    Raises:
        ConfigurationError: there are some.
    """
    values = root.keys(Settings.model_fields)["folders"].items() if folders else []
    for number, (folder, value) in enumerate(zip(folders, values, strict=True)):
        for other in folders[:number]:
            if folder.path.is_relative_to(other.path) or other.path.is_relative_to(folder.path):
                value.complain(f"{folder.path} and {other.path} overlap; a folder is watched with its subfolders")
            elif folder.source == other.source:
                value.complain(f"the source {folder.source!r} already exists; give this folder another `name`")
    root.document.check()
