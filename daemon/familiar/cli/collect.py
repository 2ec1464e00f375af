"""familiar collect: all photos of people in one folder."""

from pathlib import Path
from typing import TypeVar

import click

from familiar.api.library import Library
from familiar.api.placement import Action
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import say
from familiar.cli.console.parameters import PathType
from familiar.cli.console.steps import failures_of, step_as_json, summarise
from familiar.cli.console.unmatched import note_unmatched
from familiar.errors import UsageError

_DONE = {"copy": "copied", "move": "moved", "link": "linked", "hard-link": "linked"}

T = TypeVar("T", bound=str)


@command(epilog="Example: familiar collect --person 'Eileen Collins' --only --to ~/Pictures/Eileen")
@click.argument("folders", nargs=-1, type=PathType())
@click.option(
    "--person", "names", required=True, multiple=True, help="Person to collect photos of; can be given several times."
)
@click.option("--any", "any_of", is_flag=True, help="Collect photos that show any of these people (default).")
@click.option("--all", "all_of", is_flag=True, help="Collect photos that show all of these people.")
@click.option("--only", is_flag=True, help="Collect only photos without other people and unknown faces.")
@click.option("--to", "target", required=True, type=PathType(), help="Folder to put them into.")
@click.option("--copy", is_flag=True, help="Copy them (default).")
@click.option("--move", is_flag=True, help="Move them.")
@click.option("--link", is_flag=True, help="Make symbolic links to them.")
@click.option("--hard-link", is_flag=True, help="Make hard links to them.")
@pass_library
def collect(
    library: Library,
    folders: tuple[Path, ...],
    *,
    names: tuple[str, ...],
    any_of: bool,
    all_of: bool,
    only: bool,
    target: Path,
    copy: bool,
    move: bool,
    link: bool,
    hard_link: bool,
) -> Answer:
    """Put all photos and videos of people into one folder.

    Collects from all known photos, or from those in FOLDERS, which are scanned first. A photo that is already in the
    target under its own name is not put there again.
    """
    actions: dict[Action, bool] = {"copy": copy, "move": move, "link": link, "hard-link": hard_link}
    action = _one_of(actions)
    every = _one_of({"any": any_of, "all": all_of}) == "all"
    found = library.collect(names, target, folders=folders, action=action, every=every, only=only)

    def show() -> None:
        if not found.steps and not found.already_there:
            say("No photo there shows these people.")
        note_unmatched(found.unmatched_people)
        summarise(found.steps, _DONE[action], there=found.already_there)

    return Answer(data=[step_as_json(step) for step in found.steps], text=show, failed=bool(failures_of(found.steps)))


def _one_of(options: dict[T, bool]) -> T:
    """Return the given option, by default the first.

    Raises:
        UsageError: several are given.
    """
    given = [name for name, is_given in options.items() if is_given]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} can't be combined; give one of them.")
    return given[0] if given else next(iter(options))
