"""familiar people: the persons whom the daemon knows."""

from collections import Counter
from dataclasses import asdict

import click

from familiar.cli.console.output import json_option, local_time, print_json, print_table, reported, say
from familiar.cli.console.parameters import FiniteRange
from familiar.cli.context import Context, pass_context
from familiar.cli.people.additions import add, add_each
from familiar.cli.people.files import export, import_
from familiar.cli.rematching import rematch
from familiar.store.people import PersonRow

_PERSON_COLUMNS = ("name", "references", "faces", "photos", "threshold")


@click.group()
def people() -> None:
    """Register people by their faces; list, rename, merge them."""


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
    models = Counter(reference.engine for reference in references)
    say(f"references: {', '.join(f'{count} of the model {model}' for model, count in models.items()) or 'none'}")
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
@click.argument("distance", type=FiniteRange(0, 2, min_open=True), required=False)
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


people.add_command(add)
people.add_command(add_each)
people.add_command(export)
people.add_command(import_)


def _person(row: PersonRow) -> dict[str, object]:
    return {column: getattr(row, column) for column in _PERSON_COLUMNS}


def _confirm(person: PersonRow, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_person(person))
    else:
        say(text)
