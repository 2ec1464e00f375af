"""familiar config: write, check and show the configuration."""

from importlib.resources import files
from pathlib import Path

import click
import platformdirs

from familiar.cli.console.output import json_option, print_json, reported, say
from familiar.cli.context import RULES_NAME, SETTINGS_NAME, Context, pass_context
from familiar.errors import UsageError
from familiar.settings import settings_as_yaml, settings_schema


@click.group()
def config() -> None:
    """Write, check and show the configuration."""


@config.command(epilog="Example: familiar config init")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@json_option
def init(folder: Path | None, *, as_json: bool) -> None:
    """Write a commented configuration and rules.

    They go into FOLDER, by default where they are looked for; nothing is overwritten.
    """
    target = folder or platformdirs.user_config_path("familiar")
    with reported():
        paths = [_write(target / name) for name in (SETTINGS_NAME, RULES_NAME)]
    if as_json:
        print_json({"written": paths})
    else:
        for path in paths:
            say(f"written: {path}")


@config.command(epilog="Example: familiar --config ./familiar.yaml config check")
@json_option
@pass_context
def check(context: Context, *, as_json: bool) -> None:
    """Check the configuration and the rules that it names."""
    with reported():
        settings = context.settings()
        rules_path = context.rules_path(settings)
        context.rules(rules_path)
    if as_json:
        print_json({"config": context.config, "rules": rules_path, "problems": []})
    else:
        say(f"{context.config or 'no configuration file (defaults hold)'}: good")
        if rules_path is not None:
            say(f"{rules_path}: good")


@config.command(epilog="Example: familiar config show")
@json_option
@pass_context
def show(context: Context, *, as_json: bool) -> None:
    """Show the configuration as it holds, with all defaults."""
    with reported():
        settings = context.settings()
    if as_json:
        print_json({"config": context.config, "state": context.state, "settings": settings.model_dump(mode="json")})
    else:
        say(f"# configuration: {context.config or 'none, defaults hold'}")
        say(f"# state: {context.state}")
        click.echo(settings_as_yaml(settings), nl=False)


@config.command(epilog="Example: familiar config schema > familiar.schema.json")
@json_option
def schema(*, as_json: bool) -> None:  # noqa: ARG001 - a schema is JSON either way
    """Print the JSON schema of the configuration, for editors."""
    print_json(settings_schema())


def _write(path: Path) -> Path:
    text = files("familiar").joinpath("examples", path.name).read_text(encoding="utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} exists already; it was left as it is.") from error
    except OSError as error:
        raise UsageError(f"{path}: can't be written: {error.strerror}.") from error
    return path
