"""familiar people: the persons whom the daemon knows."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from familiar.cli.context import Context, pass_context
from familiar.cli.output import FAILED, json_option, local_time, print_json, print_table, progress_bar, reported, say
from familiar.cli.photos import named_folders, photos_in
from familiar.cli.rematching import rematch
from familiar.names import check_name
from familiar.service.registration import Registrar, Registration
from familiar.service.seeing import Seer
from familiar.settings import Settings
from familiar.store.people import PersonRow
from familiar.store.store import Store
from familiar.vision.workers import Workers

_PERSON_COLUMNS = ("name", "references", "faces", "photos", "threshold")


@click.group()
def people() -> None:
    """Register people by their faces; list, rename, merge them."""


@people.command(epilog="Example: familiar people add 'Eileen Collins' ~/Pictures/eileen1.jpg ~/Pictures/Eileen/")
@click.argument("name")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--largest", is_flag=True, help="Take the largest face of a photo with several.")
@json_option
@pass_context
def add(context: Context, name: str, paths: tuple[Path, ...], *, largest: bool, as_json: bool) -> None:
    """Register the face in each photo as a person.

    PATHS are photos, or folders: all photos in them and below are taken, but no videos. A photo without
    a face is refused, and one with several, but for --largest.
    """
    with reported():
        check_name(name)
        settings = context.settings()
        photos = photos_in(map(settings.without_videos().watched, named_folders(paths)))
        with context.store() as store:
            results = asyncio.run(_register(context, store, settings, name, photos, largest=largest, quiet=as_json))
            rematch(context, store, settings, quiet=as_json)
    refused = [result for result in results if result.result == "refused"]
    if as_json:
        print_json({"person": name, "photos": [asdict(result) for result in results]})
    else:
        if refused:
            print_table(("photo", "refused because"), [(result.path, result.reason) for result in refused])
        registered = sum(result.result == "registered" for result in results)
        known = sum(result.result == "known" for result in results)
        say(f"{name}: {registered} registered, {known} known already, {len(refused)} refused.")
    if refused:
        raise SystemExit(FAILED)


@people.command("list", epilog="Example: familiar people list --json")
@json_option
@pass_context
def list_(context: Context, *, as_json: bool) -> None:
    """Show all people, with how many faces match them."""
    with reported(), context.store() as store:
        rows = store.people.all()
    if as_json:
        print_json([_person(row) for row in rows])
    elif rows:
        cells = [[_person(row)[column] for column in _PERSON_COLUMNS] for row in rows]
        print_table(_PERSON_COLUMNS, cells, right=_PERSON_COLUMNS[1:])
    else:
        say("Nobody is registered yet: familiar people add NAME PHOTO...")


@people.command(epilog="Example: familiar people show 'Eileen Collins'")
@click.argument("name")
@json_option
@pass_context
def show(context: Context, name: str, *, as_json: bool) -> None:
    """Show a person with their references."""
    with reported(), context.store() as store:
        person = store.people.find(name)
        references = store.people.references(person.id)
    if as_json:
        print_json(_person(person) | {"reference_list": [asdict(reference) for reference in references]})
        return
    say(f"{person.name}: {person.faces} faces in {person.photos} photos")
    say(f"threshold: {'the configured one' if person.threshold is None else person.threshold}")
    columns = ("reference", "taken", "registered")
    rows = [(one.origin, (one.taken or "").replace("T", " "), local_time(one.added_at)) for one in references]
    print_table(columns, rows)


@people.command(epilog="Example: familiar people rename eileen 'Eileen Collins'")
@click.argument("name")
@click.argument("new_name")
@json_option
@pass_context
def rename(context: Context, name: str, new_name: str, *, as_json: bool) -> None:
    """Give a person another name."""
    with reported(), context.store() as store:
        person = store.people.rename(name, new_name)
        rematch(context, store, context.settings(), quiet=as_json)
    _confirm(person, f"{name!r} is {person.name!r} now.", as_json=as_json)


@people.command(epilog="Example: familiar people merge 'E. Collins' 'Eileen Collins'")
@click.argument("name")
@click.argument("into")
@json_option
@pass_context
def merge(context: Context, name: str, into: str, *, as_json: bool) -> None:
    """Give all references of NAME to INTO, and remove NAME."""
    with reported(), context.store() as store:
        person = store.people.merge(name, into)
        rematch(context, store, context.settings(), quiet=as_json)
    _confirm(person, f"{person.name!r} has {person.references} references now.", as_json=as_json)


@people.command(epilog="Example: familiar people remove 'Eileen Collins' --yes")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_context
def remove(context: Context, name: str, *, yes: bool, as_json: bool) -> None:
    """Remove a person with their references. No photo is touched."""
    with reported(), context.store() as store:
        person = store.people.find(name)
        if not yes:
            refused = store.people.refusals_of(name)
            besides = f" and {refused} refusals, which end" if refused else ""
            question = f"Remove {person.name!r} with {person.references} references{besides}?"
            click.confirm(question, abort=True, err=True)
        store.people.remove(name)
        rematch(context, store, context.settings(), quiet=as_json)
    _confirm(person, f"{person.name!r} is removed.", as_json=as_json)


@people.command(epilog="Example: familiar people threshold 'Eileen Collins' 0.45")
@click.argument("name")
@click.argument("distance", type=click.FloatRange(0, 2, min_open=True), required=False)
@json_option
@pass_context
def threshold(context: Context, name: str, distance: float | None, *, as_json: bool) -> None:
    """Set how near a face must be to match.

    Without DISTANCE the configured threshold holds again.
    """
    with reported(), context.store() as store:
        person = store.people.set_threshold(name, distance)
        rematch(context, store, context.settings(), quiet=as_json)
    chosen = "the configured threshold" if person.threshold is None else person.threshold
    _confirm(person, f"{person.name!r} matches up to {chosen}.", as_json=as_json)


async def _register(
    context: Context, store: Store, settings: Settings, name: str, photos: list[Path], *, largest: bool, quiet: bool
) -> list[Registration]:
    async with Workers(settings=settings.vision, models=context.models, tasks=len(photos)) as workers:
        with progress_bar("looking at photos", hidden=quiet) as progress:
            registrar = Registrar(store=store, seer=Seer(store=store, workers=workers), largest=largest)
            return await registrar.register(name, photos, progress)


def _person(row: PersonRow) -> dict[str, object]:
    return {column: getattr(row, column) for column in _PERSON_COLUMNS}


def _confirm(person: PersonRow, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_person(person))
    else:
        say(text)
