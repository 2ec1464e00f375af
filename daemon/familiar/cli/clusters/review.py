"""familiar clusters review: show one cluster after the other, and ask who it is."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from familiar.api.clusters import ClusterPictures
from familiar.api.environment import Environment
from familiar.cli.clusters.answers import Answers
from familiar.cli.console.command import open_library, pass_environment
from familiar.cli.console.output import console, reported, say
from familiar.errors import FamiliarError
from familiar.plurals import counted
from familiar.store.clusters.clusters import ClusterRow

if TYPE_CHECKING:
    from familiar.cli.console.pictures import Screen
    from familiar.library.clusters.montage import ClusterMontage


@click.command(epilog="Example: familiar clusters review")
@click.option(
    "--least", type=click.IntRange(min=1), default=2, help="Skip clusters with fewer faces.", show_default=True
)
@pass_environment
def review(environment: Environment, least: int) -> None:
    """Show the clusters without a name one after the other, and ask who they are.

    A picture shows the faces of each cluster. It is saved in the state folder, and shown inline if the terminal can do
    that. Answer with a name, or press Enter to skip; /? lists the other answers. Clusters with only faces of poor
    quality come last.
    """
    from familiar.cli.console.pictures import Screen  # noqa: PLC0415 - it needs Pillow, and other commands show no picture

    with reported(), open_library(environment, quiet=True) as library, library.clusters.pictures() as pictures:
        answers = Answers(library.clusters)
        screen = Screen(console(), os.environ)
        while (cluster := answers.next(least)) is not None:
            shown = _show(cluster, pictures, screen, environment.state / "review")
            if not _ask(answers, cluster, shown):
                break
        say(f"{answers.decided} decided; {counted(answers.left(least), 'cluster')} without a name left.")


def _show(cluster: ClusterRow, pictures: ClusterPictures, screen: "Screen", folder: Path) -> "ClusterMontage":
    """Show a cluster on the screen, and save its picture in a folder."""
    columns, rows = screen.grid
    shown = pictures.montage(cluster.id, columns=columns, rows=rows)
    folder.mkdir(mode=0o700, exist_ok=True)
    saved = folder / f"cluster-{cluster.id}.png"
    shown.picture.save(saved)
    screen.show(shown.picture)
    say(
        f"cluster {cluster.id}: {counted(cluster.faces, 'face')} {'of poor quality ' if cluster.is_junk else ''}"
        f"in {counted(cluster.photos, 'photo')}; "
        f"the picture shows the numbers 1 to {len(shown.faces)}, row by row ({saved})"
    )
    return shown


def _ask(answers: Answers, cluster: ClusterRow, shown: "ClusterMontage") -> bool:
    """Read answers until one ends the question about this cluster; return False to end the review."""
    question = answers.question(cluster)
    if question is not None:
        say(question)
    while True:
        try:
            answer = click.prompt("name", default="", show_default=False, prompt_suffix="> ").strip()
        except click.Abort:
            return False
        if answer == "/q":
            return False
        try:
            said = answers.take(answer, cluster, shown.faces)
        except FamiliarError as error:
            say(str(error))
            continue
        for line in said.lines:
            say(line)
        if said.goes_on:
            return True
