"""What has to hold of a world, after each command and in the end; each finding begins with its kind."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from familiar.effects.journal import Step
from familiar.effects.kinds.move_companion import MoveCompanion
from familiar.model import Move
from faults import acting
from faults.contents import hash_of, is_hidden, tree
from faults.durability import Durability
from faults.shim import Call
from faults.worlds import World

KINDS = {
    "lost": "a content is gone that no person took away",
    "hidden": "a content is left under a temporary name alone, with nothing left to do",
    "partial": "a file has a content that nobody put anywhere",
    "outside": "a file was put behind a link that took the place of a held folder",
    "temporaries": "a temporary file is left with nothing left to do",
    "not durable": "a file was removed before another with its content was sure to outlive a loss of power",
    "untrue": "the journal says done, and it is not so",
    "not undone": "an undo of everything, and of each step, left some",
    "not as before": "after an undo of everything the files are not those of before",
    "open": "there is something left to do after many starts",
    "hangs": "a command did not end",
    "crashes": "an error was not foreseen",
}


class Oracle:
    """Looks at one world, and keeps what it finds."""

    def __init__(self, world: World) -> None:
        """Take the world, empty still."""
        self.findings: list[str] = []
        self._world = world
        self._durability = Durability()

    def find(self, kind: str, details: str) -> None:
        assert kind in KINDS, kind
        self.findings.append(f"{kind}: {details.replace(f'{self._world.disks.base}/', '')}")

    def observe(self) -> None:
        """Take what is there as sure, so far as nothing else is known of it."""
        self._durability.observe(tree(self._world.disks.tops))

    def check_durable(self, calls: Sequence[Call], command: int) -> None:
        """Look at each instant of a command that has ended."""
        required = self._world.ledger.required - acting.written_over(self._world.store)
        for call, hash_ in self._durability.add(calls, self._world.everything(), required):
            name = self._world.ledger.called([hash_])
            self.find("not durable", f"{name} after call {call.number} of command {command}")

    def check(self, when: str, *, traps: Mapping[Path, bool], single: bool) -> None:
        """Look at what has to hold at any time.

        Args:
            when: for people.
            traps: folders outside to which a link leads in the place of another, and whether that one was held.
            single: whether there is one operation alone: a second one may follow the link.
        """
        found, ledger = self._world.everything(), self._world.ledger
        made, over = acting.made_by(self._world.store), acting.written_over(self._world.store)
        lost = ledger.lost(found, over)
        if lost:
            self.find("lost", f"{ledger.called(lost)} {when}")
            ledger.required -= lost  # told once
        self._find_paths("partial", ledger.partial(found, made | over), when)
        held = [trap for trap, was_held in traps.items() if was_held and single]
        self._find_paths("outside", [path for path in found for trap in held if path.is_relative_to(trap)], when)

    def check_quiet(self, when: str) -> None:
        """Look at what has to hold once there is nothing left to do."""
        left = acting.open_steps(self._world.store)
        if left:
            self.find("open", ", ".join(f"{step.operation.kind} {step.state} {step.error}" for step in left))
        found, ledger = self._world.everything(), self._world.ledger
        open_ones = {path: hash_ for path, hash_ in found.items() if not is_hidden(path)}
        hidden = ledger.lost(open_ones, acting.written_over(self._world.store))
        if hidden:
            self.find("hidden", f"{ledger.called(hidden)} {when}")
        temporaries = [path for path in found if is_hidden(path) and path.is_relative_to(self._world.disks.near)]
        temporaries += [path for path in tree([self._world.disks.far]) if is_hidden(path)]
        self._find_paths("temporaries", temporaries, when)
        for path in temporaries:
            shutil.move(path, self._world.disks.away / path.name.removeprefix("."))  # told once
            ledger.known.add(found[path])

    def check_truth(self) -> None:
        """Check that what the journal calls done is there, unless a later step took it on."""
        done = acting.done_steps(self._world.store)
        taken = {step.source for step in done if isinstance(step.operation, Move | MoveCompanion)}
        for step in done:
            # What a symbolic link leads to may have moved on.
            if (
                step.target is None
                or step.target in taken
                or step.target.is_symlink()
                or step.operation.kind == "sidecar"
            ):
                continue
            if not step.target.is_file() or hash_of(step.target.read_bytes()) != step.hash:
                self.find("untrue", f"{step.operation.kind} done, but {self._world.short(step.target)} is not it")

    def check_undone(self) -> None:
        """Check that everything is as it was before familiar did anything."""
        left: list[Step] = acting.done_steps(self._world.store)
        if left:
            self.find("not undone", ", ".join(f"{step.operation.kind} {step.error}" for step in left))
            return
        now, before = tree(self._world.disks.tops), self._world.arrived
        differ = {path for path in now.keys() | before.keys() if now.get(path) != before.get(path)}
        self._find_paths("not as before", sorted(differ), "after undo of everything")

    def _find_paths(self, kind: str, paths: Sequence[Path], when: str) -> None:
        if paths:
            self.find(kind, f"{', '.join(map(self._world.short, paths))} {when}")
