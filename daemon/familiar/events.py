"""The catalogue of all events: each change of state is one of them, with a level and fields of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

Level: TypeAlias = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of line in the log."""

    name: str
    level: Level
    fields: tuple[str, ...]
    meaning: str


CATALOGUE = (
    Event("service.started", "info", ("version", "pid", "state", "config", "folders", "people"), "The daemon begins."),
    Event("service.ready", "info", ("seconds",), "Store open, watchers up: whatever arrives from now on is seen."),
    Event(
        "service.heartbeat",
        "info",
        ("queue", "settling", "pending", "in_flight", "done", "failed", "set_aside", "rate", "roots"),
        "Once a minute: work that waits, work done since the start, photos a minute, the state of each root.",
    ),
    Event("service.reloaded", "info", ("settings", "rules"), "Configuration and rules were read anew and hold now."),
    Event("service.stopping", "info", ("reason",), "The daemon was asked to stop."),
    Event(
        "service.stopped", "info", ("given_back", "seconds"), "The daemon ends; what it gave back waits in the store."
    ),
    Event(
        "store.migrated",
        "info",
        ("store", "backup"),
        "The store was brought to this version; the backup is the old one.",
    ),
    Event(
        "store.failed",
        "error",
        ("error", "retry_in"),
        "The store can't be written for now (disk full, locked); everything waits, and nothing is lost.",
    ),
    Event(
        "store.replaced",
        "error",
        ("path", "reason"),
        "A file of the store was deleted, moved or replaced; nothing more is done, and the daemon ends with status 1.",
    ),
    Event("settings.rejected", "error", ("problems",), "The configuration is wrong; the last good one stays in force."),
    Event("rules.loaded", "info", ("file", "rules"), "Rules were read and hold from now on."),
    Event("rules.rejected", "error", ("file", "problems"), "The rules are wrong; the last good ones stay in force."),
    Event("rules.unknown_person", "warning", ("file", "person"), "A rule names a person whom nobody registered."),
    Event("root.online", "info", ("root", "device"), "A watched folder is there."),
    Event("root.offline", "warning", ("root", "reason"), "A watched folder is not there; nothing in it is forgotten."),
    Event(
        "root.scanned",
        "info",
        ("root", "folders", "files", "new", "changed", "gone", "seconds"),
        "A root was compared with the store.",
    ),
    Event(
        "root.incomplete", "warning", ("root", "errors"), "Parts of a root can't be read; nothing in them is forgotten."
    ),
    Event("watch.started", "info", ("root", "how"), "A root is watched, by events or by polling."),
    Event("watch.lost", "warning", ("root", "reason"), "Events were lost; the root is compared with the store."),
    Event("watch.restarted", "warning", ("root", "reason"), "A dead watcher was replaced; the root is compared anew."),
    Event("file.found", "debug", ("path",), "A new or changed file; it must lie still before it is read."),
    Event("file.busy", "info", ("path",), "A program has the file open for writing; it waits until that is done."),
    Event("file.pending", "debug", ("path",), "The file lay still: it is complete, and will be handled."),
    Event("file.moved", "info", ("path", "before"), "A known photo lies at a new path, and no longer at the old one."),
    Event("file.copied", "info", ("path", "others"), "A known photo lies at one more path."),
    Event("file.gone", "info", ("path",), "A file left its path; its photo and faces are kept."),
    Event("file.failed", "warning", ("path", "reason", "retry_in"), "A file can't be read for now; it is tried again."),
    Event("photo.seen", "info", ("path", "hash", "faces", "seconds"), "A photo was decoded and its faces encoded."),
    Event(
        "photo.set_aside", "warning", ("path", "hash", "reason"), "A photo can't be handled; the reason is recorded."
    ),
    Event("photo.error", "error", ("path", "error"), "An unexpected error while handling a photo; it is tried again."),
    Event(
        "photo.recognised", "info", ("path", "people", "unknown", "ambiguous"), "Faces were compared with the people."
    ),
    Event(
        "sidecar.read",
        "info",
        ("path", "sidecar", "confirmed", "left"),
        "Named faces in a sidecar count as confirmed; what was left as it is, and why.",
    ),
    Event(
        "sidecar.failed",
        "warning",
        ("path", "sidecar", "reason"),
        "A sidecar can't be read; it is left as it is, and its photo is handled all the same.",
    ),
    Event("plan.made", "info", ("path", "operations"), "The rules decided what is to be done with a photo."),
    Event("plan.refused", "warning", ("path", "rule", "kind", "reason"), "A rule asked for what can't be done."),
    Event("operation.done", "info", ("operation", "kind", "rule", "source", "target"), "A step was carried out."),
    Event(
        "operation.kept",
        "info",
        ("operation", "kind", "rule", "source", "target"),
        "The same content is there already.",
    ),
    Event(
        "operation.failed", "error", ("operation", "kind", "rule", "error", "retry_in"), "A step failed and is retried."
    ),
    Event("disk.offline", "error", ("folder", "reason"), "Operations wait for a disk that is not mounted."),
    Event("disk.online", "info", ("folder",), "A disk that operations wait for is there; they are tried again."),
    Event(
        "operation.refused", "error", ("operation", "kind", "rule", "error"), "A step can't be done; the photo stays."
    ),
    Event("operation.undone", "info", ("operation", "kind", "target"), "A step was undone."),
    Event(
        "operation.undo_failed", "error", ("operation", "kind", "error"), "A step can't be undone; nothing was touched."
    ),
    Event(
        "people.rematched", "info", ("people", "faces", "seconds"), "People changed: known faces were matched again."
    ),
    Event(
        "people.renewed",
        "info",
        ("photos", "left", "model"),
        "The model has changed: references were encoded again, so that they can be compared with new faces.",
    ),
    Event(
        "people.outdated",
        "warning",
        ("person", "references"),
        "References without a photo to encode again (gone, unreadable, imported); they are compared with no new face.",
    ),
    Event(
        "clusters.updated",
        "info",
        ("joined", "fresh", "grouped", "absorbed", "seconds"),
        "Faces were grouped: how many joined clusters, new clusters and the faces in them, clusters that became one.",
    ),
    Event("clusters.failed", "error", ("error",), "Faces could not be grouped; clusters are as they were."),
    Event("model.changed", "info", ("model", "faces"), "Faces of another model are encoded again, in the background."),
    Event(
        "model.renewed",
        "info",
        ("photos", "restored", "left", "seconds"),
        "All faces were encoded again whose photos can be read; `restored` had their embeddings in the store.",
    ),
    Event(
        "engine.fell_back",
        "warning",
        ("reason",),
        "The engine or device that is set can't be used; another takes its place, slower, with the same numbers.",
    ),
    Event("flickr.connected", "info", ("account", "perms"), "The Flickr part begins its work."),
    Event(
        "flickr.stopped",
        "error",
        ("error", "retry_in"),
        "The Flickr part stands still, as after a login that is lost; everything else goes on.",
    ),
    Event("flickr.unavailable", "warning", ("error", "retry_in"), "Flickr does not answer for now."),
    Event("flickr.error", "error", ("error", "retry_in"), "An unexpected error in the Flickr part; it is tried again."),
    Event(
        "flickr.listed",
        "info",
        ("photos", "gone", "whole", "seconds"),
        "The whole account was listed; if not the whole, nothing in it counts as gone.",
    ),
    Event(
        "flickr.empty",
        "warning",
        ("known",),
        "The account shows no photos, and photos of it are known: none of them counts as gone.",
    ),
    Event("flickr.odd", "warning", ("entries",), "Entries of a listing can't be understood; the others can."),
    Event("flickr.changed", "info", ("new", "changed"), "Photos on Flickr are new, or have changed."),
    Event("flickr.fetched", "debug", ("photo", "path"), "A photo's file was fetched whole, and will be handled."),
    Event("flickr.failed", "warning", ("photo", "error", "retry_in"), "A photo can't be fetched for now."),
    Event("flickr.refused", "warning", ("photo", "reason"), "A photo can't be fetched, until it changes on Flickr."),
    Event("flickr.gone", "info", ("photo",), "A photo is no longer on Flickr; what is known of it is kept."),
    Event("flickr.retried", "debug", ("what", "error", "retry_in"), "A call or download failed and is repeated."),
    Event(
        "flickr.waiting",
        "warning",
        ("what", "seconds", "reason"),
        "The calls or downloads of this hour are used up, or Flickr asks to wait; it goes on by itself.",
    ),
    Event(
        "flickr.progress",
        "info",
        ("waiting", "done", "refused", "calls", "per_minute", "minutes_left"),
        "How far the account is: photos, calls in the last hour, and an estimate of the time left.",
    ),
    Event("flickr.not_allowed", "warning", ("error",), "The login may not write; tags wait."),
    Event("flickr.tag_added", "info", ("photo", "tag"), "A tag was put on a photo on Flickr."),
    Event("flickr.tag_kept", "info", ("photo", "tag"), "A photo on Flickr has the tag already, from somebody else."),
    Event("flickr.tag_removed", "info", ("photo", "tag"), "A tag that familiar had added was taken off a photo."),
    Event("flickr.tag_failed", "warning", ("photo", "tag", "error", "retry_in"), "A tag can't be sent for now."),
    Event("flickr.tag_refused", "warning", ("photo", "tag", "reason"), "A tag can't be put on a photo."),
    Event("worker.died", "warning", ("deaths", "reason"), "A worker process died; its photo is tried once more."),
)
"""Every event that familiar logs."""

LEVELS: dict[str, Level] = {event.name: event.level for event in CATALOGUE}
_FIELDS = {event.name: event.fields for event in CATALOGUE}
_COMMON = {"event", "level", "time", "exception"}


class EventLog(Protocol):
    """Where state changes are told."""

    def emit(self, name: str, /, **fields: Any) -> None:
        """Log the event of the catalogue with this name."""


class NoLog:
    """An `EventLog` that writes nothing."""

    def emit(self, name: str, /, **fields: Any) -> None:
        """Do nothing."""


NO_LOG = NoLog()


def complaint(line: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a line of the log by the catalogue, or None.

    Args:
        line: a line of the JSON log, parsed.
    """
    name = line.get("event")
    if name not in LEVELS:
        return f"{name!r} is not in the catalogue"
    if line.get("level") != LEVELS[name]:
        return f"{name}: level {line.get('level')!r}, but the catalogue says {LEVELS[name]!r}"
    if set(line) - _COMMON != set(_FIELDS[name]):
        return f"{name}: fields {sorted(set(line) - _COMMON)}, but the catalogue says {sorted(_FIELDS[name])}"
    return None
