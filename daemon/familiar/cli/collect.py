"""familiar collect: all photos of people in one folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from familiar.cli.carrying import carry_out_now, conclude, step_as_json
from familiar.cli.console.output import json_option, print_json, reported, say
from familiar.cli.console.parameters import PathType
from familiar.cli.context import Context, pass_context
from familiar.cli.looking import look_through
from familiar.cli.photos import folder_at
from familiar.errors import FamiliarError, UsageError
from familiar.library.locations import check_apart, places_of
from familiar.model import Copy, Link, Move, Operation, Plan
from familiar.store.store import Store

_RULE = "familiar collect"
_DONE = {"copy": "copied", "move": "moved", "link": "linked", "hard-link": "linked"}


@click.command(epilog="Example: familiar collect --person 'Eileen Collins' --only --to ~/Pictures/Eileen")
@click.argument("folders", nargs=-1, type=PathType())
@click.option("--person", "names", required=True, multiple=True, help="Whose photos; may be given several times.")
@click.option("--any", "any_of", is_flag=True, help="One of several people is enough (the default).")
@click.option("--all", "all_of", is_flag=True, help="All of several people are in the photo.")
@click.option("--only", is_flag=True, help="Nobody else is in the photo, and no unknown face.")
@click.option("--to", "target", required=True, type=PathType(), help="The folder to put them into.")
@click.option("--copy", is_flag=True, help="Copy them (the default).")
@click.option("--move", is_flag=True, help="Move them.")
@click.option("--link", is_flag=True, help="Make symbolic links to them.")
@click.option("--hard-link", is_flag=True, help="Make hard links to them.")
@json_option
@pass_context
def collect(
    context: Context,
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
    as_json: bool,
) -> None:
    """Put all photos and videos of people into one folder.

    All known photos are taken, or those in FOLDERS, which are looked through first. What lies in the target already,
    under its own name, is not put there again.
    """
    with reported():
        action = _one_of({"copy": copy, "move": move, "link": link, "hard-link": hard_link})
        mode = _one_of({"any": any_of, "all": all_of})
        settings = context.settings()
        sources = [folder_at(folder, files=False) for folder in folders]
        where = check_apart(target, [source.path for source in sources])
        with context.store() as store:
            people = [store.people.find(name) for name in names]
            if sources:
                look_through(context, store, settings, sources, quiet=as_json)
            photos = store.photos.with_people([person.id for person in people], every=mode == "all", only=only)
            tops = [source.path for source in sources]
            places = list(_places(store, photos, tops, where))
            if photos and not places and not tops:
                raise FamiliarError(f"{len(photos)} photos show them, but none lies anywhere any more.")
            plans = [
                (photo_id, path, Plan(operations=(operation_to(where / path.name, action, _RULE),)))
                for photo_id, path in places
                if path.parent != where
            ]
            steps = carry_out_now(context, store, settings, plans, quiet=as_json)
    if as_json:
        print_json([step_as_json(step) for step in steps])
    if not places and not as_json:
        say("No photo there shows them.")
    conclude(steps, _DONE[action], there=len(places) - len(plans), quiet=as_json)


def operation_to(target: Path, action: str, rule: str) -> Operation:
    """Return the operation that puts a photo at a target: copy, move, link or hard-link."""
    match action:
        case "move":
            return Move(target=target, rule=rule, top=target.parent)
        case "copy":
            return Copy(target=target, rule=rule, top=target.parent)
        case _:
            return Link(target=target, rule=rule, symbolic=action == "link", top=target.parent)


def _places(store: Store, photos: Sequence[int], tops: Sequence[Path], target: Path) -> Iterator[tuple[int, Path]]:
    """Give each photo with the place to take it from: where it lies in the target already, if it does."""
    for photo_id in photos:
        places = list(places_of(store, photo_id, tops))
        if places:
            yield photo_id, next((path for path in places if path.parent == target), places[0])


def _one_of(options: dict[str, bool]) -> str:
    """Return the option that was given, by default the first.

    Raises:
        UsageError: several were given.
    """
    given = [name for name, is_given in options.items() if is_given]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} do not go together: name one.")
    return given[0] if given else next(iter(options))
