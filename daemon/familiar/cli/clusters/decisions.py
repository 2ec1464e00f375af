"""familiar clusters name, merge, split, take-out, refuse, ignore, not-a-face: what a person decides about clusters."""

from dataclasses import asdict

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import say
from familiar.errors import UsageError
from familiar.store.decisions.log import EventRow

anyway_option = click.option(
    "--anyway", is_flag=True, help="Allow two faces of one photo, as with a mirror or a collage."
)


@command(epilog="Example: familiar clusters name 12 'Eileen Collins'")
@click.argument("cluster", type=int)
@click.argument("name")
@anyway_option
@pass_library
def name(library: Library, cluster: int, name: str, *, anyway: bool) -> Answer:
    """Give a cluster a name: all of its faces are that person's.

    The best and most different faces become references, and all other faces are matched again at once.
    """
    return _decided(library.clusters.name(cluster, name, allow_same_photo=anyway))


@command(epilog="Example: familiar clusters merge 12 7")
@click.argument("cluster", type=int)
@click.argument("into", type=int)
@anyway_option
@pass_library
def merge(library: Library, cluster: int, into: int, *, anyway: bool) -> Answer:
    """Make CLUSTER a part of INTO; a cluster with a name absorbs one without, whichever comes first."""
    return _decided(library.clusters.merge(cluster, into, allow_same_photo=anyway))


@command(epilog="Example: familiar clusters split 12 4711 4712")
@click.argument("cluster", type=int)
@click.argument("faces", nargs=-1, required=True, type=int)
@pass_library
def split(library: Library, cluster: int, faces: tuple[int, ...]) -> Answer:
    """Move FACES from a cluster to a new one: they are somebody else.

    The program never joins the two again.
    """
    return _decided(library.clusters.split(cluster, faces).event)


@command("take-out", epilog="Example: familiar clusters take-out 12 4711")
@click.argument("cluster", type=int)
@click.argument("faces", nargs=-1, required=True, type=int)
@pass_library
def take_out(library: Library, cluster: int, faces: tuple[int, ...]) -> Answer:
    """Take FACES out of a cluster; they never come back to it or to its person."""
    return _decided(library.clusters.take_out(cluster, faces))


@command(epilog="Example: familiar clusters refuse 12 'Eileen Collins', or: familiar clusters refuse 12 --other 7")
@click.argument("cluster", type=int)
@click.argument("name", required=False)
@click.option("--other", type=int, help="A cluster that is somebody else.")
@pass_library
def refuse(library: Library, cluster: int, name: str | None, other: int | None) -> Answer:
    """Say that a cluster is not this person, or not the same person as another cluster.

    This holds for all of its faces, and for those that join it later.
    """
    if name is not None and other is None:
        return _decided(library.clusters.refuse(cluster, name))
    if other is not None and name is None:
        return _decided(library.clusters.tell_apart(cluster, other))
    raise UsageError("Say who it is not: NAME, or --other CLUSTER.")


@command(epilog="Example: familiar clusters ignore 12")
@click.argument("cluster", type=int)
@pass_library
def ignore(library: Library, cluster: int) -> Answer:
    """Ignore a cluster, and the faces that join it later."""
    return _decided(library.clusters.ignore(cluster))


@command("not-a-face", epilog="Example: familiar clusters not-a-face 4711 4712")
@click.argument("faces", nargs=-1, required=True, type=int)
@pass_library
def not_a_face(library: Library, faces: tuple[int, ...]) -> Answer:
    """Mark FACES as not faces: they no longer count anywhere."""
    return _decided(library.clusters.not_a_face(faces))


def _decided(event: EventRow) -> Answer:
    said = f"{event.summary[:1].upper()}{event.summary[1:]}"
    text = f"{said} (event {event.id}; undo: familiar clusters undo {event.id})."
    return Answer(data=asdict(event), text=lambda: say(text))
