"""familiar config: write, check and show the configuration."""

from pathlib import Path

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, Group, pass_library
from familiar.cli.console.output import print_json, say
from familiar.settings import settings_as_yaml


@click.group(cls=Group)
def config() -> None:
    """Write, check and show the configuration."""


@config.command(epilog="Example: familiar config init")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@pass_library
def init(library: Library, folder: Path | None) -> Answer:
    """Write a commented configuration and rules.

    Writes to FOLDER, by default the folder where familiar looks for them. Nothing is overwritten.
    """
    written = library.config.write_examples(folder)

    def text() -> None:
        for path in written:
            say(f"written: {path}")

    return Answer(data={"written": written}, text=text)


@config.command(epilog="Example: familiar --config ./familiar.yaml config check")
@pass_library
def check(library: Library) -> Answer:
    """Check the configuration and its rules file."""
    found = library.config.check()

    def text() -> None:
        say(f"{found.config or 'no configuration file (using defaults)'}: valid")
        if found.rules is not None:
            say(f"{found.rules}: valid")
        for warning in found.warnings:
            say(f"warning: {warning}")

    data: dict[str, object] = {"config": found.config, "rules": found.rules, "problems": [], "warnings": found.warnings}
    return Answer(data=data, text=text)


@config.command(epilog="Example: familiar config show")
@pass_library
def show(library: Library) -> Answer:
    """Show the configuration in effect, with all defaults."""
    settings, environment = library.config.read(), library.environment

    def text() -> None:
        say(f"# configuration: {environment.config or 'none (using defaults)'}")
        say(f"# state: {environment.state}")
        click.echo(settings_as_yaml(settings), nl=False)

    data = {"config": environment.config, "state": environment.state, "settings": settings.model_dump(mode="json")}
    return Answer(data=data, text=text)


@config.command(epilog="Example: familiar config schema > familiar.schema.json")
@pass_library
def schema(library: Library) -> Answer:
    """Print the JSON schema of the configuration, for editors."""
    found = library.config.schema()
    return Answer(data=found, text=lambda: print_json(found))
