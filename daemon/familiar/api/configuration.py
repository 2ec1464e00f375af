"""The configuration and the rules: written as examples, read, and checked."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import platformdirs

from familiar.api.environment import RULES_NAME, SETTINGS_NAME
from familiar.api.session import Session
from familiar.errors import UsageError
from familiar.library.argument_types import checked_arguments
from familiar.library.named_paths import expanded
from familiar.settings import Settings, settings_schema
from familiar.vision.chosen_model import doubts


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFiles:
    """The checked configuration and rules files; None if there is no file and defaults are used.

    `warnings` are about what may be meant otherwise.
    """

    config: Path | None
    rules: Path | None
    warnings: tuple[str, ...] = ()


@checked_arguments
class ConfigurationFiles:
    """The configuration and the rules."""

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def read(self) -> Settings:
        """Return the settings in effect for this library, with all defaults.

        Raises:
            UsageError: the configuration can't be read, or is wrong.
        """
        return self._session.settings

    def check(self) -> CheckedFiles:
        """Check the configuration and its rules file.

        Raises:
            UsageError: one can't be read, or is wrong; a `ConfigurationError` lists all mistakes.
        """
        environment = self._session.environment
        settings = self._session.settings
        path = environment.rules_path(settings)
        rules = environment.rules(path)
        warnings = (
            *settings.doubts,
            *doubts(settings.vision),
            *rules.doubts(without_albums=settings.accounts_without_albums),
        )
        return CheckedFiles(config=environment.config, rules=path, warnings=warnings)

    def write_examples(self, folder: str | Path | None = None) -> tuple[Path, Path]:
        """Write a commented configuration and rules; nothing is overwritten.

        Args:
            folder: where to write them; by default, where familiar looks for them.

        Raises:
            UsageError: one exists, or can't be written.
        """
        target = platformdirs.user_config_path("familiar") if folder is None else expanded(folder)
        return _write(target / SETTINGS_NAME), _write(target / RULES_NAME)

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the configuration, for editors."""
        return settings_schema()


def _write(path: Path) -> Path:
    text = files("familiar").joinpath("examples", path.name).read_text(encoding="utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} already exists; it was left unchanged.") from error
    except OSError as error:
        raise UsageError(f"{path}: can't be written: {error.strerror}.") from error
    return path
