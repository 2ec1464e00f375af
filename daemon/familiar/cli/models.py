"""familiar models: which network encodes faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, Group, pass_library
from familiar.cli.console.output import INTERRUPTED, CommandError, print_table, say
from familiar.durations import duration
from familiar.plurals import counted

if TYPE_CHECKING:
    from familiar.identity.scale import MeasuredLength
    from familiar.library.models import ListedModel, ModelChange, ModelPlan

_COLUMNS = ("model", "in use", "faces", "kept", "references", "dimension", "licence")


@click.group(cls=Group)
def models() -> None:
    """Show which models encode faces, and use another one.

    Embeddings of two models are never compared with each other.
    """


@models.command("list", epilog="Example: familiar models list")
@pass_library
def list_(library: Library) -> Answer:
    """Show all models, and how many faces and references each has encoded.

    Faces that are kept have an embedding of the model beside the one that is in use: none of them is encoded again
    when the model is used.
    """
    found = library.models.list()
    return Answer(data=[asdict(model) for model in found], text=lambda: _show_models(found))


@models.command(epilog="Example: familiar models use sface --dry-run")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Show how much there is to do, and how long it takes; change nothing.")
@pass_library
def use(library: Library, name: str, *, dry_run: bool) -> Answer:
    """Use the model NAME from now on, and encode all faces again by it.

    References come first, then the faces of the newest photos. Names, clusters and decisions stay; until a face is
    encoded again it keeps its match. A daemon that runs does it in the background. It can be stopped at any time, and
    goes on when it is run again. What other models have encoded is kept: to use one of them again is a matter of
    seconds.
    """
    if dry_run:
        plan = library.models.plan(name)
        return Answer(data=asdict(plan), text=lambda: _show_plan(plan))
    try:
        change = library.models.use(name)
    except KeyboardInterrupt as error:
        message = f"Stopped. {name!r} is the model in use; run this again, or the daemon, to encode the other faces."
        raise CommandError(message, exit_code=INTERRUPTED) from error
    return Answer(data=asdict(change), text=lambda: _show_change(change))


@models.command(epilog="Example: familiar --config trial.yaml models measure")
@pass_library
def measure(library: Library) -> Answer:
    """Measure the scale of a network of your own.

    The configuration names it (vision.model: own). Faces in one photo are different people: how alike they are to the
    network tells which vision.model_length makes 0.44 the right threshold for it, too. Up to 2,000 photos are read;
    nothing is changed.
    """
    found = library.models.measure()
    data = asdict(found) | {"length": found.length}
    return Answer(data=data, text=lambda: _show_length(found))


def _show_length(found: MeasuredLength) -> None:
    say(f"Compared {counted(found.pairs, 'pair')} of faces that are in one photo, in {counted(found.photos, 'photo')}.")
    if found.length is None:
        say("They are too much alike to tell people apart. Check model_mean, model_std and model_colours.")
    else:
        say(f"Set vision.model_length to {found.length:.3f}; 0.44 is {found.distance:.3f} between unit vectors then.")
        if found.low is None or found.high is None:
            say("How certain that is can't be told from so few photos.")
        else:
            likely = f"from {found.low:.3f} to {found.high:.3f}"
            say(f"With other photos of such people, it would be {likely} (95 of 100 times).")


def _show_models(found: Sequence[ListedModel]) -> None:
    rows = [
        (
            one.name,
            "yes" if one.in_use else "",
            one.faces,
            one.kept_faces,
            one.references,
            one.dimension,
            one.licence,
        )
        for one in found
    ]
    print_table(_COLUMNS, rows, right=("faces", "kept", "references", "dimension"))
    say("")
    for one in found:
        say(f"{one.name}: {one.summary}")


def _show_plan(plan: ModelPlan) -> None:
    if plan.faces:
        say(f"To be encoded by {plan.model}: {counted(plan.faces, 'face')} in {counted(plan.photos, 'photo')}.")
    else:
        say(f"No face has to be encoded by {plan.model}.")
    if plan.kept_faces:
        say(f"Encoded by it before: {counted(plan.kept_faces, 'face')}, for which no photo is read.")
    if plan.seconds is not None:
        measured = f"measured on {counted(plan.sample, 'photo')}"
        say(f"It takes about {duration(plan.seconds)}, {measured}.")
    if plan.unreadable:
        say(f"{counted(plan.unreadable, 'photo')} can't be read now; those faces are encoded later.")
    _show_left(plan.references_left)
    say("Nothing was changed.")


def _show_change(change: ModelChange) -> None:
    if change.daemon is not None:
        say(
            f"{change.model} is the model in use. The daemon (pid {change.daemon}) encodes the faces in the background."
        )
        say("`familiar models list` shows how far it is.")
    else:
        restored = f"; {counted(change.restored, 'face')} had been before" if change.restored else ""
        say(f"{change.model} is the model in use. Encoded: the faces of {counted(change.photos, 'photo')}{restored}.")
    if change.left:
        say(
            f"{counted(change.left, 'photo')} can't be read now. Those faces keep their names, and are encoded by the "
            "daemon, or when this is run again."
        )
    _show_left(change.references_left)


def _show_left(references: int) -> None:
    if references:
        say(
            f"Kept, and compared with no face: {counted(references, 'imported reference')} of other models; "
            "`familiar people add` registers photos."
        )
