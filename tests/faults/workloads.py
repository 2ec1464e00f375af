"""What happens in a world: arrivals, plans, commands, and what a person does in between; random ones by their seed."""

import random
from dataclasses import dataclass
from typing import TypeAlias

KINDS = ("copy", "move", "symlink", "hardlink", "crop", "inscribe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An operation of a plan: its kind, and where it leads; `near/out/` keeps the photo's name."""

    kind: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrive:
    """A photo arrives; of two with one `content` the bytes are the same.

    With `companions`, edits and metadata of it arrive, too; with `edited`, an edited version that shares the metadata.
    """

    path: str
    content: int
    size: int = 700
    sidecar: bool = False
    companions: bool = False
    edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Rules, or a command, decide on a photo: the one at a path, or one of all, by a number."""

    photo: str | int
    wishes: tuple[Wish, ...]
    as_command: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Familiar works: `work`, or an undo of `last`, `since`, `all`, `each`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person does something with one of the files, by a number; familiar learns of it at once, or not."""

    act: str
    pick: int
    noticed: bool = True


Act: TypeAlias = Arrive | Decide | Command | Person

WORK = Command(name="work")
UNDO = Command(name="all")
EACH = Command(name="each")
PERSON_ACTS = ("rename", "replace", "edit", "delete", "link-file", "link-copy", "swap", "take", "link-folder")


def workload(name: str) -> tuple[Act, ...]:
    """Return a workload: one of the small ones by its name, or a random one by its seed."""
    return SMALL[name] if name in SMALL else _random(random.Random(f"workload {name}"))


def _single(*wishes: Wish, sidecar: bool = False, companions: bool = False) -> tuple[Act, ...]:
    arrive = Arrive(path="near/in/a.jpg", content=1, sidecar=sidecar, companions=companions)
    return (arrive, Decide(photo="near/in/a.jpg", wishes=wishes), WORK, UNDO)


SMALL: dict[str, tuple[Act, ...]] = {
    "move": _single(Wish(kind="move", target="near/out/")),
    "move-far": _single(Wish(kind="move", target="far/out/new/")),
    "copy": _single(Wish(kind="copy", target="near/out/")),
    "copy-far": _single(Wish(kind="copy", target="far/out/new/")),
    "symlink": _single(Wish(kind="symlink", target="near/out/")),
    "hardlink": _single(Wish(kind="hardlink", target="near/out/")),
    "crop": _single(Wish(kind="crop", target="far/out/")),
    "inscribe": _single(Wish(kind="inscribe", target=""), sidecar=True),
    "sidecar-far": _single(Wish(kind="move", target="far/out/"), sidecar=True),
    "companions": _single(Wish(kind="move", target="near/out/b.jpg"), companions=True),
    "companions-far": _single(Wish(kind="move", target="far/out/"), companions=True),
    "companions-copied": _single(Wish(kind="copy", target="far/out/"), companions=True),
    "shared": (
        Arrive(path="near/in/a.jpg", content=1, companions=True, edited=True),
        Decide(photo="near/in/a.jpg", wishes=(Wish(kind="move", target="near/out/"),)),
        Decide(photo="near/in/a-edited.jpg", wishes=(Wish(kind="move", target="near/out/"),)),
        WORK,
        UNDO,
    ),
    "shared-far": (
        Arrive(path="near/in/a.jpg", content=1, companions=True, edited=True),
        Decide(photo="near/in/a-edited.jpg", wishes=(Wish(kind="move", target="far/out/"),)),
        WORK,
        UNDO,
    ),
    "taken": (
        Arrive(path="near/in/a.jpg", content=1),
        Arrive(path="near/out/a.jpg", content=2),
        Decide(photo="near/in/a.jpg", wishes=(Wish(kind="move", target="near/out/"),)),
        WORK,
        UNDO,
    ),
    "replaced-by-link": (
        *_single(Wish(kind="copy", target="near/out/"))[:3],
        Person(act="link-copy", pick=1),
        UNDO,
    ),
}
"""Of each of these every single call is disturbed."""

SINGLE = frozenset(SMALL) - {"sidecar-far", "companions", "companions-far", "companions-copied", "shared", "shared-far"}
"""Those with one operation: a move with a companion is two."""


def _random(chance: random.Random) -> tuple[Act, ...]:
    acts: list[Act] = []
    arrived = 0
    for _ in range(chance.randint(2, 4)):
        for _ in range(chance.randint(0 if acts else 1, 2)):
            acts.extend(_arrival(chance, arrived))
            arrived += 1
        if chance.random() < 0.4:
            acts.append(_decision(chance, chance.randrange(100)))
        if len(acts) > 3 and chance.random() < 0.4:
            act = chance.choice(PERSON_ACTS)
            acts.append(Person(act=act, pick=chance.randrange(1000), noticed=chance.random() < 0.5))
        names = ("work", "work", "work", "last", "since", "all", "each") if len(acts) > 3 else ("work",)
        acts.append(Command(name=chance.choice(names)))
    return tuple(acts)


def _arrival(chance: random.Random, number: int) -> tuple[Act, Act]:
    side = chance.choice(("near", "near", "far"))
    path = f"{side}/in/{chance.choice('abc')}{number}.jpg"
    size = 2_500_000 if chance.random() < 0.05 else chance.randint(1, 3000)
    content = chance.choice((number, 0)) if number else 0
    sidecar, companions = chance.random() < 0.3, chance.random() < 0.4
    edited = companions and chance.random() < 0.5
    arrive = Arrive(path=path, content=content, size=size, sidecar=sidecar, companions=companions, edited=edited)
    return arrive, _decision(chance, path)


def _decision(chance: random.Random, photo: str | int) -> Decide:
    kinds = chance.choices(KINDS, weights=(4, 6, 2, 2, 2, 1), k=chance.randint(1, 3))
    kinds.sort(key=("copy", "crop", "move", "symlink", "hardlink", "inscribe").index)  # as rules have them
    if kinds.count("move") > 1:
        kinds = list(dict.fromkeys(kinds))
    wishes = tuple(Wish(kind=kind, target=_target(chance)) for kind in kinds)
    return Decide(photo=photo, wishes=wishes, as_command=chance.random() < 0.2)


def _target(chance: random.Random) -> str:
    folder = f"{chance.choice(('near', 'far'))}/{chance.choice(('out', 'out/deep/er', 'other'))}/"
    return folder + chance.choice(("", "", "photo.jpg"))
