"""One attempt: a workload in which something goes wrong, then a quiet end; and what was found not to hold."""

import os
import random
import signal
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from familiar.effects.journal import Step
from familiar.store.store import Store
from faults import acting
from faults.armings import Arming, Attempt
from faults.contents import Ledger, is_hidden
from faults.disks import Disks
from faults.oracle import Oracle
from faults.persons import Person
from faults.shim import Call, Shim, calls_in
from faults.storms import storm
from faults.workloads import EACH, SINGLE, UNDO, WORK, Act, Arrive, Command, Decide, workload
from faults.workloads import Person as PersonAct
from faults.worlds import World

_PATIENCE = 30
"""Seconds after which a command hangs."""
_QUIET = 5
"""How often familiar is started again until nothing is open."""
_MAKING = frozenset({"create", "rename", "link", "symlink", "mkdir"})


@dataclass(slots=True)
class Result:
    """The result of an attempt: what went wrong on purpose, what was found not to hold, the calls of each command."""

    attempt: Attempt
    findings: list[str] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)
    calls: list[list[Call]] = field(default_factory=list)


def run(attempt: Attempt, disks: Disks, shim: Shim) -> Result:
    """Run an attempt in empty folders."""
    disks.clear()
    return _Run(attempt, disks, shim).all()


class _Run:
    def __init__(self, attempt: Attempt, disks: Disks, shim: Shim) -> None:
        self._attempt, self._disks, self._shim = attempt, disks, shim
        self._ledger = Ledger()
        self._world = World(disks, self._ledger)
        self._oracle = Oracle(self._world)
        self._chance = random.Random(str(attempt))
        self._person = Person(disks, self._ledger, self._chance)
        self._acts = workload(attempt.workload)
        acts = any(isinstance(act, PersonAct) for act in self._acts)
        self._alone = not acts and not any(arming.act for _, arming in attempt.armings)
        self._result = Result(attempt, self._oracle.findings)

    def all(self) -> Result:
        try:
            for act in self._acts:
                self._do(act)
            self._end()
        finally:
            self._world.close()
        return self._result

    def _do(self, act: Act) -> None:
        match act:
            case Arrive():
                self._world.arrive(act)
            case Decide():
                self._world.decide(act)
            case PersonAct():
                self._let_person(act)
            case Command():
                self._command(act, self._attempt.arming(len(self._result.calls) + 1))
                self._check(f"after command {len(self._result.calls)} ({act.name})")

    def _let_person(self, act: PersonAct) -> None:
        self._chance.seed(act.pick)
        before = self._world.everything()
        self._person.act(act.act, among=self._world.visible(), live=False)
        self._ledger.settle(before, self._world.everything())
        if act.noticed:
            self._world.notice()

    def _command(self, act: Command, arming: Arming | None) -> None:
        number = len(self._result.calls) + 1
        self._world.later()
        if self._alone:
            self._oracle.observe()
        log, trouble = (self._disks.logs / f"{kind}-{number}" for kind in ("calls", "trouble"))
        with ExitStack() as around:
            if arming is not None and arming.what == "storm":
                files = self._world.visible()
                around.enter_context(storm(arming.act, self._disks, self._ledger, files, self._chance))
            child = os.fork()
            if child == 0:
                _carry_out(self._world, act, lambda: self._shim.arm(self._disks.tops, arming, log), trouble)
            status = self._await(child, arming, log)
        self._result.calls.append(calls := list(calls_in(log)))
        self._note(number, arming, status, trouble)
        self._person.put_right()
        if self._alone:
            self._oracle.check_durable(calls, number)

    def _await(self, child: int, arming: Arming | None, log: Path) -> int:
        while True:
            _, status = os.waitpid(child, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                return status
            if arming is not None and arming.act:
                self._interfere(arming, list(calls_in(log)))
            os.kill(child, signal.SIGCONT)

    def _interfere(self, arming: Arming, calls: Sequence[Call]) -> None:
        """Let a person do something with what familiar is at work with."""
        self._chance.seed(f"{self._attempt} {arming}")
        texts = dict.fromkeys(text for call in reversed(calls) for text in (call.two, call.one) if text)
        spoken = [path for path in map(Path, texts) if any(path.is_relative_to(top) for top in self._disks.tops)]
        files = [path for path in spoken if path.is_file() and not is_hidden(path)] or self._world.visible()
        folders = [path for path in dict.fromkeys((*spoken, *(path.parent for path in spoken))) if path.is_dir()]
        held = {Path(call.one) for call in calls if call.label == "open" and (call.result or -1) >= 0}
        held |= {Path(call.two or call.one).parent for call in calls if call.label in _MAKING and call.result == 0}
        turn = arming.count - 1
        self._person.act(
            arming.act,
            among=files[turn % max(len(files), 1) :][:1],
            folders=folders[turn % max(len(folders), 1) :][:1],
            held=held,
            live=True,
        )

    def _note(self, number: int, arming: Arming | None, status: int, trouble: Path) -> None:
        hit = next((call for call in self._result.calls[-1] if call.injected), None)
        if arming is not None and (hit is not None or arming.what == "storm"):
            paths = [] if hit is None else [self._world.short(Path(text)) for text in (hit.one, hit.two) if text]
            self._result.fired.append(" ".join((f"{number}:{arming}", hit.label if hit else "", *paths)).rstrip())
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL:
            self._oracle.find("hangs", f"command {number} ended by signal {os.WTERMSIG(status)}")
        if trouble.exists():
            self._oracle.find("crashes", f"command {number}: {trouble.read_text()}")

    def _check(self, when: str) -> None:
        self._oracle.check(when, traps=self._person.traps, single=self._attempt.workload in SINGLE)

    def _end(self) -> None:
        """Start familiar again until nothing is open, then undo everything; look at what is left."""
        disturbed = len(self._result.calls)
        self._command(WORK, None)
        self._settle("at the end")
        if self._alone:
            self._oracle.check_truth()
        for command in (UNDO, EACH, EACH):
            if self._is_left(acting.done_steps):
                self._command(command, None)
        self._settle("after undo of everything")
        if self._alone:
            self._oracle.check_undone()
        del self._result.calls[disturbed:]

    def _settle(self, when: str) -> None:
        for _ in range(_QUIET):
            if self._is_left(acting.open_steps):
                self._command(WORK, None)
        self._check(when)
        self._oracle.check_quiet(when)

    def _is_left(self, kind: Callable[[Store], list[Step]]) -> bool:
        return bool(kind(self._world.store))


def _carry_out(world: World, act: Command, arm: Callable[[], None], trouble: Path) -> None:
    """Carry out a command in this process, which was forked for it, and end it."""
    try:
        signal.alarm(_PATIENCE)
        store = world.store
        arm()
        if act.name == "work":
            acting.work(store)
        else:
            acting.take_back(store, act.name)
        store.close()
    except BaseException:  # noqa: BLE001 - it is told by the process that forked this one
        trouble.write_text(traceback.format_exc().strip().splitlines()[-1])
    finally:
        os._exit(0)
