"""familiar clusters: groups of faces that nobody has named yet, and what a person decides about them."""

from dataclasses import asdict
from shlex import quote

import click

from familiar.cli.clusters.folders import export, import_
from familiar.cli.clusters.review import review
from familiar.cli.console.output import json_option, local_time, print_json, print_table, progress_bar, reported, say
from familiar.cli.console.parameters import FiniteRange
from familiar.cli.context import Context, pass_context
from familiar.cli.rematching import rematch
from familiar.errors import UsageError
from familiar.library.clusters.grouping import regroup
from familiar.library.clusters.naming import name_cluster
from familiar.store.clusters.clusters import ClusterRow
from familiar.store.clusters.suggestions import Suggestion
from familiar.store.store import Store

_SHOWN = 40
"""Rows of a table that people are shown."""

ID = click.IntRange(1, 2**62)

_LOOSER = 0.08
"""How far beyond the threshold of matching a cluster may be from a person to ask whether it is them."""


anyway_option = click.option(
    "--anyway", is_flag=True, help="Even if one photo shows two of the faces: a mirror, a collage."
)


@click.group()
def clusters() -> None:
    """Name groups of faces: one answer for hundreds of photos.

    What you decide here holds for good, is an entry of a log (clusters log), and can be undone (clusters undo).
    """


@clusters.command(epilog="Example: familiar clusters run")
@click.option("--threshold", type=FiniteRange(0, 2, min_open=True), help="Group more loosely, or strictly.")
@json_option
@pass_context
def run(context: Context, threshold: float | None, *, as_json: bool) -> None:
    """Group the faces that nobody is known to be.

    Clusters that exist keep their faces and their ids, and take in new ones. The daemon does this from time to time by
    itself. Begin with the usual threshold, name what you know, and then group the rest by a larger one, such as
    --threshold 0.52.
    """
    with reported():
        settings = context.settings()
        clustering = settings.clustering
        if threshold is not None:
            clustering = clustering.model_copy(update={"threshold": threshold})
        with context.store() as store, progress_bar("grouping faces", hidden=as_json):
            result = regroup(store, clustering, settings.vision.model)
            rematch(context, store, settings, quiet=True)
    if as_json:
        print_json(asdict(result))
        return
    say(
        f"{result.joined} faces joined clusters, {result.grouped} are in {result.fresh} new ones, "
        f"{result.absorbed} clusters became part of another."
    )


@clusters.command("list", epilog="Example: familiar clusters list --all")
@click.option("--all", "everything", is_flag=True, help="Show named and ignored clusters, too.")
@json_option
@pass_context
def list_(context: Context, *, everything: bool, as_json: bool) -> None:
    """Show the clusters that have no name yet, the largest first."""
    with reported(), context.store() as store:
        rows = [row for row in store.clusters.all() if everything or row.kind == "unnamed"]
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    if not rows:
        say(
            "There are no clusters without a name. `familiar clusters run` groups the faces that nobody is known to be."
        )
        return
    columns = ("cluster", "faces", "photos", "recognised", "name", "since")
    cells = [
        (row.id, row.faces, row.photos, row.recognised or "", _called(row), local_time(row.made_at)) for row in rows
    ]
    print_table(columns, cells[:_SHOWN], right=columns[:4])
    if len(rows) > _SHOWN:
        say(f"... and {len(rows) - _SHOWN} more; --json gives all.")


@clusters.command(epilog="Example: familiar clusters show 12")
@click.argument("cluster", type=ID)
@json_option
@pass_context
def show(context: Context, cluster: int, *, as_json: bool) -> None:
    """Show a cluster with its faces, the most typical first, and the photos that they are in."""
    with reported(), context.store() as store:
        row = store.clusters.find(cluster)
        faces = store.clusters.faces(row.id)
        paths = {face.photo_id: next(iter(store.files.paths_of(face.photo_id)), None) for face in faces}
    if as_json:
        listed = [asdict(face) | {"path": paths[face.photo_id]} for face in faces]
        print_json(asdict(row) | {"face_list": listed})
        return
    if row.id != cluster:
        say(f"Cluster {cluster} became a part of cluster {row.id}.")
    say(f"cluster {row.id}: {row.faces} faces in {row.photos} photos; {_called(row) or 'no name yet'}")
    columns = ("face", "size", "distance", "by", "matches", "photo")
    rows = [
        (
            face.id,
            face.size,
            None if face.distance is None else f"{face.distance:.3f}",
            face.by,
            face.match,
            paths[face.photo_id] or "gone",
        )
        for face in faces
    ]
    print_table(columns, rows[:_SHOWN], right=columns[:3])
    if len(rows) > _SHOWN:
        say(f"... and {len(rows) - _SHOWN} more; --json gives all.")


@clusters.command(epilog="Example: familiar clusters name 12 'Eileen Collins'")
@click.argument("cluster", type=ID)
@click.argument("name")
@anyway_option
@json_option
@pass_context
def name(context: Context, cluster: int, name: str, *, anyway: bool, as_json: bool) -> None:
    """Say whose faces those of a cluster are.

    The best and most different of them become references, and all other faces are matched again at once.
    """
    with reported(), context.store() as store:
        settings = context.settings()
        anyway |= settings.clustering.same_photo
        event = name_cluster(store, cluster, name, model=settings.vision.model, anyway=anyway)
        _finish(context, store, event, as_json=as_json)


@clusters.command(epilog="Example: familiar clusters merge 12 7")
@click.argument("cluster", type=ID)
@click.argument("into", type=ID)
@anyway_option
@json_option
@pass_context
def merge(context: Context, cluster: int, into: int, *, anyway: bool, as_json: bool) -> None:
    """Make CLUSTER a part of INTO; a named one takes the other in, whichever comes first."""
    with reported(), context.store() as store:
        _finish(
            context,
            store,
            store.decisions.merge(cluster, into, anyway=anyway or context.settings().clustering.same_photo),
            as_json=as_json,
        )


@clusters.command(epilog="Example: familiar clusters split 12 4711 4712")
@click.argument("cluster", type=ID)
@click.argument("faces", nargs=-1, required=True, type=ID)
@json_option
@pass_context
def split(context: Context, cluster: int, faces: tuple[int, ...], *, as_json: bool) -> None:
    """Take FACES out of a cluster into a new one: they are somebody else.

    The two never come together again by themselves.
    """
    with reported(), context.store() as store:
        event, _ = store.decisions.split(cluster, faces)
        _finish(context, store, event, as_json=as_json)


@clusters.command("take-out", epilog="Example: familiar clusters take-out 12 4711")
@click.argument("cluster", type=ID)
@click.argument("faces", nargs=-1, required=True, type=ID)
@json_option
@pass_context
def take_out(context: Context, cluster: int, faces: tuple[int, ...], *, as_json: bool) -> None:
    """Take FACES out of a cluster, each by itself; they never come back to it, nor to its person."""
    with reported(), context.store() as store:
        _finish(context, store, store.decisions.take_out(cluster, faces), as_json=as_json)


@clusters.command(
    epilog="Example: familiar clusters refuse 12 'Eileen Collins', or: familiar clusters refuse 12 --other 7"
)
@click.argument("cluster", type=ID)
@click.argument("name", required=False)
@click.option("--other", type=ID, help="Another cluster, which is somebody else.")
@json_option
@pass_context
def refuse(context: Context, cluster: int, name: str | None, other: int | None, *, as_json: bool) -> None:
    """Say that a cluster is not this person, or not the same as another cluster: now and ever.

    That holds for all of its faces, and for those that come to it later.
    """
    with reported(), context.store() as store:
        if (name is None) == (other is None):
            raise UsageError("Say who it is not: NAME, or --other CLUSTER.")
        if name is not None:
            event = store.decisions.refuse(cluster, name)
        else:
            event = store.decisions.tell_apart(cluster, other or 0)
        _finish(context, store, event, as_json=as_json)


@clusters.command(epilog="Example: familiar clusters ignore 12")
@click.argument("cluster", type=ID)
@json_option
@pass_context
def ignore(context: Context, cluster: int, *, as_json: bool) -> None:
    """Say that nobody wants to know who this is; faces that come to it later are ignored, too."""
    with reported(), context.store() as store:
        _finish(context, store, store.decisions.ignore(cluster), as_json=as_json)


@clusters.command("not-a-face", epilog="Example: familiar clusters not-a-face 4711 4712")
@click.argument("faces", nargs=-1, required=True, type=ID)
@json_option
@pass_context
def not_a_face(context: Context, faces: tuple[int, ...], *, as_json: bool) -> None:
    """Say that what was found is no face: it counts nowhere any more."""
    with reported(), context.store() as store:
        _finish(context, store, store.decisions.not_a_face(faces), as_json=as_json)


@clusters.command(epilog="Example: familiar clusters suggest")
@json_option
@pass_context
def suggest(context: Context, *, as_json: bool) -> None:
    """Show what a person should look at: who a cluster may be, and which clusters may be one, best first.

    Nothing of it is done by itself: answer with `name`, `merge` or `refuse`, or in `review`.
    """
    with reported(), context.store() as store:
        found = store.suggestions.all(threshold=context.settings().matching.threshold + _LOOSER)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    if not found:
        say("There is nothing to suggest.")
        return
    columns = ("cluster", "faces", "is it", "distance", "yes", "no")
    rows = [(one.cluster, one.faces, _maybe(one), f"{one.distance:.3f}", *_answers(one)) for one in found]
    print_table(columns, rows[:_SHOWN], right=("cluster", "faces", "distance"))
    if len(rows) > _SHOWN:
        say(f"... and {len(rows) - _SHOWN} more; --json gives all.")


@clusters.command(epilog="Example: familiar clusters log")
@json_option
@pass_context
def log(context: Context, *, as_json: bool) -> None:
    """Show what was decided about clusters, the newest first."""
    with reported(), context.store() as store:
        events = store.decisions.events()
    if as_json:
        print_json([asdict(event) for event in events])
        return
    if not events:
        say("Nothing was decided yet.")
        return
    columns = ("event", "at", "by", "what", "")
    rows = [
        (event.id, local_time(event.at), event.by, event.summary, "undone" if event.undone_at else "")
        for event in events
    ]
    print_table(columns, rows[:_SHOWN], right=("event",))
    if len(rows) > _SHOWN:
        say(f"... and {len(rows) - _SHOWN} more; --json gives all.")


@clusters.command(epilog="Example: familiar clusters undo, or: familiar clusters undo 17")
@click.argument("event", type=ID, required=False)
@json_option
@pass_context
def undo(context: Context, event: int | None, *, as_json: bool) -> None:
    """Take back what was decided last, or an EVENT of the log; all is as it was before it."""
    with reported(), context.store() as store:
        undone = store.decisions.undo(event)
        rematch(context, store, context.settings(), quiet=as_json)
    if as_json:
        print_json(asdict(undone))
    else:
        say(f"Undone: {undone.summary} (event {undone.id}).")


clusters.add_command(review)
clusters.add_command(export)
clusters.add_command(import_)


def _finish(context: Context, store: Store, event_id: int, *, as_json: bool) -> None:
    """Match all faces again by what was decided, and say what that was."""
    rematch(context, store, context.settings(), quiet=as_json)
    (event,) = [event for event in store.decisions.events(limit=10) if event.id == event_id]
    if as_json:
        print_json(asdict(event))
    else:
        said = f"{event.summary[:1].upper()}{event.summary[1:]}"
        say(f"{said} (event {event.id}; undo: familiar clusters undo {event.id}).")


def _called(row: ClusterRow) -> str:
    return row.name or ("ignored" if row.kind == "ignored" else "")


def _maybe(one: Suggestion) -> str:
    return f"{one.person}?" if one.person is not None else f"the same as cluster {one.other}?"


def _answers(one: Suggestion) -> tuple[str, str]:
    if one.person is not None:
        return f"name {one.cluster} {quote(one.person)}", f"refuse {one.cluster} {quote(one.person)}"
    return f"merge {one.cluster} {one.other}", f"refuse {one.cluster} --other {one.other}"
