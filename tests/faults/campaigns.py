"""Many attempts: every call of the small workloads disturbed in every way, and random calls of random ones."""

import gc
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faults.armings import FAULTS, LIVE, MOUNTS, Arming, Attempt
from faults.attempts import Result, run
from faults.disks import Disks
from faults.shim import WRITING, Call, Shim
from faults.storms import MOUNT_STORMS, STORMS

_EACH = 25
"""Attempts for each random workload."""
_MOST_BROKEN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """How much is tried: what `every` gives of some small workloads, and a number of random ones of each kind.

    `share` is how much of the first, 1 for all; `thorough` is as `every` has it. This is part `part` of `parts`.
    """

    seed: str
    every: tuple[str, ...] = ()
    share: float = 1.0
    thorough: bool = True
    kills: int = 0
    errors: int = 0
    stops: int = 0
    storms: int = 0
    replay: tuple[str, ...] = ()
    base: str = ""
    part: int = 0
    parts: int = 1

    def divided(self, parts: int) -> "list[Campaign]":
        """Return parts that can go on side by side."""

        def share(whole: int, part: int) -> int:
            return whole // parts + (part < whole % parts)

        return [
            replace(
                self,
                kills=share(self.kills, part),
                errors=share(self.errors, part),
                stops=share(self.stops, part),
                storms=share(self.storms, part),
                replay=self.replay[part::parts],
                part=part,
                parts=parts,
            )
            for part in range(parts)
        ]


def conduct(campaign: Campaign, told: Callable[[Result], None]) -> None:
    """Try what a campaign asks for, in this process and in those that it forks; tell of each attempt."""
    disks, shim = Disks(Path(campaign.base) if campaign.base else None), Shim()
    gc.freeze()  # what is loaded need not be copied in each process that is forked

    def tried(attempt: Attempt) -> Result:
        result = run(attempt, disks, shim)
        told(result)
        return result

    try:
        for text in campaign.replay:
            tried(Attempt.of(text))
        _try_every(campaign, tried)
        _try_random(campaign, tried, can_mount=disks.can_mount)
    finally:
        disks.close()


def _try_every(campaign: Campaign, tried: Callable[[Attempt], Result]) -> None:
    chance = random.Random(f"every {campaign.seed}")
    for name in campaign.every:
        calm = tried(Attempt(name))
        if calm.findings:
            continue  # each attempt would find the same
        chosen = [
            one for one in every(name, calm.calls, thorough=campaign.thorough) if chance.random() < campaign.share
        ]
        for attempt in chosen[campaign.part :: campaign.parts]:
            tried(attempt)


def _try_random(campaign: Campaign, tried: Callable[[Attempt], Result], *, can_mount: bool) -> None:
    chance = random.Random(f"random {campaign.seed} {campaign.part}")
    wanted = {"kill": campaign.kills, "error": campaign.errors, "stop": campaign.stops, "storm": campaign.storms}
    left, broken = Counter(wanted), 0
    while +left:
        calm = tried(Attempt(str(chance.randrange(10**9))))
        if calm.findings:
            broken += 1
            assert broken < _MOST_BROKEN, "almost nothing works without any disturbance"
            continue  # each attempt would find the same
        for _ in range(_EACH):
            attempt = _random(chance, calm, kinds=sorted(+left), can_mount=can_mount)
            if attempt is not None:
                left.subtract(kind_of(arming) for arming in tried(attempt).fired)
            if not +left:
                break


def kind_of(arming: str) -> str:
    """Return what an arming does, by its text: kill, stop, storm or error."""
    what = arming.partition(":")[2]
    return next((kind for kind in ("kill", "stop", "storm") if what.startswith(kind)), "error")


def every(name: str, commands: Sequence[Sequence[Call]], *, thorough: bool) -> Iterator[Attempt]:
    """Give an attempt for each way in which each call of a workload can go wrong.

    A process that is killed between two calls that only look has left the same as if it were killed at the next one
    that writes: those are left out. If not thorough, a call that only looks fails in one way, and nobody else acts.
    """
    for number, calls in enumerate(commands, start=1):
        for call in calls:
            writes = call.label in WRITING
            kills = ("kill", "kill-after") if writes else ()
            faults = FAULTS[call.label] if writes or thorough else FAULTS[call.label][:1]
            ways = [Arming(what, call.number) for what in (*kills, *faults)]
            if thorough:
                ways.append(Arming(FAULTS[call.label][0], call.number, count=-1))
                ways.extend(Arming("stop", call.number, count=file, act=act) for act in LIVE for file in (1, 2))
            yield from (Attempt(name, ((number, way),)) for way in ways)


def _random(chance: random.Random, calm: Result, *, kinds: Sequence[str], can_mount: bool) -> Attempt | None:
    """Return one of these kinds of disturbance in a command of a workload, and perhaps others in later ones."""
    commands = [(number, calls) for number, calls in enumerate(calm.calls, start=1) if calls]
    if not commands:
        return None
    first = chance.randrange(len(commands))
    armings = [(commands[first][0], _arming(chance, commands[first][1], chance.choice(kinds), can_mount))]
    for number, calls in commands[first + 1 :]:
        if chance.random() < 0.3:
            armings.append((number, _arming(chance, calls, chance.choice(("kill", "error")), can_mount)))
    return Attempt(calm.attempt.workload, tuple(armings))


def _arming(chance: random.Random, calls: Sequence[Call], kind: str, can_mount: bool) -> Arming:
    by_label: dict[str, list[Call]] = {}
    for one in calls:
        by_label.setdefault(one.label, []).append(one)
    # Most calls only look: every second disturbance is one of a kind of call, however rare that is.
    call = chance.choice(calls) if chance.random() < 0.5 else chance.choice(by_label[chance.choice(sorted(by_label))])
    if kind == "kill":
        return Arming(chance.choice(("kill", "kill-after")), call.number)
    if kind == "storm":
        return Arming("storm", 0, act=chance.choice(STORMS + MOUNT_STORMS if can_mount else STORMS))
    if kind == "stop":
        acts = LIVE + MOUNTS if can_mount else LIVE
        return Arming("stop", call.number, count=chance.randint(1, 4), act=chance.choice(acts))
    what = chance.choice(FAULTS[call.label])
    # An interrupted call is made again, forever if needed.
    return Arming(what, call.number, count=chance.choice((1, 1, 1, 2, 5) if what == "EINTR" else (1, 1, 1, 2, 5, -1)))
