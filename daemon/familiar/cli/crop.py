"""familiar crop: the faces of one person from many photos, as a data set."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import click

from familiar.api.crops import CroppedFolder, CropResult
from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import print_table, say
from familiar.cli.console.parameters import FiniteRange, PathType, quality_option
from familiar.library.crops.manifest import MANIFEST_NAME
from familiar.plurals import counted
from familiar.vision.faces.crops import QUALITY

_SHOWN = 20
"""Problems that are shown as text."""


@command(epilog="Example: familiar crop --person 'Eileen Collins' ~/Pictures --to ~/Datasets/eileen --size 512")
@click.argument("folders", nargs=-1, type=PathType())
@click.option(
    "--person",
    "people",
    multiple=True,
    help="Person whose faces to crop; several get one folder each in --to.",
)
@click.option("--reference", type=PathType(), help="Photo of the face to look for, instead of --person.")
@click.option("--largest", is_flag=True, help="Use the largest face if the reference photo has several.")
@click.option("--to", required=True, type=PathType(), help="Folder for the crops.")
@click.option("--recursive/--no-recursive", default=True, help="Include subfolders of FOLDERS (default).")
@click.option(
    "--threshold",
    type=FiniteRange(0, 1, min_open=True),
    help="Crop all faces up to this distance, even if nearer to somebody else; 1: all. Default: faces that match.",
)
@click.option("--all-faces", is_flag=True, help="Crop all matching faces, not only the nearest one of each photo.")
@click.option(
    "--min-size", type=click.IntRange(0), default=0, help="Skip faces smaller than this (shorter side, pixels)."
)
@click.option("--min-sharpness", type=FiniteRange(0), default=0.0, help="Skip faces less sharp than this.")
@quality_option
@click.option(
    "--margin",
    type=FiniteRange(0, 3),
    default=0.4,
    show_default=True,
    help="Margin on each side, as a share of the face's longer side.",
)
@click.option(
    "--square/--original", default=True, help="Make square crops (default), or keep the shape of the face box."
)
@click.option("--aligned/--upright", default=False, help="Rotate and scale faces so that the eyes are level.")
@click.option(
    "--size",
    type=click.IntRange(8, 10_000),
    help="Longer side of the crops in pixels; by default, crops are not resized.",
)
@click.option("--enlarge/--no-enlarge", default=True, help="Enlarge faces with too few pixels (default), or skip them.")
@click.option("--format", "format_", type=click.Choice(["jpg", "png", "webp"]), default="jpg", show_default=True)
@click.option("--quality", type=click.IntRange(1, 100), help=f"Quality of JPEG and WebP; default: {QUALITY}.")
@pass_library
def crop(
    library: Library,
    /,
    folders: tuple[Path, ...],
    *,
    people: tuple[str, ...],
    format_: Literal["jpg", "png", "webp"],
    **options: Any,
) -> Answer:
    """Crop the faces of a person from photos, for a data set.

    Crops from the photos in FOLDERS, which are scanned first, or from all known photos. Each folder of crops gets a
    faces.json that lists where each crop comes from, and why the other photos have none. Another run with the same
    settings adds only new crops. Photos are never changed; `familiar undo --last` removes the crops of the last run.
    """
    found = library.crop(people, folders=folders, format=format_, **options)
    data = {
        "folders": [_folder_as_json(folder) for folder in found.folders],
        "failed": [
            *({"path": step.path, "target": step.operation.destination, "reason": step.error} for step in found.failed),
            *({"path": one.path, "target": None, "reason": one.reason} for one in found.unread),
        ],
    }
    return Answer(data=data, text=lambda: _show(found), failed=bool(found.failed or found.unread))


def _show(found: CropResult) -> None:
    problems = [(step.path, step.error) for step in found.failed]
    problems += [(Path(one.path), one.reason) for one in found.unread]
    if problems:
        print_table(("photo", "could not be cropped because"), problems[:_SHOWN])
    if len(problems) > _SHOWN:
        say(f"... and {len(problems) - _SHOWN} more.")
    columns = ("folder", "new crops", "enlarged", "already there", "photos without a face", "copies")
    print_table(columns, [_row(folder) for folder in found.folders], right=columns[1:])
    added = sum(len(folder.added) for folder in found.folders)
    say(f"{counted(added, 'crop')} added, {len(problems)} failed; {MANIFEST_NAME} lists the source of each crop.")
    if added:
        say("To undo: familiar undo --last")


def _row(cropped: CroppedFolder) -> tuple[object, ...]:
    return (
        cropped.folder,
        len(cropped.added),
        sum(face.scale > 1 for face in cropped.added),
        len(cropped.manifest.faces) - len(cropped.added),
        len(cropped.manifest.unmatched),
        len(cropped.manifest.copies),
    )


def _folder_as_json(cropped: CroppedFolder) -> dict[str, Any]:
    return {
        "folder": cropped.folder,
        "person": cropped.person,
        "added": [asdict(face) for face in cropped.added],
        "crops": len(cropped.manifest.faces),
        "unmatched": [asdict(one) for one in cropped.manifest.unmatched],
    }
