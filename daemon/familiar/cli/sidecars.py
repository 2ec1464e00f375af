"""familiar sidecars: names and faces in XMP files beside the photos, for other programs and from them."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import click

from familiar.cli.carrying import carry_out_now, conclude, step_as_json
from familiar.cli.console.output import FAILED, json_option, print_json, print_table, progress_bar, reported, say
from familiar.cli.console.parameters import PathType
from familiar.cli.context import Context, pass_context
from familiar.cli.looking import look_through
from familiar.cli.photos import named_folders
from familiar.cli.rematching import rematch
from familiar.effects.exchange import check_over
from familiar.errors import FamiliarError
from familiar.filesystem.folders import Entry, Folder
from familiar.library.concurrency import run_all
from familiar.library.sidecars.reader import SidecarReader
from familiar.library.sidecars.writer import places_of, plan_sidecar
from familiar.library.survey import photos_of
from familiar.model import Plan, SidecarContent
from familiar.settings import FolderSettings, Settings
from familiar.store.sidecars import PhotoSidecar
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

Photos: TypeAlias = Mapping[int, Sequence[Path]]
"""Photos, each with the paths that a command is about."""

Change: TypeAlias = Literal["new", "changed", "as it is", "failed"]

_PORTION = 500


@click.group()
def sidecars() -> None:
    """Write names and faces into XMP files beside the photos, or read what others wrote there."""


@sidecars.command(epilog="Example: familiar sidecars plan ~/Pictures/2019")
@click.argument("paths", nargs=-1, type=PathType())
@json_option
@pass_context
def plan(context: Context, paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Show which sidecars `write` would make or change; touch nothing.

    PATHS are folders and files, which are looked through first; by default it is about all photos that were scanned.
    """
    with reported():
        settings = context.settings()
        named = named_folders(paths)
        with context.store(create=bool(named)) as store:
            photos = _photos(context, store, settings, named, quiet=as_json)
            rematch(context, store, settings, quiet=as_json)
            made = asyncio.run(_render_all(context, store, settings, photos, quiet=as_json))
    shown = [one for one in made if one.change != "as it is"]
    if as_json:
        print_json([_as_json(one) for one in shown])
    else:
        if shown:
            rows = [
                (one.sidecar, one.change, one.reason or ", ".join(one.photo.sidecar_content.names)) for one in shown
            ]
            print_table(("sidecar", "would be", "says"), rows)
        say(f"{len(shown)} sidecars, {len(made) - len(shown)} as they are. Nothing was touched.")
    if any(one.change == "failed" for one in made):
        raise SystemExit(FAILED)


@sidecars.command(epilog="Example: familiar sidecars write ~/Pictures/2019")
@click.argument("paths", nargs=-1, type=PathType())
@json_option
@pass_context
def write(context: Context, paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Write who is on each photo, and where, into its sidecar, beside what others wrote there.

    PATHS are folders and files, which are looked through first; by default it is about all photos that were scanned.
    `plan` shows beforehand what is written. What another program wrote is never changed. All of it can be undone:
    familiar undo --last.
    """
    with reported():
        settings = context.settings()
        named = named_folders(paths)
        with context.store(create=bool(named)) as store:
            photos = _photos(context, store, settings, named, quiet=as_json)
            rematch(context, store, settings, quiet=as_json)
            made = asyncio.run(_render_all(context, store, settings, photos, quiet=as_json))
            changes = [one for one in made if one.change in {"new", "changed"}]
            steps = carry_out_now(context, store, settings, _plans(store, changes), quiet=as_json) if changes else []
    failed = [one for one in made if one.change == "failed"]
    if as_json:
        print_json({"operations": [step_as_json(step) for step in steps], "failed": [_as_json(one) for one in failed]})
    elif failed:
        print_table(("sidecar", "left as it is because"), [(one.sidecar, one.reason) for one in failed])
    there = len(made) - len(changes) - len(failed)
    conclude(steps, "sidecars written", there=there, left=len(failed), quiet=as_json)


@sidecars.command(epilog="Example: familiar sidecars read ~/Pictures/2019")
@click.argument("paths", nargs=-1, type=PathType())
@json_option
@pass_context
def read(context: Context, paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Take the named faces in the sidecars of other programs for confirmed.

    PATHS are folders and files, which are looked through first; by default it is about all photos that were scanned.
    Sidecars that are as they were when they were read last are not read again. What comes of each is undone by itself:
    familiar clusters log, familiar clusters undo.
    """
    with reported():
        settings = context.settings()
        named = named_folders(paths)
        with context.store(create=bool(named)) as store:
            photos = _photos(context, store, settings, named, quiet=as_json)
            told = asyncio.run(_read_all(context, store, settings, photos, quiet=as_json))
            rematch(context, store, settings, quiet=as_json)
    if as_json:
        print_json({"read": told.of("sidecar.read"), "failed": told.of("sidecar.failed")})
    else:
        _show_told(told)
    if told.of("sidecar.failed"):
        raise SystemExit(FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A sidecar of a photo at a path, and what `write` does with it."""

    photo: PhotoSidecar
    path: Path
    sidecar: Path
    change: Change
    reason: str | None = None


class _Told:
    """Remembers what the reading of sidecars told."""

    def __init__(self) -> None:
        self._events: list[tuple[str, dict[str, Any]]] = []

    def emit(self, name: str, /, **fields: Any) -> None:
        self._events.append((name, fields))

    def of(self, name: str) -> list[dict[str, Any]]:
        return [fields for told, fields in self._events if told == name]


def _photos(
    context: Context, store: Store, settings: Settings, folders: Sequence[FolderSettings], *, quiet: bool
) -> Photos:
    """Return the photos in folders, or, without any, those that were scanned; with their paths."""
    if folders:
        return photos_of(look_through(context, store, settings, folders, quiet=quiet))
    return {photo: store.files.paths_of(photo) for photo in store.photos.seen()}


def _places(store: Store, photos: Photos) -> Iterator[tuple[PhotoSidecar, Path, Path]]:
    """Give each place of each photo that has something to say, or had, with its sidecar."""
    named = [photo for photo in store.sidecars.named() if photo in photos]
    for start in range(0, len(named), _PORTION):
        for photo in store.sidecars.sidecar_contents(named[start : start + _PORTION]):
            yield from ((photo, *place) for place in places_of(store, photos[photo.photo_id]))


async def _render_all(
    context: Context, store: Store, settings: Settings, photos: Photos, *, quiet: bool
) -> list[_Made]:
    places = list(_places(store, photos))
    async with Workers(settings=settings.vision, models=context.models, tasks=len(places)) as workers:
        limit = asyncio.Semaphore(workers.slots)

        async def render(photo: PhotoSidecar, path: Path, sidecar: Path) -> _Made:
            async with limit:
                return await _render(workers, photo, path, sidecar, store.sidecars.wrote(sidecar))

        with progress_bar("reading sidecars", hidden=quiet) as progress:
            return await run_all((render(*place) for place in places), progress)


async def _render(workers: Workers, photo: PhotoSidecar, path: Path, sidecar: Path, former: SidecarContent) -> _Made:
    try:
        made = await workers.render_sidecar(path, sidecar, photo.sidecar_content, former)
        if made.before != made.after:
            _check_over(sidecar)
    except FamiliarError as error:
        return _Made(photo=photo, path=path, sidecar=sidecar, change="failed", reason=str(error))
    same: Change = "new" if made.before is None else "changed"
    return _Made(photo=photo, path=path, sidecar=sidecar, change="as it is" if made.before == made.after else same)


def _check_over(sidecar: Path) -> None:
    with Folder.open(Path(os.path.realpath(sidecar.parent)), shown=sidecar.parent) as folder:
        check_over(Entry(folder, sidecar.name))


def _plans(store: Store, changes: Sequence[_Made]) -> Iterator[tuple[int, Path, Plan]]:
    for one in changes:
        yield one.photo.photo_id, one.path, plan_sidecar(store, one.photo, one.sidecar)


async def _read_all(context: Context, store: Store, settings: Settings, photos: Photos, *, quiet: bool) -> _Told:
    told = _Told()
    places = [(photo, path) for photo, paths in photos.items() for path in paths]
    async with Workers(settings=settings.vision, models=context.models, tasks=len(places)) as workers:
        listener = SidecarReader(store=store, workers=workers, log=told, clock=time.monotonic, enabled=True)
        with progress_bar("reading sidecars", hidden=quiet) as progress:
            await _listen_to_all(listener, places, progress)
    return told


async def _listen_to_all(
    listener: SidecarReader, places: Sequence[tuple[int, Path]], progress: Callable[[int, int], None]
) -> None:
    for number, (photo_id, path) in enumerate(places, start=1):
        await listener.listen(photo_id, path)
        progress(number, len(places))


def _show_told(told: _Told) -> None:
    found, failed = told.of("sidecar.read"), told.of("sidecar.failed")
    confirmed = [(one["sidecar"], ", ".join(one["confirmed"])) for one in found if one["confirmed"]]
    left = [(one["sidecar"], reason) for one in found for reason in one["left"]]
    if confirmed:
        print_table(("sidecar", "confirmed"), confirmed)
    if left:
        print_table(("sidecar", "left as it is"), left)
    if failed:
        print_table(("sidecar", "can't be read because"), [(one["sidecar"], one["reason"]) for one in failed])
    say(f"{len(confirmed)} sidecars named faces, {len(failed)} can't be read.")


def _as_json(one: _Made) -> dict[str, Any]:
    return {
        "photo": one.path,
        "sidecar": one.sidecar,
        "change": one.change,
        "names": one.photo.sidecar_content.names,
        "reason": one.reason,
    }
