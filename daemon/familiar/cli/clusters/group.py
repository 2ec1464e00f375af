"""familiar clusters: groups of faces without a name, and what a person decides about them."""

from collections.abc import Sequence
from dataclasses import asdict
from shlex import quote

import click

from familiar.api.library import Library
from familiar.cli.clusters.answers import because
from familiar.cli.clusters.decisions import (
    ignore,
    merge,
    name,
    not_a_face,
    refuse,
    split,
    take_out,
)
from familiar.cli.clusters.folders import export, import_
from familiar.cli.clusters.review import review
from familiar.cli.console.command import Answer, Group, pass_library
from familiar.cli.console.output import local_time, print_table, say
from familiar.cli.console.parameters import FiniteRange
from familiar.cli.console.unmatched import note_unmatched
from familiar.plurals import counted
from familiar.store.clusters.clusters import ClusterRow
from familiar.store.clusters.suggestions import Suggestion

_SHOWN = 40
"""Rows of a table that people are shown."""


@click.group(cls=Group)
def clusters() -> None:
    """Name groups of faces: one answer for hundreds of photos.

    Each decision holds until it is undone: clusters log lists them, and clusters undo undoes them.
    """


@clusters.command(epilog="Example: familiar clusters run")
@click.option(
    "--threshold",
    type=FiniteRange(0, 2, min_open=True),
    help="Largest distance at which a face joins a group; by default the configured one.",
)
@pass_library
def run(library: Library, threshold: float | None) -> Answer:
    """Group the faces of unknown people.

    Existing clusters keep their faces and ids, and new faces join them. The daemon does this from time to time. Start
    with the default threshold, name the people whom you know, and then group the rest with a larger threshold, such as
    --threshold 0.52.
    """
    result, model = library.clusters.run(threshold=threshold), library.models.in_use()
    text = (
        f"{counted(result.joined, 'face')} joined clusters, {counted(result.grouped, 'face')} grouped in "
        f"{counted(result.fresh, 'new cluster')}, {counted(result.absorbed, 'cluster')} became part of another one."
    )

    def show() -> None:
        say(text)
        if result.left_out:
            say(
                f"note: {counted(result.left_out, 'face')} left out, which {model} has yet to encode: familiar models "
                f"use {model}, or start the daemon"
            )

    return Answer(data=asdict(result), text=show)


@clusters.command("list", epilog="Example: familiar clusters list --all")
@click.option("--all", "everything", is_flag=True, help="Show named and ignored clusters, too.")
@pass_library
def list_(library: Library, *, everything: bool) -> Answer:
    """Show the clusters without a name, the largest first.

    Clusters with nothing but faces of poor quality come last, in a table of their own.
    """
    rows = library.clusters.all() if everything else library.clusters.unnamed()
    return Answer(data=[asdict(row) for row in rows], text=lambda: _show_clusters(rows))


@clusters.command(epilog="Example: familiar clusters show 12")
@click.argument("cluster", type=int)
@pass_library
def show(library: Library, cluster: int) -> Answer:
    """Show a cluster with its faces, the most typical first, and their photos."""
    row, faces = library.clusters.find(cluster), library.clusters.faces(cluster)
    paths = library.clusters.paths_of(faces)

    def text() -> None:
        if row.id != cluster:
            say(f"Cluster {cluster} became a part of cluster {row.id}.")
        size = f"{counted(row.faces, 'face')} in {counted(row.photos, 'photo')}"
        say(f"cluster {row.id}: {size}; {_called(row) or 'no name yet'}")
        columns = ("face", "size", "quality", "distance", "by", "matches", "photo")
        cells = [
            (
                face.id,
                face.size,
                None if face.quality is None else f"{face.quality:.2f}",
                None if face.distance is None else f"{face.distance:.3f}",
                face.by,
                face.match,
                paths[face.photo_id] or "gone",
            )
            for face in faces
        ]
        _show_first(columns, cells, right=columns[:4])

    listed = [asdict(face) | {"path": paths[face.photo_id]} for face in faces]
    return Answer(data=asdict(row) | {"face_list": listed}, text=text)


@clusters.command(epilog="Example: familiar clusters suggest")
@pass_library
def suggest(library: Library) -> Answer:
    """Suggest who clusters may be, and which clusters may be one person, the best suggestion first.

    Suggestions come from distances between faces, and from tags on Flickr that have the name of a person.

    Suggestions change nothing: decide with `name`, `merge` or `refuse`, or in `review`.
    """
    found, unmatched = library.clusters.suggestions(), library.people.unmatched()

    def text() -> None:
        if not found:
            say("There is nothing to suggest.")
            note_unmatched(unmatched)
            return
        columns = ("cluster", "faces", "is it", "because", "yes", "no")
        rows = [
            (one.cluster or f"face {one.face}", one.faces, _maybe(one), because(one), *_answers(one)) for one in found
        ]
        _show_first(columns, rows, right=("cluster", "faces"))
        note_unmatched(unmatched)

    return Answer(data=[asdict(one) for one in found], text=text)


@clusters.command(epilog="Example: familiar clusters log")
@pass_library
def log(library: Library) -> Answer:
    """Show what was decided about clusters, the newest first."""
    events = library.clusters.log()

    def text() -> None:
        if not events:
            say("Nothing was decided yet.")
            return
        rows = [
            (event.id, local_time(event.at), event.by, event.summary, "undone" if event.undone_at else "")
            for event in events
        ]
        _show_first(("event", "at", "by", "what", ""), rows, right=("event",))

    return Answer(data=[asdict(event) for event in events], text=text)


@clusters.command(epilog="Example: familiar clusters undo, or: familiar clusters undo 17")
@click.argument("event", type=int, required=False)
@pass_library
def undo(library: Library, event: int | None) -> Answer:
    """Undo the last decision about clusters, or an EVENT.

    All is as it was before. `familiar undo --list` shows the events.
    """
    undone = library.clusters.undo(event)
    return Answer(data=asdict(undone), text=lambda: say(f"Undone: {undone.summary} (event {undone.id})."))


for _command in (name, merge, split, take_out, refuse, ignore, not_a_face, review, export, import_):
    clusters.add_command(_command)


def _show_clusters(rows: Sequence[ClusterRow]) -> None:
    if not rows:
        say("There are no clusters without a name. `familiar clusters run` groups the faces of unknown people.")
    good, junk = [row for row in rows if not row.is_junk], [row for row in rows if row.is_junk]
    if good:
        _show_rows(good)
    if junk:
        say("Only faces of poor quality:")
        _show_rows(junk)


def _show_rows(rows: Sequence[ClusterRow]) -> None:
    columns = ("cluster", "faces", "photos", "recognised", "name", "since")
    cells = [
        (row.id, row.faces, row.photos, row.recognised or "", _called(row), local_time(row.made_at)) for row in rows
    ]
    _show_first(columns, cells, right=columns[:4])


def _show_first(columns: Sequence[str], rows: Sequence[tuple[object, ...]], *, right: Sequence[str]) -> None:
    """Print a table of the first rows, and how many more there are."""
    print_table(columns, rows[:_SHOWN], right=right)
    if len(rows) > _SHOWN:
        say(f"... and {len(rows) - _SHOWN} more; --json prints all.")


def _called(row: ClusterRow) -> str:
    return row.name or ("ignored" if row.kind == "ignored" else "")


def _maybe(one: Suggestion) -> str:
    return f"{one.person}?" if one.person is not None else f"the same as cluster {one.other}?"


def _answers(one: Suggestion) -> tuple[str, str]:
    if one.person is not None and one.face is not None:
        return f"people confirm {quote(one.person)} {one.face}", f"people refuse {quote(one.person)} {one.face}"
    if one.person is not None:
        return f"name {one.cluster} {quote(one.person)}", f"refuse {one.cluster} {quote(one.person)}"
    return f"merge {one.cluster} {one.other}", f"refuse {one.cluster} --other {one.other}"
