"""familiar crop: faces of one person out of many photos, as a data set."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import click

from familiar.cli.carrying import carry_out_now
from familiar.cli.console.output import FAILED, json_option, reported
from familiar.cli.console.parameters import FiniteRange, PathType
from familiar.cli.context import Context, pass_context
from familiar.cli.crop.results import show_crops
from familiar.cli.looking import look_through
from familiar.cli.photos import folder_at, named_folders
from familiar.cli.rematching import rematch
from familiar.cli.taking_back import take_back
from familiar.effects.journal import Step
from familiar.errors import FamiliarError, UsageError
from familiar.library.clusters.folders.manifest import folder_names
from familiar.library.crops.candidates import CropCandidates, known_photos, photos_seen
from familiar.library.crops.folder import CropFolder
from familiar.library.crops.options import EVERY, CropOptions
from familiar.library.crops.planning import plan_crops
from familiar.library.crops.recorder import Recorder
from familiar.library.crops.reference import CropReference, FaceToCrop, PersonToCrop, choose_face
from familiar.library.crops.selection import FaceSelector
from familiar.library.locations import check_apart
from familiar.library.scoring import Scorer
from familiar.model import Crop
from familiar.names import name_key
from familiar.settings import FolderSettings, Settings
from familiar.store.store import Store
from familiar.vision.faces.crops import QUALITY


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What the command line asked for."""

    people: tuple[str, ...]
    reference: Path | None
    largest: bool
    folders: tuple[FolderSettings, ...]
    to: Path
    threshold: float | None
    settings: CropOptions
    quiet: bool


@click.command(epilog="Example: familiar crop --person 'Eileen Collins' ~/Pictures --to ~/Datasets/eileen --size 512")
@click.argument("folders", nargs=-1, type=PathType())
@click.option("--person", "people", multiple=True, help="Whose faces to crop; several get a folder each below --to.")
@click.option("--reference", type=PathType(), help="A photo of the face to look for, in place of a person.")
@click.option("--largest", is_flag=True, help="Take the largest of several faces in the photo of reference.")
@click.option("--to", required=True, type=PathType(), help="The folder for the crops.")
@click.option("--recursive/--no-recursive", default=True, help="Take the folders below FOLDERS, too (default).")
@click.option(
    "--threshold",
    type=FiniteRange(0, 1, min_open=True),
    help="Largest distance of a face, whoever else may be nearer; 1 takes every face. By default matching decides.",
)
@click.option("--all-faces", is_flag=True, help="Crop all faces that match, not only the nearest of each photo.")
@click.option("--min-size", type=click.IntRange(0), default=0, help="Leave out smaller faces (shorter side, pixels).")
@click.option("--min-sharpness", type=FiniteRange(0), default=0.0, help="Leave out faces that are less sharp.")
@click.option(
    "--margin",
    type=FiniteRange(0, 3),
    default=0.4,
    show_default=True,
    help="Share of the face's longer side that is added on each side.",
)
@click.option("--square/--original", default=True, help="Make squares (default), or keep the shape of the face's box.")
@click.option("--aligned/--upright", default=False, help="Turn and scale faces so that their eyes are level.")
@click.option(
    "--size", type=click.IntRange(8, 10_000), help="Longer side of the crops in pixels; default: as they are."
)
@click.option(
    "--enlarge/--no-enlarge", default=True, help="Enlarge faces with too few pixels (default), or leave them out."
)
@click.option("--format", "suffix", type=click.Choice(["jpg", "png", "webp"]), default="jpg", show_default=True)
@click.option("--quality", type=click.IntRange(1, 100), help=f"Quality of jpg and webp; default: {QUALITY}.")
@json_option
@pass_context
def crop(
    context: Context,
    folders: tuple[Path, ...],
    *,
    people: tuple[str, ...],
    reference: Path | None,
    largest: bool,
    to: Path,
    recursive: bool,
    threshold: float | None,
    all_faces: bool,
    min_size: int,
    min_sharpness: float,
    margin: float,
    square: bool,
    aligned: bool,
    size: int | None,
    enlarge: bool,
    suffix: Literal["jpg", "png", "webp"],
    quality: int | None,
    as_json: bool,
) -> None:
    """Crop the faces of a person out of photos, for a data set.

    FOLDERS are looked through first; without any, all photos that are known are taken. Each folder of crops gets a
    faces.json that says where each crop comes from, and why each other photo has none. Another run with the same
    settings adds what is new. No photo is touched, and `familiar undo --last` takes the crops of a run back.
    """
    with reported():
        _check_options(people, reference, largest=largest, square=square, aligned=aligned)
        if suffix == "png" and quality is not None:
            raise UsageError("--quality is for jpg and webp: png keeps all pixels as they are.")
        request = _Request(
            people=tuple({name_key(name): name for name in people}.values()),
            reference=reference,
            largest=largest,
            folders=tuple(
                folder.model_copy(update={"recursive": recursive and folder.recursive})
                for folder in named_folders(folders)
            ),
            to=to,
            threshold=threshold,
            settings=CropOptions(
                threshold=EVERY,
                faces="every",
                all_faces=all_faces,
                min_size=min_size,
                min_sharpness=min_sharpness,
                margin=margin,
                shape="square" if square else "original",
                aligned=aligned,
                size=size,
                enlarge=enlarge,
                format=suffix,
                quality=None if suffix == "png" else quality or QUALITY,
            ),
            quiet=as_json,
        )
        settings = context.settings()
        with context.store(create=bool(request.folders and not request.people)) as store:
            recorder, failed, sources = _crop(context, store, settings, request)
    show_crops(recorder, failed, sources, as_json=as_json)
    if failed or sources.unread:
        raise SystemExit(FAILED)


def _crop(
    context: Context, store: Store, settings: Settings, request: _Request
) -> tuple[Recorder, list[Step], CropCandidates]:
    model = settings.vision.model
    sought = _sought(context, store, settings, request)
    folders = _open(store, request, sought, model)
    if request.folders:
        indexed_files = look_through(context, store, settings, request.folders, quiet=request.quiet)
        sources = photos_seen(store, indexed_files, model)
    else:
        sources = known_photos(store, model, apart_from=[folder.path for folder in folders])
    if request.people:
        rematch(context, store, settings, quiet=request.quiet)
    plans = plan_crops(FaceSelector(store, model), folders, sources)
    recorder = Recorder(folders, time.monotonic)
    recorder.save()
    steps: list[Step] = []
    taken: list[Step] = []
    if plans:
        try:
            steps = carry_out_now(
                context,
                store,
                settings,
                plans,
                quiet=request.quiet,
                ended=lambda plan: recorder.note(store.journal.steps(plan)),
            )
        finally:
            taken = _save(context, store, recorder)
    return recorder, [*(step for step in steps if step.state not in {"done", "kept"}), *taken], sources


def _save(context: Context, store: Store, recorder: Recorder) -> list[Step]:
    """Write down the crops; those that can't be written down are taken back, the newest first, and returned.

    Raises:
        FamiliarError: nothing can be written down, even so.
    """
    taken: list[Step] = []
    while True:
        try:
            recorder.save()
        except FamiliarError as error:
            steps = recorder.forget_newest(max(1, len(taken)))  # as many again each time
            if not steps:
                told = f" {len(taken)} crops of this run were taken back." if taken else ""
                raise FamiliarError(f"{error}{told}") from error
            taken += [_told(step, error) for step in take_back(context, store, steps)]
        else:
            return taken


def _told(step: Step, error: FamiliarError) -> Step:
    """Return a step that was to be taken back with what came of it."""
    if step.state == "undone":
        return replace(step, error=f"taken back: {error}")
    return replace(step, error=f"{error} It has no entry there, and could not be taken back: {step.error}.")


def _sought(context: Context, store: Store, settings: Settings, request: _Request) -> list[CropReference]:
    """Return whom to look for.

    Raises:
        UsageError: a person is not known, or has no references.
        FamiliarError: the photo of reference has no face, or several.
    """
    matching, model = settings.matching, settings.vision.model
    if request.reference is None:
        if store.people.outdated(model):
            look_through(context, store, settings, (), quiet=request.quiet)  # references come first
        scorer = Scorer(store, matching, model)
        return [
            PersonToCrop(store, scorer, name, threshold=matching.threshold, nearest=matching.nearest, model=model)
            for name in request.people
        ]
    if request.reference.is_dir():
        raise UsageError(f"{request.reference}: is a folder; name a photo of the face to look for.")
    where = folder_at(request.reference, files=True)
    (indexed,) = look_through(context, store, settings, [where], quiet=request.quiet)
    if indexed.photo is None:
        raise FamiliarError(f"{indexed.path}: can't be looked at: {indexed.reason}.")
    photo = store.photos.load(indexed.photo)
    face = choose_face(indexed.path, photo, largest=request.largest)
    return [FaceToCrop(indexed.path, photo, face, threshold=matching.threshold)]


def _open(store: Store, request: _Request, sought: Sequence[CropReference], model: str) -> list[CropFolder]:
    """Return the folders of crops, with what is known of them.

    Raises:
        UsageError: one lies in a folder that is looked through, is a file, or has other crops.
    """
    names = folder_names([one.person or "" for one in sought], taken=())
    folders = []
    for one in sought:
        wish = request.to / names[one.person or ""] if len(sought) > 1 else request.to
        path = check_apart(wish, [folder.path for folder in request.folders])
        explicit: Literal["every", "within"] = "every" if request.threshold == EVERY else "within"
        by_matching = request.threshold is None and one.person is not None
        wishes = replace(
            request.settings,
            threshold=one.threshold if request.threshold is None else request.threshold,
            faces="matched" if by_matching else explicit,
        )
        opened = CropFolder(path, one, wishes, model)
        if opened.missing:
            opened.forget(store.journal.undone_targets(path, Crop))
        folders.append(opened)
    return folders


def _check_options(
    people: tuple[str, ...], reference: Path | None, *, largest: bool, square: bool, aligned: bool
) -> None:
    if bool(people) == (reference is not None):
        raise UsageError("Name either --person NAME, or --reference PHOTO of the face to look for.")
    if largest and reference is None:
        raise UsageError("--largest is about the photo of --reference.")
    if aligned and not square:
        raise UsageError("--aligned makes squares: leave out --original.")
