"""The status as metrics of Prometheus, for the textfile collector of node_exporter."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from familiar.library.space import space_of
from familiar.library.status import LibraryStatus
from familiar.state import holder

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def metrics(status: LibraryStatus, store: Path) -> str:
    """Return the status of a store in the text format of Prometheus; all metrics are gauges.

    Metrics that the heartbeat has, too, have the names that monitoring/ gives them.
    """
    online = [({"root": str(root.path)}, int(root.state == "online")) for root in status.roots]
    waiting = [({"folder": str(disk.folder)}, disk.operations) for disk in status.waiting_for_disks]
    return _of_process(store, status.pid, is_failing=False) + "".join(
        (
            *(_gauge(f"familiar_{name}", meaning, [({}, count)]) for name, meaning, count in _plain(status)),
            _gauge("familiar_root_online", "Whether a watched folder is available.", online),
            _gauge("familiar_files", "Files by state.", _by_state(status.files)),
            _gauge("familiar_photos", "Photos by state, and their faces.", _by_state(status.photos)),
            _gauge("familiar_operations", "Operations by state.", _by_state(status.operations)),
            _gauge("familiar_operations_waiting_for_disk", "Operations that wait for a disk.", waiting),
            _gauge("familiar_people", "Registered people.", [({}, status.people)]),
            _gauge("familiar_clusters", "Groups of unnamed faces by state.", _by_state(status.clusters)),
            _gauge("familiar_outdated_faces", "Faces of another model.", [({}, status.outdated_faces)]),
            _gauge("familiar_flickr_trouble", "Whether the sync of an account on Flickr is stopped.", _flickr(status)),
        )
    )


def metrics_without_store(store: Path) -> str:
    """Return the metrics for a store that can't be opened for now: its disk is full, or it is damaged."""
    return _of_process(store, holder(store.parent), is_failing=True)


def _of_process(store: Path, pid: int | None, *, is_failing: bool) -> str:
    space = space_of(store)
    meanings = {"store_bytes": "Bytes of the store.", "free_bytes": "Free bytes on the disk of the store."}
    return "".join(
        (
            _gauge("familiar_running", "Whether a process works on the library.", [({}, int(pid is not None))]),
            _gauge("familiar_failing", "Whether the store can't be opened.", [({}, int(is_failing))]),
            *(
                _gauge(f"familiar_{name}", meanings[name], [({}, count)])
                for name, count in space.items()
                if count is not None
            ),
        )
    )


def _plain(status: LibraryStatus) -> Iterator[tuple[str, str, int]]:
    """Give what is one number: its name in the heartbeat, its meaning, and the number."""
    for state in ("settling", "pending", "failed"):
        yield state, f"Files that are {state}.", status.files.get(state, 0)
    offline = sum(root.state == "offline" for root in status.roots)
    yield "roots_offline", "Watched folders that are not available.", offline
    waiting = sum(status.operations.get(state, 0) for state in ("planned", "doing", "undo", "undoing"))
    yield "operations_waiting", "Operations that are open, without those that wait for another try.", waiting
    yield "operations_failed", "Operations that wait for another try.", status.operations.get("failed", 0)
    stopped = any(account.trouble is not None for account in status.flickr)
    yield "flickr_stopped", "Whether the sync of an account on Flickr is stopped.", int(stopped)


def _flickr(status: LibraryStatus) -> list[tuple[dict[str, str], int]]:
    return [({"account": each.account}, int(each.trouble is not None)) for each in status.flickr]


def _by_state(counts: Mapping[str, int]) -> list[tuple[dict[str, str], int]]:
    return [({"state": state}, count) for state, count in sorted(counts.items())]


def _gauge(name: str, meaning: str, values: Iterable[tuple[Mapping[str, str], int]]) -> str:
    head = f"# HELP {name} {meaning}\n# TYPE {name} gauge\n"
    return head + "".join(f"{name}{_labels(labels)} {value}\n" for labels, value in values)


def _labels(labels: Mapping[str, str]) -> str:
    """Return labels in braces; bytes of a path that are not UTF-8 are escaped."""
    told = (f'{name}="{_text(value).translate(_ESCAPES)}"' for name, value in labels.items())
    return f"{{{','.join(told)}}}" if labels else ""


def _text(value: str) -> str:
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
