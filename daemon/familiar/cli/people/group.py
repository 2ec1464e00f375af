"""familiar people: the registered people."""

from collections import Counter
from dataclasses import asdict

import click

from familiar.api.library import Library
from familiar.api.people import DecidedPerson
from familiar.cli.console.command import Answer, Group, pass_library
from familiar.cli.console.output import local_time, print_table, say
from familiar.cli.console.parameters import FiniteRange
from familiar.cli.console.unmatched import note_unmatched
from familiar.embedding_models import name_of
from familiar.plurals import counted
from familiar.store.decisions.log import EventRow
from familiar.store.people import PersonRow

_PERSON_COLUMNS = ("name", "references", "faces", "photos", "threshold")


_ELSEWHERE = {
    "add": "familiar.cli.people.additions:add",
    "add-each": "familiar.cli.people.additions:add_each",
    "export": "familiar.cli.people.files:export",
    "import": "familiar.cli.people.files:import_",
}


@click.group(cls=Group, elsewhere=_ELSEWHERE)
def people() -> None:
    """Register people by their faces; list, rename, merge them."""


@people.command("list", epilog="Example: familiar people list --json")
@pass_library
def list_(library: Library) -> Answer:
    """Show all people, and how many faces match them."""
    rows, unmatched = library.people.all(), library.people.unmatched()

    def show() -> None:
        if rows:
            cells = [[_person(row)[column] for column in _PERSON_COLUMNS] for row in rows]
            print_table(_PERSON_COLUMNS, cells, right=_PERSON_COLUMNS[1:])
            note_unmatched(unmatched)
        else:
            say("Nobody is registered yet: familiar people add NAME PHOTO...")

    return Answer(data=[_person(row) for row in rows], text=show)


@people.command(epilog="Example: familiar people show 'Eileen Collins'")
@click.argument("name")
@pass_library
def show(library: Library, name: str) -> Answer:
    """Show a person with their references."""
    person, references = library.people.find(name), library.people.references(name)

    def text() -> None:
        say(f"{person.name}: {counted(person.faces, 'face')} in {counted(person.photos, 'photo')}")
        if person.hidden:
            say("hidden: not offered for unnamed faces")
        say(f"threshold: {'the configured one' if person.threshold is None else person.threshold}")
        models = Counter(name_of(reference.engine) for reference in references)
        say(f"references: {', '.join(f'{count} of the model {model}' for model, count in models.items()) or 'none'}")
        rows = [(one.origin, (one.taken or "").replace("T", " "), local_time(one.added_at)) for one in references]
        print_table(("reference", "taken", "registered"), rows)

    data = _person(person) | {"reference_list": [asdict(reference) for reference in references]}
    return Answer(data=data, text=text)


@people.command(epilog="Example: familiar people rename eileen 'Eileen Collins'")
@click.argument("name")
@click.argument("new_name")
@pass_library
def rename(library: Library, name: str, new_name: str) -> Answer:
    """Give a person another name."""
    person = library.people.rename(name, new_name)
    return _decided(person, f"{name!r} is {person.name!r} now")


@people.command(epilog="Example: familiar people merge 'E. Collins' 'Eileen Collins'")
@click.argument("name")
@click.argument("into")
@pass_library
def merge(library: Library, name: str, into: str) -> Answer:
    """Give all references of NAME to INTO, and remove NAME."""
    person = library.people.merge(name, into)
    return _decided(person, f"{person.name!r} has {counted(person.references, 'reference')} now")


@people.command(epilog="Example: familiar people remove 'Eileen Collins' --yes")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@pass_library
def remove(library: Library, name: str, *, yes: bool) -> Answer:
    """Remove a person with their references. No photo is touched."""
    person = library.people.find(name)
    if not yes:
        refused = library.people.refusals(name)
        besides = f" and {counted(refused, 'refusal')}" if refused else ""
        question = f"Remove {person.name!r} with {counted(person.references, 'reference')}{besides}?"
        click.confirm(question, abort=True, err=True)
    return _decided(library.people.remove(name), f"{person.name!r} is removed")


@people.command(epilog="Example: familiar people confirm 'Eileen Collins' 4711 4712")
@click.argument("name")
@click.argument("faces", nargs=-1, required=True, type=int)
@pass_library
def confirm(library: Library, name: str, faces: tuple[int, ...]) -> Answer:
    """Say that FACES are a person's, whatever their distance.

    `familiar clusters suggest` shows the numbers of faces that may be somebody by their names on Flickr.
    """
    event = library.people.confirm(name, faces)
    if event is None:
        return Answer(data=None, text=lambda: say("This is known already."))
    return _about_faces(event)


@people.command(epilog="Example: familiar people refuse 'Eileen Collins' 4711")
@click.argument("name")
@click.argument("faces", nargs=-1, required=True, type=int)
@pass_library
def refuse(library: Library, name: str, faces: tuple[int, ...]) -> Answer:
    """Say that FACES are not this person; they never match them again."""
    return _about_faces(library.people.refuse(name, faces))


@people.command(epilog="Example: familiar people threshold 'Eileen Collins' 0.45")
@click.argument("name")
@click.argument("distance", type=FiniteRange(0, 2, min_open=True), required=False)
@pass_library
def threshold(library: Library, name: str, distance: float | None) -> Answer:
    """Set how near a face must be to match.

    Without DISTANCE the configured threshold holds again.
    """
    person = library.people.set_threshold(name, distance)
    chosen = "the configured threshold" if person.threshold is None else person.threshold
    return _decided(person, f"{person.name!r} matches up to {chosen}")


@people.command(epilog="Example: familiar people hide 'Eileen Collins'")
@click.argument("name")
@pass_library
def hide(library: Library, name: str) -> Answer:
    """Offer a person no longer for unnamed faces.

    Their faces still match, and rules still apply to them.
    """
    person = library.people.hide(name)
    return _decided(person, f"{person.name!r} is hidden now")


@people.command(epilog="Example: familiar people unhide 'Eileen Collins'")
@click.argument("name")
@pass_library
def unhide(library: Library, name: str) -> Answer:
    """Offer a hidden person again."""
    person = library.people.unhide(name)
    return _decided(person, f"{person.name!r} is no longer hidden")


@people.command(epilog="Example: familiar people undo, or: familiar people undo 17")
@click.argument("event", type=int, required=False)
@pass_library
def undo(library: Library, event: int | None) -> Answer:
    """Undo the last decision about people, or an EVENT.

    All is as it was before: names, references, refusals, thresholds. `familiar undo --list` shows the events.
    """
    undone = library.people.undo(event)
    return Answer(data=asdict(undone), text=lambda: say(f"Undone: {undone.summary} (event {undone.id})."))


def _about_faces(event: EventRow) -> Answer:
    said = f"{event.summary[:1].upper()}{event.summary[1:]}"
    text = f"{said} (event {event.id}; undo: familiar {event.subject} undo {event.id})."
    return Answer(data=asdict(event), text=lambda: say(text))


def _person(row: PersonRow) -> dict[str, object]:
    return {column: getattr(row, column) for column in _PERSON_COLUMNS}


def _decided(person: DecidedPerson, text: str) -> Answer:
    how = "" if person.event is None else f" (event {person.event}; undo: familiar people undo {person.event})"
    return Answer(data=_person(person) | {"event": person.event}, text=lambda: say(f"{text}{how}."))
