"""The configuration file: read with errors that name the place, and written with all defaults."""

import os
from pathlib import Path
from typing import Any

import yaml

from familiar.settings.folders import FolderSettings
from familiar.settings.whole import Settings
from familiar.yaml_models import validated
from familiar.yaml_source import Document, parse


def read_settings(file: Path, text: str) -> Settings:
    """Return the configuration in `text`; a relative path of `rules` starts at the folder of `file`.

    Raises:
        ConfigurationError: there are mistakes; all are reported.
    """
    document = parse(file, text)
    if document is None:
        return Settings()
    plain = document.plain()
    if isinstance(plain, dict) and isinstance(plain.get("rules"), str):
        plain["rules"] = str(file.parent / os.path.expanduser(plain["rules"]))
    settings = validated(document, Settings, plain)
    if settings is not None:
        _check_folders(document, settings.folders)
        _check_accounts(document, settings)
    document.check()
    assert settings is not None
    return settings


def settings_schema() -> dict[str, Any]:
    """Return the JSON schema of the configuration."""
    return Settings.model_json_schema()


def settings_as_yaml(settings: Settings) -> str:
    """Return all settings as YAML, which `read_settings` reads."""
    return yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _check_accounts(document: Document, settings: Settings) -> None:
    """Report accounts whose names are taken by other sources."""
    taken = {folder.source.casefold() for folder in settings.folders}
    for number, account in enumerate(settings.accounts):
        if account.name.casefold() in taken:
            where = ("flickr", number, "name") if isinstance(settings.flickr, tuple) else ("flickr", "name")
            document.complain(where, f"the source {account.name!r} already exists; give this account another `name`")
        taken.add(account.name.casefold())


def _check_folders(document: Document, folders: tuple[FolderSettings, ...]) -> None:
    """Report overlapping folders, and two sources of one name."""
    for number, folder in enumerate(folders):
        for other in folders[:number]:
            if folder.path.is_relative_to(other.path) or other.path.is_relative_to(folder.path):
                message = f"{folder.path} and {other.path} overlap; a folder is watched with its subfolders"
                document.complain(("folders", number), message)
            elif folder.source == other.source:
                message = f"the source {folder.source!r} already exists; give this folder another `name`"
                document.complain(("folders", number), message)
