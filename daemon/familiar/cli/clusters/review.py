"""familiar clusters review: look at one cluster after the other, and say who it is."""

import asyncio
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from familiar.cli.console.output import console, reported, say
from familiar.cli.console.pictures import Screen
from familiar.cli.context import Context, pass_context
from familiar.cli.rematching import rematch
from familiar.errors import FamiliarError, UsageError
from familiar.library.clusters.naming import name_cluster
from familiar.library.thumbnails import FaceThumbnails
from familiar.settings import Settings
from familiar.store.clusters.clusters import ClusterFace, ClusterRow
from familiar.store.clusters.suggestions import Suggestion
from familiar.store.store import Store
from familiar.vision.faces.montage import TILE, montage
from familiar.vision.workers.pool import Workers

_LOOSER = 0.08

_WITH_NUMBERS = frozenset("soxm")

_HELP = """\
NAME          this is NAME: all faces of the cluster are theirs
Enter         skip it for now
/y  /n        yes, no: the answer to the question that is asked
/i            ignore: nobody wants to know who this is
/s 3 5        split: the faces with these numbers are somebody else, and become a cluster of their own
/o 3 5        out: these faces do not belong here, each for itself
/x 3 5        these are no faces
/m 7          merge: the same as cluster 7
/u            undo what was decided last
/q            quit"""


@click.command(epilog="Example: familiar clusters review")
@click.option("--least", type=click.IntRange(min=1), default=2, help="Leave smaller clusters out.", show_default=True)
@pass_context
def review(context: Context, least: int) -> None:
    """Look at the clusters one after the other, and name them.

    Each is shown as a picture with its faces, saved in the state folder, and inline where the terminal can. Answer with
    a name, or with Enter to skip; /? shows the other answers.
    """
    with reported():
        settings = context.settings()
        with context.store() as store:
            asyncio.run(_review(context, store, settings, least))


async def _review(context: Context, store: Store, settings: Settings, least: int) -> None:
    async with Workers(settings=settings.vision, models=context.models) as workers:
        portraits = FaceThumbnails(store=store, workers=workers)
        screen = Screen(console(), os.environ)
        columns, rows = screen.grid
        session = _Session(context=context, store=store, settings=settings, passed=set())
        while (cluster := session.next(least)) is not None:
            faces = _typical_and_not(store.clusters.faces(cluster.id), columns * rows)
            pictures = await portraits.of(faces, size=TILE)
            picture = montage([pictures.get(face.id) for face in faces], columns=columns)
            saved = context.state / "review" / f"cluster-{cluster.id}.png"
            saved.parent.mkdir(mode=0o700, exist_ok=True)
            picture.save(saved)
            screen.show(picture)
            session.introduce(cluster, saved, shown=len(faces))
            if not session.ask(cluster, faces):
                break
        say(f"{session.decided} decided; {session.left(least)} clusters have no name yet.")


@dataclass(slots=True, kw_only=True)
class _Session:
    """The questions and answers of one review."""

    context: Context
    store: Store
    settings: Settings
    passed: set[int]
    decided: int = 0
    question: Suggestion | None = None

    def next(self, least: int) -> ClusterRow | None:
        """Return the largest cluster without a name that was not passed over."""
        rows = self.store.clusters.all()
        return next((row for row in rows if _is_open(row) and row.faces >= least and row.id not in self.passed), None)

    def left(self, least: int) -> int:
        return sum(_is_open(row) and row.faces >= least for row in self.store.clusters.all())

    def introduce(self, cluster: ClusterRow, saved: Path, *, shown: int) -> None:
        self.question = self._question(cluster)
        say(
            f"cluster {cluster.id}: {cluster.faces} faces in {cluster.photos} photos; "
            f"those shown have the numbers 1 to {shown}, row by row ({saved})"
        )
        if self.question is not None:
            asked = self.question.person or f"the same as cluster {self._other(cluster)}"
            say(f"Is this {asked}? /y or /n (distance {self.question.distance:.2f})")

    def ask(self, cluster: ClusterRow, faces: Sequence[ClusterFace]) -> bool:
        """Read answers until one is about what to do with the cluster; return False to end the review."""
        while True:
            try:
                answer = click.prompt("name", default="", show_default=False, prompt_suffix="> ").strip()
            except click.Abort:
                return False
            if answer == "/q":
                return False
            if not answer:
                self.passed.add(cluster.id)
                return True
            try:
                if self._act(answer, cluster, faces):
                    return True
            except FamiliarError as error:
                say(str(error))

    def _act(self, answer: str, cluster: ClusterRow, faces: Sequence[ClusterFace]) -> bool:
        """Do what was answered; return False to ask again."""
        if not answer.startswith("/"):
            self._decide(name_cluster(self.store, cluster.id, answer, model=self.settings.vision.model))
            return True
        command, numbers = _command(answer)
        if command == "u":
            undone = self.store.decisions.undo()
            self.passed.discard(cluster.id)
            say(f"Undone: {undone.summary}.")
            rematch(self.context, self.store, self.settings, quiet=True)
            return True
        actions: dict[str, Callable[[], int]] = {
            "y": lambda: self._say_yes(cluster),
            "n": lambda: self._say_no(cluster),
            "i": lambda: self.store.decisions.ignore(cluster.id),
            "s": lambda: self.store.decisions.split(cluster.id, _picked(numbers, faces))[0],
            "o": lambda: self.store.decisions.take_out(cluster.id, _picked(numbers, faces)),
            "x": lambda: self.store.decisions.not_a_face(_picked(numbers, faces)),
            "m": lambda: self.store.decisions.merge(cluster.id, numbers[0]),
        }
        if command not in actions:
            for line in _HELP.splitlines():
                say(line)
            return False
        self._decide(actions[command]())
        return True

    def _say_yes(self, cluster: ClusterRow) -> int:
        question = self._asked()
        if question.person is not None:
            return name_cluster(self.store, cluster.id, question.person, model=self.settings.vision.model)
        return self.store.decisions.merge(cluster.id, self._other(cluster))

    def _say_no(self, cluster: ClusterRow) -> int:
        question = self._asked()
        if question.person is not None:
            return self.store.decisions.refuse(cluster.id, question.person)
        return self.store.decisions.tell_apart(cluster.id, self._other(cluster))

    def _asked(self) -> Suggestion:
        if self.question is None:
            raise UsageError("Nothing was asked; answer with a name, or /? for help.")
        return self.question

    def _decide(self, event_id: int) -> None:
        (event,) = [event for event in self.store.decisions.events(limit=10) if event.id == event_id]
        say(f"{event.summary[:1].upper()}{event.summary[1:]}.")
        self.decided += 1
        rematch(self.context, self.store, self.settings, quiet=True)

    def _question(self, cluster: ClusterRow) -> Suggestion | None:
        found = self.store.suggestions.all(threshold=self.settings.matching.threshold + _LOOSER)
        return next((one for one in found if cluster.id in {one.cluster, one.other}), None)

    def _other(self, cluster: ClusterRow) -> int:
        question = self._asked()
        return (question.other if question.cluster == cluster.id else question.cluster) or 0


def _command(answer: str) -> tuple[str, list[int]]:
    """Return the letter of a command, and its numbers.

    Raises:
        UsageError: that is no command, or not with these numbers.
    """
    found = re.fullmatch(r"/([a-z?])((?:\s+\d{1,18})*)", answer)
    if found is None:
        raise UsageError(f"{answer!r} is no command, and a name can't begin with /; /? shows the commands.")
    command, numbers = found[1], [int(number) for number in found[2].split()]
    if numbers and command not in _WITH_NUMBERS:
        raise UsageError(f"/{command} is about the whole cluster, and takes no numbers.")
    if command == "m" and len(numbers) != 1:
        raise UsageError("Say which cluster is the same: /m and its number, as in /m 7.")
    return command, numbers


def _is_open(row: ClusterRow) -> bool:
    return row.kind == "unnamed" and row.recognised < row.faces


def _typical_and_not(faces: Sequence[ClusterFace], count: int) -> list[ClusterFace]:
    """Return some faces of a cluster, which are in order of their distance from its centre: as many from both ends."""
    if len(faces) <= count:
        return list(faces)
    return [*faces[: count - count // 2], *faces[-(count // 2) :]]


def _picked(numbers: Sequence[int], faces: Sequence[ClusterFace]) -> list[int]:
    wrong = [number for number in numbers if not 1 <= number <= len(faces)]
    if wrong or not numbers:
        which = f"There is no face {wrong[0]} in the picture" if wrong else "Say which faces"
        raise UsageError(f"{which}: they have the numbers 1 to {len(faces)}.")
    return [faces[number - 1].id for number in numbers]
