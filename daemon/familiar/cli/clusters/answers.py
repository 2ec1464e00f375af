"""The answers of a person in a review of clusters: what each one means, and what is printed then."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from familiar.api.clusters import FaceClusters
from familiar.errors import UsageError
from familiar.plurals import counted
from familiar.store.clusters.clusters import ClusterFace, ClusterRow
from familiar.store.clusters.suggestions import Suggestion
from familiar.store.decisions.log import EventRow

_WITH_NUMBERS = frozenset("soxm")

_HELP = """\
NAME          the cluster is NAME: all of its faces are theirs
Enter         skip the cluster for now
/y  /n        answer the question with yes or no
/i            ignore the cluster: it does not matter who this is
/s 3 5        split: the faces with these numbers are somebody else, and become a new cluster
/o 3 5        take out: the faces with these numbers do not belong to the cluster
/x 3 5        the faces with these numbers are not faces
/m 7          merge: the cluster is the same person as cluster 7
/u            undo the last decision
/q            quit"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The result of an answer: lines to print, and whether the review goes on with the next cluster."""

    lines: tuple[str, ...] = ()
    goes_on: bool


class Answers:
    """The questions and answers of one review."""

    def __init__(self, clusters: FaceClusters) -> None:
        """Take the clusters."""
        self._clusters = clusters
        self._skipped: set[int] = set()
        self._asked: Suggestion | None = None
        self.decided = 0

    def next(self, least: int) -> ClusterRow | None:
        """Return the largest cluster without a name that has at least `least` faces and was not skipped.

        Those with nothing but junk come last.
        """
        return next((row for row in self._clusters.waiting(least=least) if row.id not in self._skipped), None)

    def left(self, least: int) -> int:
        """Count the clusters without a name that have at least `least` faces."""
        return len(self._clusters.waiting(least=least))

    def question(self, cluster: ClusterRow) -> str | None:
        """Return a question about a cluster, which /y and /n answer; None without a suggestion."""
        found = self._clusters.suggestions()
        self._asked = next((one for one in found if cluster.id in {one.cluster, one.other}), None)
        if self._asked is None:
            return None
        who = self._asked.person or f"the same as cluster {_other(self._asked, cluster)}"
        return f"Is this {who}? /y or /n ({because(self._asked)})"

    def take(self, answer: str, cluster: ClusterRow, faces: Sequence[ClusterFace]) -> Said:
        """Apply an answer about a cluster.

        Args:
            answer: a name, "" to skip it, or a command.
            cluster: the cluster that is shown.
            faces: the faces that the picture shows, in the order of their numbers.

        Raises:
            FamiliarError: that is not an answer, or can't be done; nothing is changed.
        """
        if not answer:
            self._skipped.add(cluster.id)
            return Said(goes_on=True)
        if not answer.startswith("/"):
            return self._decided(self._clusters.name(cluster.id, answer))
        command, numbers = _command(answer)
        if command == "u":
            undone = self._clusters.undo()
            self._skipped.discard(cluster.id)
            return Said(lines=(f"Undone: {undone.summary}.",), goes_on=True)
        actions: dict[str, Callable[[], EventRow]] = {
            "y": lambda: self._say_yes(cluster),
            "n": lambda: self._say_no(cluster),
            "i": lambda: self._clusters.ignore(cluster.id),
            "s": lambda: self._clusters.split(cluster.id, _chosen(numbers, faces)).event,
            "o": lambda: self._clusters.take_out(cluster.id, _chosen(numbers, faces)),
            "x": lambda: self._clusters.not_a_face(_chosen(numbers, faces)),
            "m": lambda: self._clusters.merge(cluster.id, numbers[0]),
        }
        if command not in actions:
            return Said(lines=tuple(_HELP.splitlines()), goes_on=False)
        return self._decided(actions[command]())

    def _say_yes(self, cluster: ClusterRow) -> EventRow:
        asked = self._question_asked()
        if asked.person is not None:
            return self._clusters.name(cluster.id, asked.person)
        return self._clusters.merge(cluster.id, _other(asked, cluster))

    def _say_no(self, cluster: ClusterRow) -> EventRow:
        asked = self._question_asked()
        if asked.person is not None:
            return self._clusters.refuse(cluster.id, asked.person)
        return self._clusters.tell_apart(cluster.id, _other(asked, cluster))

    def _question_asked(self) -> Suggestion:
        if self._asked is None:
            raise UsageError("There is no question to answer; answer with a name, or /? for help.")
        return self._asked

    def _decided(self, event: EventRow) -> Said:
        self.decided += 1
        return Said(lines=(f"{event.summary[:1].upper()}{event.summary[1:]}.",), goes_on=True)


def _command(answer: str) -> tuple[str, list[int]]:
    """Return the letter of a command and its numbers.

    Raises:
        UsageError: it is not a command, or does not take these numbers.
    """
    found = re.fullmatch(r"/([a-z?])((?:\s+\d{1,18})*)", answer)
    if found is None:
        raise UsageError(f"{answer!r} is not a command, and a name can't begin with /; /? lists the commands.")
    command, numbers = found[1], [int(number) for number in found[2].split()]
    if numbers and command not in _WITH_NUMBERS:
        raise UsageError(f"/{command} is about the whole cluster; leave out the numbers.")
    if command == "m" and len(numbers) != 1:
        raise UsageError("Name the other cluster, as in /m 7.")
    return command, numbers


def because(asked: Suggestion) -> str:
    """Return why a question is asked."""
    reasons = [] if asked.distance is None else [f"distance {asked.distance:.2f}"]
    if asked.named:
        reasons.append(f"named on Flickr in {counted(asked.named, 'photo')}")
    return ", ".join(reasons)


def _other(asked: Suggestion, cluster: ClusterRow) -> int:
    return (asked.other if asked.cluster == cluster.id else asked.cluster) or 0


def _chosen(numbers: Sequence[int], faces: Sequence[ClusterFace]) -> list[int]:
    wrong = [number for number in numbers if not 1 <= number <= len(faces)]
    if wrong or not numbers:
        which = f"There is no face {wrong[0]} in the picture" if wrong else "Say which faces"
        raise UsageError(f"{which}; the faces have the numbers 1 to {len(faces)}.")
    return [faces[number - 1].id for number in numbers]
