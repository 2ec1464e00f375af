"""familiar find: who is in an image, and which known photos show the same people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import print_table, say
from familiar.cli.console.parameters import FiniteRange, PathType, quality_option
from familiar.cli.console.steps import failures_of, step_as_json, summarise
from familiar.library.qualities import face_of_quality

if TYPE_CHECKING:
    from pathlib import Path

    from familiar.api.library import Library
    from familiar.api.search import Found
    from familiar.effects.journal import Step
    from familiar.library.search import FoundPhoto, SearchResult
    from familiar.model import Face


@command(epilog="Example: familiar find ~/Downloads/party.jpg --max 20 --distances")
@click.argument("image", type=PathType())
@click.option(
    "--max", "most", type=click.IntRange(1), default=10, show_default=True, help="Number of photos for each face."
)
@click.option(
    "--threshold", type=FiniteRange(0, 2, min_open=True), help="Largest distance of a face that counts as found."
)
@click.option("--nearest", is_flag=True, help="Show the nearest faces, even beyond the threshold.")
@click.option("--distances", is_flag=True, help="Show distances and scores.")
@click.option("--person", help="Search only the photos of this person.")
@quality_option
@click.option("--copy-to", type=PathType(), help="Copy the found photos to this folder.")
@pass_library
def find(
    library: Library,
    image: Path,
    *,
    most: int,
    threshold: float | None,
    nearest: bool,
    distances: bool,
    person: str | None,
    min_quality: float,
    copy_to: Path | None,
) -> Answer:
    """Show who is in IMAGE, and known photos with the same faces, nearest first.

    IMAGE itself is not added to the store. By default, uses the configured threshold.
    """
    target = None if copy_to is None else library.check_target(copy_to)
    found = library.find(image, most=most, threshold=threshold, beyond=nearest, person=person, min_quality=min_quality)
    steps: tuple[Step, ...] = ()
    if target is not None:
        photos = {photo: path for one in found for photo, path in one.paths.items() if path is not None}
        steps = library.put(photos.items(), target, "copy", rule="familiar find").steps

    none = _none(face_of_quality(min_quality), nearest=nearest)

    def show() -> None:
        for number, one in enumerate(found, start=1):
            _show(number, len(found), one.result, one.paths, distances=distances or nearest, none=none)
        if steps:
            summarise(steps, "copied")

    data = {"faces": [_as_json(one) for one in found], "copies": [step_as_json(step) for step in steps]}
    return Answer(data=data, text=show, failed=bool(failures_of(steps)))


def _show(
    number: int, of: int, found: SearchResult, paths: dict[int, Path | None], *, distances: bool, none: str
) -> None:
    say(f"face {number} of {of}, {_described(found.face)}: {_who(found)}")
    others = [each for each in found.people if found.match is None or each.name != found.match.person]
    if others:
        say("also similar: " + ", ".join(f"{each.name} ({each.distance:.3f})" for each in others))
    if not found.photos:
        say(none)
    columns = ("photo", "people", *(("distance", "score") if distances else ()))
    rows = [
        (_path(each, paths), ", ".join(each.people), *(_numbers(each.distance) if distances else ()))
        for each in found.photos
    ]
    if rows:
        print_table(columns, rows, right=("distance", "score"))
    if number < of:
        say("")


def _none(face: str, *, nearest: bool) -> str:
    """Return what is said if no photo was found."""
    if nearest:
        return f"no known photo has a {face} that the model in use has encoded."
    return f"no known photo has a {face} within the threshold; use --nearest to show the nearest faces."


def _described(face: Face) -> str:
    quality = "" if face.quality is None else f", quality {face.quality:.2f}"
    return f"{face.size} pixels at {face.box.left}, {face.box.top}{quality}"


def _who(found: SearchResult) -> str:
    match = found.match
    if match is None:
        return "unknown; the model in use has encoded no reference"
    if match.accepted:
        return f"{match.person} (distance {match.distance:.3f})"
    reason = "and a second person is equally near" if match.ambiguous else "too far away"
    return f"unknown; the nearest is {match.person} (distance {match.distance:.3f}), {reason}"


def _path(found: FoundPhoto, paths: dict[int, Path | None]) -> object:
    return paths[found.photo] or f"(photo {found.photo}, file gone)"


def _numbers(distance: float) -> tuple[str, str]:
    return f"{distance:.4f}", f"{1 / (1 + distance):.4f}"


def _as_json(one: Found) -> dict[str, Any]:
    found, paths = one.result, one.paths
    box, match = found.face.box, found.match
    return {
        "box": [box.left, box.top, box.right, box.bottom],
        "time": found.face.time,
        "quality": found.face.quality,
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
