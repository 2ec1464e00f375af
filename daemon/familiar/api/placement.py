"""Photos put into folders by commands, and undo of file operations."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from familiar.api.session import Session
from familiar.effects.journal import Step
from familiar.errors import FamiliarError, UsageError
from familiar.library.arguments import check_choice
from familiar.library.handover import Undone
from familiar.library.locations import check_apart, places_of
from familiar.library.photo_folders import folder_at
from familiar.model import Copy, Link, Move, Operation, Plan
from familiar.plurals import counted
from familiar.store.store import Store

Action: TypeAlias = Literal["copy", "move", "link", "hard-link"]
"""What is done with a photo; a `link` is symbolic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """The result of putting photos into a folder: the operations, and the number of photos already there."""

    steps: tuple[Step, ...]
    already_there: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotosOfPeople:
    """The photos to collect: their people and folders; without folders, all known photos.

    With `every`, all of the people are in each photo; with `only`, nobody else is.
    """

    people: tuple[str, ...]
    folders: tuple[Path, ...]
    every: bool
    only: bool


def collect(session: Session, wanted: PhotosOfPeople, to: Path, action: Action) -> Collection:
    """Put all photos of people into one folder; see `Library.collect`."""
    check_choice("action", action, get_args(Action))
    if not wanted.people:
        raise UsageError("No person is named; name at least one whose photos are collected.")
    chosen = [folder_at(folder, files=False) for folder in wanted.folders]
    tops = [folder.path for folder in chosen]
    target = check_apart(to, tops)
    store = session.store()
    people = [store.people.find(name) for name in wanted.people]
    if chosen:
        session.index(chosen)
    session.settle()
    photos = store.photos.with_people([person.id for person in people], every=wanted.every, only=wanted.only)
    places = list(_places(session, photos, tops, target, action))
    if photos and not places and not tops:
        known = counted(len(photos), "photo")
        raise FamiliarError(f"{known} of these people known, but no file of them exists any more.")
    return put(session, places, target, action, "familiar collect")


def check_target(folder: Path) -> Path:
    """Return a folder that photos can be put into; see `Library.check_target`."""
    return check_apart(folder, [])


def put(session: Session, photos: Iterable[tuple[int, Path]], target: Path, action: Action, rule: str) -> Collection:
    """Put photos, each with its path, into a folder; `rule` is the originator in the journal.

    Raises:
        UsageError: there is no such action, or no photo of one of the ids is known.
    """
    check_choice("action", action, get_args(Action))
    photos = list(photos)
    unknown = session.store().photos.unknown(photo_id for photo_id, _ in photos)
    if unknown:
        raise UsageError(f"There is no photo {unknown[0]}.")
    elsewhere, there = [], 0
    for photo_id, path in photos:
        if _is_in(target, path, action):
            there += 1
        else:
            elsewhere.append((photo_id, path, Plan(operations=(_operation(target / path.name, action, rule),))))
    return Collection(steps=tuple(session.handover.carry_out_now(elsewhere)), already_there=there)


def undo(session: Session, operations: Sequence[int | range], *, last: bool, since: datetime | None) -> Undone:
    """Undo operations; see `Library.undo`."""
    given = (bool(operations), last, since is not None).count(True)
    if given != 1:
        much = "Too much" if given else "Nothing"
        raise UsageError(f"{much} to undo was given; use one of --last, --since TIME, and operation numbers.")
    store = session.store()

    def select() -> Sequence[Step]:
        steps = _selected(store, operations, last=last, since=since)
        if not steps:
            raise UsageError("Nothing to undo.")
        return steps

    return session.handover.undo(select)


def _selected(store: Store, operations: Sequence[int | range], *, last: bool, since: datetime | None) -> Sequence[Step]:
    if last:
        return store.journal.select_last()
    if since is not None:
        return store.journal.select_since(since.astimezone(UTC))
    numbers = [number for wanted in operations for number in _numbers(store, wanted)]
    steps = store.journal.select(numbers)
    missing = sorted(set(numbers) - {step.id for step in steps})
    if missing:
        raise UsageError(f"There is no operation {missing[0]} that was done and not yet undone.")
    return steps


def _numbers(store: Store, wanted: int | range) -> Sequence[int]:
    """Return the numbers of operations that are meant: of a range, those that can be undone."""
    if isinstance(wanted, int):
        return [wanted]
    first, last = min(wanted, default=wanted.start), max(wanted, default=wanted.stop)
    numbers = [number for number in store.past_operations.between(first, last) if number in wanted]
    if not numbers:
        raise UsageError(f"There is no operation from {first} to {last} that was done and not yet undone.")
    return numbers


def _operation(target: Path, action: Action, rule: str) -> Operation:
    match action:
        case "move":
            return Move(target=target, rule=rule, top=target.parent)
        case "copy":
            return Copy(target=target, rule=rule, top=target.parent)
        case _:
            return Link(target=target, rule=rule, symbolic=action == "link", top=target.parent)


def _is_in(target: Path, path: Path, action: Action) -> bool:
    """Return whether a photo is in the target already; a link to it is not the photo that is to be copied or moved."""
    return path.parent == target and (action == "link" or not path.is_symlink())


def _places(
    session: Session, photos: Sequence[int], tops: Sequence[Path], target: Path, action: Action
) -> Iterator[tuple[int, Path]]:
    """Yield each photo with its path, preferably one that is already in the target."""
    for photo_id in photos:
        places = list(places_of(session.store(), photo_id, session.unread, tops))
        if places:
            yield photo_id, next((path for path in places if _is_in(target, path, action)), places[0])
