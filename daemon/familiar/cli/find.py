"""familiar find: who is in an image, and in which known photos they are."""

import asyncio
from pathlib import Path
from typing import Any

import click

from familiar.cli.carrying import carry_out_now, conclude, step_as_json
from familiar.cli.console.output import json_option, print_json, print_table, reported, say
from familiar.cli.console.parameters import FiniteRange, PathType
from familiar.cli.context import Context, pass_context
from familiar.effects.journal import Step
from familiar.errors import FamiliarError, RetryError, SetAsideError, UsageError
from familiar.library.indexing import Indexer
from familiar.library.locations import check_apart, places_of
from familiar.library.search import Finder, FoundPhoto, SearchQuery, SearchResult
from familiar.model import Copy, Photo, Plan
from familiar.settings import Settings
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_RULE = "familiar find"


@click.command(epilog="Example: familiar find ~/Downloads/party.jpg --max 20 --distances")
@click.argument("image", type=PathType())
@click.option("--max", "most", type=click.IntRange(1), default=10, show_default=True, help="Photos for each face.")
@click.option("--threshold", type=FiniteRange(0, 2, min_open=True), help="Distance up to which a face is found.")
@click.option("--nearest", is_flag=True, help="Show the nearest, even if they are beyond the threshold.")
@click.option("--distances", is_flag=True, help="Show distances and scores.")
@click.option("--person", help="Look only among the photos of this person.")
@click.option("--copy-to", type=PathType(), help="Copy the photos that are found to this folder.")
@json_option
@pass_context
def find(
    context: Context,
    image: Path,
    *,
    most: int,
    threshold: float | None,
    nearest: bool,
    distances: bool,
    person: str | None,
    copy_to: Path | None,
    as_json: bool,
) -> None:
    """Show who is in IMAGE, and the known photos with the same faces, the nearest first.

    IMAGE itself is not remembered. Without --threshold the configured one holds.
    """
    steps: list[Step] = []
    with reported():
        if not image.is_file():
            raise UsageError(f"{image}: {'is no regular file' if image.exists() else 'there is no such file'}.")
        target = None if copy_to is None else check_apart(copy_to, [])
        settings = context.settings()
        with context.store() as store:
            photo = asyncio.run(_glance(context, store, settings, image))
            if not photo.faces:
                raise FamiliarError(f"{image}: no face was found in it.")
            finder = Finder(store, settings.matching, settings.vision.model)
            wish = SearchQuery(most=most, threshold=threshold, beyond=nearest, person=person)
            found = finder.find(photo.faces, wish)
            paths = {each.photo: next(places_of(store, each.photo), None) for one in found for each in one.photos}
            if target is not None:
                plans = [
                    (photo_id, path, Plan(operations=(Copy(target=target / path.name, rule=_RULE, top=target),)))
                    for photo_id, path in paths.items()
                    if path is not None and path.parent != target
                ]
                steps = carry_out_now(context, store, settings, plans, quiet=as_json)
    if as_json:
        print_json({"faces": [_as_json(one, paths) for one in found], "copies": [step_as_json(step) for step in steps]})
    else:
        for number, one in enumerate(found, start=1):
            _show(number, len(found), one, paths, distances=distances or nearest)
    conclude(steps, "copied" if steps else None, quiet=as_json)


async def _glance(context: Context, store: Store, settings: Settings, image: Path) -> Photo:
    async with Workers(settings=settings.vision, models=context.models, tasks=1) as workers:
        try:
            return await Indexer(store=store, workers=workers).glance(image, settings.vision.model)
        except (SetAsideError, RetryError) as error:
            raise FamiliarError(f"{image}: can't be looked at: {error}.") from error


def _show(number: int, of: int, found: SearchResult, paths: dict[int, Path | None], *, distances: bool) -> None:
    box = found.face.box
    say(f"face {number} of {of}, {found.face.size} pixels at {box.left}, {box.top}: {_who(found)}")
    others = [each for each in found.people if found.match is None or each.name != found.match.person]
    if others:
        say("also near: " + ", ".join(f"{each.name} ({each.distance:.3f})" for each in others))
    if not found.photos:
        say("no known photo has a face as near as this; --nearest shows the nearest.")
    columns = ("photo", "people", *(("distance", "score") if distances else ()))
    rows = [
        (_path(each, paths), ", ".join(each.people), *(_numbers(each.distance) if distances else ()))
        for each in found.photos
    ]
    if rows:
        print_table(columns, rows, right=("distance", "score"))
    if number < of:
        say("")


def _who(found: SearchResult) -> str:
    match = found.match
    if match is None:
        return "unknown; nobody is registered yet"
    if match.accepted:
        return f"{match.person} (distance {match.distance:.3f})"
    reason = "as near to a second person" if match.ambiguous else "too far away"
    return f"unknown; the nearest is {match.person} (distance {match.distance:.3f}), {reason}"


def _path(found: FoundPhoto, paths: dict[int, Path | None]) -> object:
    return paths[found.photo] or f"(photo {found.photo}, which lies nowhere any more)"


def _numbers(distance: float) -> tuple[str, str]:
    return f"{distance:.4f}", f"{1 / (1 + distance):.4f}"


def _as_json(found: SearchResult, paths: dict[int, Path | None]) -> dict[str, Any]:
    box, match = found.face.box, found.match
    return {
        "box": [box.left, box.top, box.right, box.bottom],
        "time": found.face.time,
        "person": match.person if match is not None and match.accepted else None,
        "distance": match.distance if match is not None else None,
        "nearest_person": match.person if match is not None else None,
        "people": [
            {"name": each.name, "distance": each.distance, "within_threshold": each.within} for each in found.people
        ],
        "photos": [
            {
                "path": paths[each.photo],
                "distance": each.distance,
                "score": 1 / (1 + each.distance),
                "people": each.people,
            }
            for each in found.photos
        ],
    }
