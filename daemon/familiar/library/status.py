"""What is done, what is waiting, and what failed, from the store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from familiar.effects.journal import Step
from familiar.embedding_models import command_name
from familiar.remote_state import RemoteState
from familiar.state import flickr_in, holder
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStatus:
    """A watched folder; `scanned_at` is when it was compared with the store last (ISO 8601, UTC), None for never.

    `passed_by` are the numbers of files in it that are no photos by their names, by suffix.
    """

    path: Path
    state: str
    reason: str | None
    scanned_at: str | None
    passed_by: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDisk:
    """A folder for whose disk operations wait, and how many do."""

    folder: Path
    operations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubledFile:
    """A file that was set aside, or that waits for another try, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedFile:
    """A file of which a part is missing, and the share of the picture, 0 to 1; 0 if only finer details are missing."""

    path: Path
    missing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOperation:
    """An operation on a photo that waits, for another try or for its time, and why."""

    operation: int
    kind: str
    photo: Path
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlickrSummary:
    """How far an account on Flickr is: photos and tags by their state; `trouble` says why nothing is done now.

    `account` is its name in the configuration, and `username` that on Flickr.
    """

    account: str
    username: str
    trouble: str | None
    photos: Mapping[str, int]
    tags: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryStatus:
    """How far everything is.

    `pid` is the process that works on the library, if one does: the daemon, or a command. `files`, `photos`, `clusters`
    and `operations` are counts by state. `seconds_left` is about how long pending files take, if that can be said.
    `model_trouble` says why the model in use can't be used here, and what to do; None if it can. `outdated_faces`
    counts faces of another model than `model`, the one in use. `unmatched_people` are found in no photo, as their
    references are of other models. `flickr` is empty without an account; `remote` is None while no workers
    of Dask are used.
    """

    pid: int | None
    state: Path
    roots: tuple[FolderStatus, ...]
    files: Mapping[str, int]
    seconds_left: float | None
    photos: Mapping[str, int]
    model: str
    model_trouble: str | None
    outdated_faces: int
    people: int
    unmatched_people: tuple[str, ...]
    clusters: Mapping[str, int]
    operations: Mapping[str, int]
    waiting_for_disks: tuple[WaitingDisk, ...]
    failed: tuple[TroubledFile, ...]
    failed_operations: tuple[OpenOperation, ...]
    waiting_operations: tuple[OpenOperation, ...]
    set_aside: tuple[TroubledFile, ...]
    damaged: tuple[DamagedFile, ...]
    flickr: tuple[FlickrSummary, ...]
    remote: RemoteState | None


def seconds_left(store: Store, pending: int, remote: RemoteState | None) -> float | None:
    """Return about how long so many pending files take; `remote` are the workers of Dask, if they are used.

    None if that can't be said: as `Photos.seconds_for`, while the first scan of a folder still counts its photos, and
    while photos wait for a worker of Dask.
    """
    is_counting = any(root.state == "online" and root.scanned_at is None for root in _roots(store))
    waits = remote is not None and remote.waits
    return None if is_counting or waits else store.photos.seconds_for(pending)


def status_of(store: Store, model: str, model_trouble: str | None = None) -> LibraryStatus:
    """Return how far everything is; `model` is the id of the model in use, and the trouble is with that."""
    state = store.path.parent
    files, remote = store.files.counts(), _remote(store)
    return LibraryStatus(
        pid=holder(state),
        state=state,
        roots=_roots(store),
        files=files,
        seconds_left=seconds_left(store, files.get("pending", 0), remote),
        photos=store.photos.counts(),
        model=command_name(model),
        model_trouble=model_trouble,
        outdated_faces=store.photos.count_outdated(model),
        people=store.people.count(),
        unmatched_people=tuple(store.people.unmatched(model)),
        clusters={str(kind): count for kind, count in store.clusters.counts().items()},
        operations=store.journal.counts(),
        waiting_for_disks=tuple(
            WaitingDisk(folder=folder, operations=count) for folder, count in store.journal.waited_for().items()
        ),
        failed=tuple(TroubledFile(path=path, reason=reason) for path, reason in store.files.failures()),
        failed_operations=_told(store.journal.failures()),
        waiting_operations=_told(store.journal.waiting()),
        set_aside=tuple(TroubledFile(path=path, reason=reason) for path, reason in store.photos.set_aside_files()),
        damaged=tuple(DamagedFile(path=path, missing=missing) for path, missing in store.photos.damaged_files()),
        flickr=tuple(_flickr(store, account) for account in store.flickr_facts.accounts()),
        remote=remote,
    )


def _told(steps: Iterable[Step]) -> tuple[OpenOperation, ...]:
    return tuple(
        OpenOperation(operation=step.id, kind=step.operation.kind, photo=step.path, error=step.error) for step in steps
    )


def _remote(store: Store) -> RemoteState | None:
    kept = store.remote_workers.last()
    return None if kept is None or holder(store.path.parent) is None else RemoteState.of(kept)


def _roots(store: Store) -> tuple[FolderStatus, ...]:
    caches = flickr_in(store.path.parent)
    return tuple(
        FolderStatus(
            path=root.path,
            state=root.state,
            reason=root.reason,
            scanned_at=root.scanned_at,
            passed_by=root.passed_by,
        )
        for root in store.roots.all()
        if not root.path.is_relative_to(caches)
    )


def _flickr(store: Store, account: str) -> FlickrSummary:
    own = store.of_account(account)
    return FlickrSummary(
        account=account,
        username=own.flickr_facts.get("account")["username"],
        trouble=own.flickr_facts.get("trouble"),
        photos=own.flickr.counts(),
        tags=own.flickr_tags.counts(),
    )
