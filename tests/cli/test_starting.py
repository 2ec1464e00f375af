"""How a command starts: what it imports, and what help says without importing."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from conftest import put
from familiar.cli import COMMANDS, main
from support.album import Album
from support.household import Household

HEAVY = {
    "asyncio",
    "flickrapi",
    "importlib.metadata",
    "jinja2",
    "lxml",
    "matplotlib",
    "numpy",
    "PIL",
    "pydantic",
    "requests",
    "rich",
    "sqlite_utils",
    "structlog",
    "watchdog",
    "yaml",
}
"""What takes long to import, and many commands do not need."""


def imported_by(household: Household, *arguments: str | Path) -> set[str]:
    """Return the modules that a command imports."""
    script = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, sep='\\n', file=sys.stderr)); "
        "from familiar.cli import main; main(prog_name='familiar')"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=household.whole_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(result.stderr.split())


@pytest.fixture
def unconfigured(household: Household) -> Household:
    """A household with a store and no configuration."""
    household.make_store()
    household.config.unlink()
    household.environment = {"FAMILIAR_CONFIG": "", "XDG_CONFIG_HOME": str(household.base / "nothing")}
    return household


def test_help_imports_no_command(household: Household) -> None:
    modules = imported_by(household, "--help")
    assert modules & {*HEAVY, "sqlite3"} == set()
    assert {name for name in modules if name.startswith("familiar.")} == {
        "familiar.cli",
        "familiar.cli.console",
        "familiar.cli.console.standard_output",
        "familiar.errors",
    }


@pytest.mark.parametrize("arguments", [("status",), ("status", "--json")])
def test_status_imports_what_the_store_needs(unconfigured: Household, arguments: tuple[str, ...]) -> None:
    modules = imported_by(unconfigured, *arguments)
    assert modules & HEAVY == set()
    assert not any(re.match(r"familiar\.(vision|service|settings|rules|plots|sources|xmp)\b", name) for name in modules)


@pytest.mark.parametrize("verb", ["list", "log"])
def test_groups_are_listed_without_what_groups_faces_cuts_them_out_or_reads_the_configuration(
    unconfigured: Household, verb: str
) -> None:
    modules = imported_by(unconfigured, "clusters", verb)
    assert modules & {"lxml", "numpy", "PIL", "pydantic", "yaml"} == set()


def test_status_of_photos_reads_the_configuration_and_prints_tables(household: Household, meadow: Path) -> None:
    put(meadow, household.inbox)
    household.scan()
    assert imported_by(household, "status", "--json") & HEAVY == {"importlib.metadata", "pydantic", "yaml"}
    assert imported_by(household, "status") & HEAVY == {"importlib.metadata", "pydantic", "rich", "yaml"}


def test_the_list_of_what_can_be_undone_imports_what_the_store_needs(unconfigured: Household) -> None:
    with Album.at(unconfigured.state) as album:
        album.import_references("Ann", 1)
    assert imported_by(unconfigured, "undo", "--list", "--json") & HEAVY == set()
    assert imported_by(unconfigured, "undo", "--list") & HEAVY == {"rich"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_help_of_each_does(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help is not None
    assert COMMANDS[name].summary == " ".join(command.help.split("\n\n")[0].split())


def test_commands_are_completed_with_what_they_do() -> None:
    items = main.shell_complete(click.Context(main, info_name="familiar"), "st")
    assert [(item.value, item.help) for item in items] == [("status", COMMANDS["status"].summary)]
    options = main.shell_complete(click.Context(main, info_name="familiar"), "--st")
    assert [item.value for item in options] == ["--state"]
