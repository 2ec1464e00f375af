"""familiar collect: all photos of people in one folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from familiar.cli.carrying import carry_out_now, conclude, step_as_json
from familiar.cli.context import Context, pass_context
from familiar.cli.looking import look_through
from familiar.cli.output import json_option, print_json, reported
from familiar.cli.parameters import PathType
from familiar.cli.photos import folder_at
from familiar.errors import FamiliarError
from familiar.model import Copy, Link, Move, Operation, Plan
from familiar.service.places import check_apart, places_of
from familiar.store.store import Store

_RULE = "familiar collect"
_DONE = {"copy": "copied", "move": "moved", "link": "linked", "hard-link": "linked"}


@click.command(epilog="Example: familiar collect --person 'Eileen Collins' --only --to ~/Pictures/Eileen")
@click.argument("folders", nargs=-1, type=PathType())
@click.option("--person", "names", required=True, multiple=True, help="Whose photos; may be given several times.")
@click.option("--any", "mode", flag_value="any", default=True, help="One of several people is enough (the default).")
@click.option("--all", "mode", flag_value="all", help="All of several people are in the photo.")
@click.option("--only", is_flag=True, help="Nobody else is in the photo, and no unknown face.")
@click.option("--to", "target", required=True, type=PathType(), help="The folder to put them into.")
@click.option("--copy", "action", flag_value="copy", default=True, help="Copy them (the default).")
@click.option("--move", "action", flag_value="move", help="Move them.")
@click.option("--link", "action", flag_value="link", help="Make symbolic links to them.")
@click.option("--hard-link", "action", flag_value="hard-link", help="Make hard links to them.")
@json_option
@pass_context
def collect(
    context: Context,
    folders: tuple[Path, ...],
    *,
    names: tuple[str, ...],
    mode: str,
    only: bool,
    target: Path,
    action: str,
    as_json: bool,
) -> None:
    """Put all photos and videos of people into one folder.

    All known photos are taken, or those in FOLDERS, which are looked through first. What lies in the target already
    is not put there again.
    """
    with reported():
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
            if not places:
                raise FamiliarError(f"There is no such photo{_nothing(photos)}; nothing was done.")
            plans = [
                (photo_id, path, Plan(operations=(operation_to(where / path.name, action, _RULE),)))
                for photo_id, path in places
                if path.parent != where
            ]
            steps = carry_out_now(context, store, settings, plans, quiet=as_json)
    if as_json:
        print_json([step_as_json(step) for step in steps])
    conclude(steps, _DONE[action], there=len(places) - len(plans), quiet=as_json)


def operation_to(target: Path, action: str, rule: str) -> Operation:
    """Return the operation that puts a photo at a target: copy, move, link or hard-link."""
    match action:
        case "move":
            return Move(target=target, rule=rule)
        case "copy":
            return Copy(target=target, rule=rule)
        case _:
            return Link(target=target, rule=rule, symbolic=action == "link")


def _places(store: Store, photos: Sequence[int], tops: Sequence[Path], target: Path) -> Iterator[tuple[int, Path]]:
    """Give each photo with the place to take it from: where it lies in the target already, if it does."""
    for photo_id in photos:
        places = list(places_of(store, photo_id, tops))
        if places:
            yield photo_id, next((path for path in places if path.parent == target), places[0])


def _nothing(photos: Sequence[int]) -> str:
    return f": {len(photos)} are known, but none lies there any more" if photos else ""
