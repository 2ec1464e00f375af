"""One attempt: a workload in which something goes wrong, then a quiet end; and what was found not to hold."""

import os
import random
import shutil
import signal
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from familiar.effects.journal import Step
from familiar.model import Box, Copy, Crop, Inscribe, Inscription, Link, Move, Operation
from familiar.store.store import Store
from faults import acting
from faults.armings import Arming, Attempt
from faults.contents import Ledger, hash_of, is_hidden, tree
from faults.disks import Disks
from faults.durability import Durability
from faults.persons import Person
from faults.shim import Call, Shim, calls_in
from faults.workloads import SMALL, UNDO, WORK, Act, Arrive, Command, Decide, Wish, workload
from faults.workloads import Person as PersonAct
from sidecars import DIGIKAM

_PATIENCE = 30
"""Seconds after which a command hangs."""
_HOURS = 3
"""Between two commands: longer than any operation waits to be tried again."""
_QUIET = 5
"""How often familiar is started again until nothing is open."""
_TIME = 1_700_000_000_123_456_789


@dataclass(slots=True)
class Result:
    """What came of an attempt: what was found not to hold, and the calls of each command."""

    attempt: Attempt
    findings: list[str] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)
    calls: list[list[Call]] = field(default_factory=list)


def run(attempt: Attempt, disks: Disks, shim: Shim) -> Result:
    """Run an attempt in empty folders."""
    return _Run(attempt, disks, shim).all()


class _Run:
    def __init__(self, attempt: Attempt, disks: Disks, shim: Shim) -> None:
        self._attempt, self._disks, self._shim = attempt, disks, shim
        self._ledger, self._durability = Ledger(), Durability()
        self._chance = random.Random(str(attempt))
        self._person = Person(disks, self._ledger, self._chance)
        self._acts = workload(attempt.workload)
        self._alone = not any(isinstance(act, PersonAct) for act in self._acts) and not any(
            arming.act for _, arming in attempt.armings
        )
        self._arrived: dict[Path, str] = {}
        self._result = Result(attempt)
        self._hour = 0

    def all(self) -> Result:
        self._disks.clear()
        for act in self._acts:
            self._do(act)
        self._end()
        return self._result

    def _do(self, act: Act) -> None:
        match act:
            case Arrive():
                self._arrive(act)
            case Decide():
                self._decide(act)
            case PersonAct():
                self._let_person(act)
            case Command():
                self._command(act, self._attempt.arming(len(self._result.calls) + 1))
                self._check(f"after command {len(self._result.calls)} ({act.name})")

    def _path(self, name: str) -> Path:
        side, _, rest = name.partition("/")
        return (self._disks.near if side == "near" else self._disks.far) / rest

    def _store(self) -> Store:
        return acting.open_store(self._disks.state, self._hour)

    def _arrive(self, act: Arrive) -> None:
        path = self._path(act.path)
        data = random.Random(f"content {act.content}").randbytes(act.size)
        contents = {path: data}
        if act.sidecar:
            contents[path.with_name(path.name + ".xmp")] = DIGIKAM.replace(b"Rome", f"Rome {act.path}".encode())
        for place, content in contents.items():
            if not os.path.lexists(place) and place.parent.is_dir():
                place.write_bytes(content)
                os.utime(place, ns=(_TIME, _TIME))
                self._arrived[place] = self._ledger.arrive(content, place.name)

    def _decide(self, act: Decide) -> None:
        photos = [path for path in self._visible() if path.suffix == ".jpg" and path.is_file()]
        wanted = (
            [self._path(act.photo)] if isinstance(act.photo, str) else photos[act.photo % max(len(photos), 1) :][:1]
        )
        for photo in wanted:
            if photo.is_file():
                with self._store() as store:
                    made = [self._operation(photo, wish) for wish in act.wishes]
                    acting.plan(store, photo, made, as_command=act.as_command)

    def _operation(self, photo: Path, wish: Wish) -> Operation:
        target = self._path(wish.target + photo.name if wish.target.endswith("/") else wish.target)
        match wish.kind:
            case "copy":
                return Copy(target=target, rule="r")
            case "move":
                return Move(target=target, rule="r")
            case "symlink" | "hardlink":
                return Link(target=target, rule="r", symbolic=wish.kind == "symlink")
            case "crop":
                box = Box(left=0, top=0, right=5, bottom=5)
                return Crop(target=target.with_suffix(".png"), rule="r", box=box, margin=0.4, size=None)
            case _:
                sidecar = photo.with_name(f"{photo.name}.xmp")
                return Inscribe(target=sidecar, rule="sidecars", wanted=Inscription(names=("Ann",)))

    def _visible(self) -> list[Path]:
        return [path for path in tree(self._disks.tops) if not is_hidden(path)]

    def _let_person(self, act: PersonAct) -> None:
        self._chance.seed(act.pick)
        self._person.act(act.act, among=self._visible(), live=False)
        self._ledger.settle(tree((*self._disks.inside, self._disks.away)))
        if act.noticed:
            with self._store() as store:
                acting.notice(store, self._visible())

    def _command(self, act: Command, arming: Arming | None) -> None:
        number = len(self._result.calls) + 1
        self._hour += _HOURS
        if self._alone:
            self._durability.observe(tree(self._disks.tops))
        log, trouble = (self._disks.logs / f"{kind}-{number}" for kind in ("calls", "trouble"))
        child = os.fork()
        if child == 0:
            _carry_out(self._store, act, lambda: self._shim.arm(self._disks.tops, arming, log), trouble)
        status = self._await(child, arming, log)
        calls = list(calls_in(log))
        self._result.calls.append(calls)
        self._note(number, arming, status, calls, trouble)
        self._person.put_right()
        if self._alone:
            self._check_durable(calls)

    def _check_durable(self, calls: Sequence[Call]) -> None:
        with self._store() as store:
            over = acting.written_over(store)
        found = tree((*self._disks.inside, self._disks.away))
        for call, hash_ in self._durability.add(calls, found, self._ledger.required - over):
            self._find(
                "not durable",
                f"{self._ledger.called([hash_])} after call {call.number} of command {len(self._result.calls)}",
            )

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
        files = [path for path in spoken if path.is_file() and not is_hidden(path)] or self._visible()
        folders = [path for path in dict.fromkeys((*spoken, *(path.parent for path in spoken))) if path.is_dir()]
        made = {"create", "rename", "link", "symlink", "mkdir"}
        held = {Path(call.one) for call in calls if call.label == "open" and (call.result or -1) >= 0}
        held |= {Path(call.two or call.one).parent for call in calls if call.label in made and call.result == 0}
        turn = arming.count - 1
        self._person.act(
            arming.act,
            among=files[turn % max(len(files), 1) :][:1],
            folders=folders[turn % max(len(folders), 1) :][:1],
            held=held,
            live=True,
        )

    def _note(self, number: int, arming: Arming | None, status: int, calls: Sequence[Call], trouble: Path) -> None:
        hit = next((call for call in calls if call.injected), None)
        if arming is not None and hit is not None:
            paths = " ".join(self._short(Path(text)) for text in (hit.one, hit.two) if text)
            self._result.fired.append(f"{number}:{arming} {hit.label} {paths}")
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if os.WIFSIGNALED(status) and not killed:
            self._find("hangs", f"command {number} ended by signal {os.WTERMSIG(status)}")
        if trouble.exists():
            self._find("crashes", f"command {number}: {trouble.read_text()}")

    def _find(self, what: str, details: object) -> None:
        self._result.findings.append(f"{what}: {details}")

    def _check(self, when: str) -> None:
        found = tree((*self._disks.inside, self._disks.away))
        with self._store() as store:
            made, over = acting.made_by(store), acting.written_over(store)
        lost = self._ledger.lost(found, over)
        if lost:
            self._find("lost", f"{self._ledger.called(lost)} {when}")
            self._ledger.required -= lost  # told once
        partial = self._ledger.partial(found, made | over)
        if partial:
            self._find("partial", f"{', '.join(map(self._short, partial))} {when}")
        outside = [path for path in found if path.is_relative_to(self._disks.away) and self._is_caught(path)]
        if outside:
            self._find("outside", f"{', '.join(map(self._short, outside))} {when}")

    def _is_caught(self, path: Path) -> bool:
        """Say whether a file lies outside, behind a link that took the place of a folder which familiar held."""
        single = self._attempt.workload in SMALL and "sidecar" not in self._attempt.workload
        return single and any(held and path.is_relative_to(trap) for trap, held in self._person.traps.items())

    def _short(self, path: Path) -> str:
        return str(path).removeprefix(f"{self._disks.base}/")

    def _end(self) -> None:
        """Start familiar again until nothing is open, then undo everything; look at what is left."""
        armed = len(self._result.calls)
        self._settle("at the end")
        if self._alone:
            self._check_truth()
        self._command(UNDO, None)
        self._check("after undo of all")
        if self._left(acting.done_steps):
            self._command(Command(name="each"), None)
            self._command(Command(name="each"), None)
        if self._left(acting.open_steps):
            self._settle("after undo of each")
        self._check_temporaries("after undo of all")
        if self._alone:
            self._check_undone()
        del self._result.calls[armed:]

    def _left(self, kind: Callable[[Store], list[Step]]) -> list[Step]:
        with self._store() as store:
            return kind(store)

    def _settle(self, when: str) -> None:
        for _ in range(_QUIET):
            self._command(WORK, None)
            left = self._left(acting.open_steps)
            if not left:
                break
        self._check(when)
        if left:
            steps = ", ".join(f"{step.operation.kind} {step.state}: {step.error}" for step in left)
            self._find("open", f"{steps} {when}")
        self._check_temporaries(when)

    def _check_temporaries(self, when: str) -> None:
        temporaries = [path for path in tree(self._disks.tops) if is_hidden(path)]
        if temporaries:
            self._find("temporaries", f"{', '.join(map(self._short, temporaries))} {when}")
            for path in temporaries:
                shutil.move(path, self._disks.logs)  # told once; its content may be all that is left
                self._ledger.known.add(hash_of((self._disks.logs / path.name).read_bytes()))

    def _check_truth(self) -> None:
        """Check that what the journal calls done is there, unless a later step took it on."""
        done = self._left(acting.done_steps)
        taken = {step.source for step in done if isinstance(step.operation, Move)}
        for step in done:
            if step.target is None or step.target in taken or step.operation.kind == "sidecar":
                continue
            if not step.target.is_file() or hash_of(step.target.read_bytes()) != step.hash:
                self._find("untrue", f"{step.operation.kind} done, but {self._short(step.target)} is not it")

    def _check_undone(self) -> None:
        left = self._left(acting.done_steps)
        if left:
            steps = ", ".join(f"{step.operation.kind} {step.error}" for step in left)
            self._find("not undone", steps)
            return
        now = tree(self._disks.tops)
        differ = {path for path in now.keys() | self._arrived.keys() if now.get(path) != self._arrived.get(path)}
        if differ:
            self._find("not as before", ", ".join(map(self._short, sorted(differ))))


def _carry_out(open_store: Callable[[], Store], act: Command, arm: Callable[[], None], trouble: Path) -> None:
    """Carry out a command in this process, which was forked for it, and end it."""
    try:
        signal.alarm(_PATIENCE)
        with open_store() as store:
            arm()
            if act.name == "work":
                acting.work(store)
            else:
                acting.take_back(store, act.name)
    except BaseException:  # noqa: BLE001 - it is told by the process that forked this one
        trouble.write_text(traceback.format_exc().strip().splitlines()[-1])
    finally:
        os._exit(0)
