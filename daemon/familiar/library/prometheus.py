"""The status as metrics of Prometheus, for the textfile collector of node_exporter."""

from collections.abc import Iterable, Mapping

from familiar.library.status import LibraryStatus

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def metrics(status: LibraryStatus) -> str:
    """Return the status in the text format of Prometheus; all metrics are gauges."""
    online = [({"root": str(root.path)}, int(root.state == "online")) for root in status.roots]
    waiting = [({"folder": str(disk.folder)}, disk.operations) for disk in status.waiting_for_disks]
    return "".join(
        (
            _gauge("familiar_running", "Whether a process works on the library.", [({}, int(status.pid is not None))]),
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
