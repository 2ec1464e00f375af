"""The catalogue of all events: each change of state is logged as one of them, with a level and fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from familiar.event_fields import COMMON, schema_of

Level: TypeAlias = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Event:
    """An event: a kind of line in the log."""

    name: str
    level: Level
    fields: tuple[str, ...]
    meaning: str

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of such a line."""
        own = {name: schema_of(self.name, name) for name in self.fields}
        told = {"event": {"const": self.name}, "level": {"const": self.level}}
        return {
            "title": self.name,
            "description": self.meaning,
            "type": "object",
            "properties": {**COMMON, **told, **own},
            "required": [*(name for name in COMMON if name != "exception"), *self.fields],
            "additionalProperties": False,
        }


CATALOGUE = (
    Event(
        "service.started",
        "info",
        ("version", "pid", "state", "config", "folders", "people", "period"),
        "The daemon starts.",
    ),
    Event(
        "service.waiting",
        "info",
        ("pid",),
        "A command has the state folder; the daemon starts when it has ended.",
    ),
    Event(
        "service.ready",
        "info",
        ("seconds",),
        "The store is open and the watchers run; new files are detected from now on. Also after a reload of settings.",
    ),
    Event(
        "service.heartbeat",
        "info",
        (
            *("run", "state", "reason", "queue", "settling", "pending", "in_flight", "stages", "oldest", "done"),
            *("failed", "set_aside", "rate", "roots", "roots_offline", "photos", "faces", "operations"),
            *("operations_waiting", "operations_failed", "worker_deaths", "flickr_trouble", "flickr_calls"),
            *("flickr_downloads", "tags_added", "tags_removed", "latencies", "remote", "remote_trouble"),
            *("store_bytes", "free_bytes", "memory", "backlog_waits", "seconds_left", "period"),
        ),
        "Once a minute, in every state: how the daemon is, what waits, and totals since the process started "
        "([below](#the-heartbeat)).",
    ),
    Event(
        "log.dropped",
        "warning",
        ("events", "reason"),
        "So many events could not be written because nobody read the log; the work went on.",
    ),
    Event("service.reloaded", "info", ("settings", "rules"), "Configuration and rules were reloaded."),
    Event("service.stopping", "info", ("reason",), "The daemon was asked to stop."),
    Event(
        "service.stopped", "info", ("given_back", "seconds"), "The daemon ends; unfinished work is kept in the store."
    ),
    Event(
        "service.failed",
        "error",
        ("error", "retry_in"),
        "A call of the system failed (too many open files, no memory); work pauses, and nothing is lost.",
    ),
    Event(
        "service.recovered",
        "info",
        ("seconds",),
        "The store, the system or the workers can be used again; the work goes on.",
    ),
    Event(
        "service.error",
        "error",
        ("error",),
        "An error ended the daemon, or one of its threads; what was begun is completed by the next start.",
    ),
    Event(
        "store.migrated",
        "info",
        ("store", "backup"),
        "The store was migrated to this version; the backup is the previous store.",
    ),
    Event(
        "store.failed",
        "error",
        ("error", "retry_in"),
        "The store can't be written for now (disk full, locked); work pauses, and nothing is lost.",
    ),
    Event(
        "store.replaced",
        "error",
        ("path", "reason"),
        "A file of the store was deleted, moved or replaced; the daemon stops all work and exits with 1.",
    ),
    Event(
        "store.changed",
        "error",
        ("path", "reason"),
        "Another version of familiar changed the tables of the store; the daemon stops all work and exits with 1.",
    ),
    Event(
        "settings.rejected", "error", ("problems",), "The configuration is invalid; the last valid one stays in effect."
    ),
    Event("rules.loaded", "info", ("file", "rules"), "Rules were loaded and are in effect."),
    Event(
        "rules.rejected", "error", ("file", "problems"), "The rules are invalid; the last valid ones stay in effect."
    ),
    Event("rules.unknown_person", "warning", ("file", "person"), "A rule names a person who is not registered."),
    Event("root.online", "info", ("root", "device"), "A watched folder is available."),
    Event(
        "root.offline", "warning", ("root", "reason"), "A watched folder is unavailable; nothing in it is forgotten."
    ),
    Event(
        "root.scanned",
        "info",
        ("root", "folders", "files", "new", "changed", "gone", "seconds"),
        "A root was compared with the store. Of one that is polled, this is told once, and if something differs.",
    ),
    Event(
        "backlog.waiting",
        "info",
        ("reason",),
        "The photos that the first scan of a folder found wait, as the settings say.",
    ),
    Event("backlog.resumed", "info", (), "The photos that the first scan of a folder found are handled again."),
    Event(
        "root.incomplete", "warning", ("root", "errors"), "Parts of a root can't be read; nothing in them is forgotten."
    ),
    Event("watch.started", "info", ("root", "how"), "A root is watched, by events or by polling."),
    Event("watch.lost", "warning", ("root", "reason"), "Events were lost; the root is compared with the store."),
    Event(
        "watch.restarted",
        "warning",
        ("root", "reason"),
        "A failed watcher was replaced; the root is compared with the store.",
    ),
    Event("file.found", "debug", ("path",), "A new or changed file was found; it is read when it stops changing."),
    Event(
        "file.busy",
        "info",
        ("path",),
        "A program has the file open for writing; it is read when the program closes it.",
    ),
    Event("file.pending", "debug", ("path",), "The file stopped changing; it is complete and will be handled."),
    Event(
        "file.moved",
        "info",
        ("photo", "path", "before"),
        "A known photo is at a new path, and no longer at the old one.",
    ),
    Event("file.copied", "info", ("photo", "path", "others"), "A known photo is at an additional path."),
    Event("file.unchanged", "debug", ("photo", "path"), "A file was read again, and has the content that it had."),
    Event("file.gone", "info", ("path",), "A file is gone from its path; its photo and faces are kept."),
    Event("file.failed", "warning", ("path", "reason", "retry_in"), "A file can't be read for now; it is tried again."),
    Event(
        "photo.seen",
        "info",
        ("photo", "path", "hash", "faces", "seconds"),
        "A photo was decoded and its faces encoded.",
    ),
    Event(
        "photo.damaged",
        "warning",
        ("photo", "path", "hash", "missing", "reason"),
        "A part of a photo is missing in its file; `missing` is the share, 0 if only finer details are missing.",
    ),
    Event(
        "photo.set_aside",
        "warning",
        ("photo", "path", "hash", "reason"),
        "A photo can't be handled; the reason is recorded.",
    ),
    Event(
        "photo.error",
        "error",
        ("path", "error"),
        "An unexpected error occurred while a photo was handled; it is tried again.",
    ),
    Event(
        "photo.recognised",
        "info",
        ("photo", "path", "people", "unknown", "ambiguous"),
        "Faces were compared with the people.",
    ),
    Event(
        "sidecar.read",
        "info",
        ("photo", "path", "sidecar", "confirmed", "left"),
        "Faces named in a sidecar were confirmed; `left` lists what was not, and why.",
    ),
    Event("clip.joined", "info", ("photo", "path"), "A known video became the clip of the still beside it."),
    Event("clip.parted", "info", ("photo", "path"), "A clip has lost its still, and is handled as a video of its own."),
    Event(
        "photo.turned",
        "info",
        ("photo", "path", "orientation", "faces"),
        "A sidecar turns a known photo otherwise than before; faces were looked for again.",
    ),
    Event(
        "sidecar.failed",
        "warning",
        ("photo", "path", "sidecar", "reason"),
        "A sidecar can't be read; it is left unchanged, and its photo is still handled.",
    ),
    Event("plan.made", "info", ("photo", "path", "operations"), "The rules decided the operations for a photo."),
    Event(
        "plan.refused",
        "warning",
        ("photo", "path", "rule", "kind", "reason"),
        "A rule requested an operation that can't be done.",
    ),
    Event(
        "operation.done",
        "info",
        ("operation", "photo", "kind", "rule", "source", "target"),
        "An operation was carried out.",
    ),
    Event(
        "operation.running",
        "info",
        ("operation", "photo", "kind", "target", "bytes", "seconds"),
        "Every ten seconds of a long operation: the bytes that were read so far, to copy and to compare them.",
    ),
    Event(
        "operation.kept",
        "info",
        ("operation", "photo", "kind", "rule", "source", "target"),
        "The target already has the same content; nothing was done.",
    ),
    Event(
        "operation.failed",
        "error",
        ("operation", "photo", "kind", "rule", "error", "retry_in"),
        "An operation failed and will be retried.",
    ),
    Event(
        "operation.waiting",
        "info",
        ("operation", "photo", "kind", "rule", "reason", "retry_in"),
        "An operation can't be done yet, as was to be expected (the file changed a moment ago); nothing failed.",
    ),
    Event(
        "operation.outdated",
        "info",
        ("operation", "photo", "kind", "rule", "reason"),
        "Somebody moved, deleted or changed the photo before the operation; nothing was done.",
    ),
    Event("disk.offline", "error", ("folder", "reason"), "Operations wait for a disk that is not mounted."),
    Event("disk.online", "info", ("folder",), "A disk that operations wait for is available; they are tried again."),
    Event(
        "operation.refused",
        "error",
        ("operation", "photo", "kind", "rule", "error"),
        "An operation can't be done; the file stays in place.",
    ),
    Event("operation.undone", "info", ("operation", "photo", "kind", "target"), "An operation was undone."),
    Event(
        "operation.undo_failed",
        "error",
        ("operation", "photo", "kind", "error"),
        "An operation can't be undone; nothing was touched.",
    ),
    Event(
        "people.rematched", "info", ("people", "faces", "seconds"), "People changed: known faces were matched again."
    ),
    Event(
        "people.renewed",
        "info",
        ("photos", "left", "model"),
        "The model changed: references were encoded again, so that they can be compared with new faces.",
    ),
    Event(
        "people.outdated",
        "warning",
        ("person", "references"),
        "References without a photo to encode again (gone, unreadable, imported) are not compared with new faces.",
    ),
    Event(
        "clusters.updated",
        "info",
        ("joined", "fresh", "grouped", "absorbed", "left_out", "seconds"),
        "Faces were grouped: faces that joined clusters, new clusters and their faces, merged clusters, and faces that "
        "the model in use has yet to encode.",
    ),
    Event("clusters.failed", "error", ("error",), "Faces could not be grouped; clusters are unchanged."),
    Event("review.served", "info", ("address",), "The review page is served; `familiar review --address` logs you in."),
    Event(
        "review.error",
        "error",
        ("error",),
        "Something unexpected went wrong in the process of the review page; it goes on.",
    ),
    Event(
        "review.failed",
        "error",
        ("error", "retry_in"),
        "The process of the review page ended, or could not be started; it is tried again.",
    ),
    Event("model.changed", "info", ("model", "faces"), "Faces of another model are encoded again, in the background."),
    Event(
        "model.renewed",
        "info",
        ("photos", "restored", "left", "seconds"),
        "All faces whose photos can be read were encoded again; the embeddings of `restored` faces were in the store.",
    ),
    Event(
        "engine.fell_back",
        "warning",
        ("reason",),
        "The configured engine or device can't be used; a slower one with the same results replaces it.",
    ),
    Event(
        "workers.refused",
        "error",
        ("error", "retry_in"),
        "No worker process can be started, so photos wait. Fix the cause; the next try follows in `retry_in` seconds.",
    ),
    Event(
        "remote.usable",
        "info",
        ("scheduler",),
        "Workers of Dask can be used: photos are analysed there ([workers](workers.md)).",
    ),
    Event(
        "remote.unusable",
        "warning",
        ("scheduler", "reason"),
        "No worker of Dask can be used now; photos wait, or are analysed here, as `workers.unavailable` says.",
    ),
    Event("remote.joined", "info", ("address", "worker", "threads", "version"), "A worker of Dask gets photos."),
    Event("remote.left", "info", ("address",), "A worker of Dask is gone; what it had is given to others."),
    Event(
        "remote.refused",
        "warning",
        ("address", "worker", "reason"),
        "A worker of Dask gets no photos: it could find something else in them, or it has failed. It is asked again "
        "each minute.",
    ),
    Event(
        "flickr.connected",
        "info",
        ("account", "username", "perms"),
        "Flickr has answered the first call with this login: the sync works.",
    ),
    Event(
        "flickr.stopped",
        "error",
        ("account", "error", "retry_in"),
        "The Flickr sync stopped, for example after the login was lost; everything else continues.",
    ),
    Event("flickr.unavailable", "warning", ("account", "error", "retry_in"), "Flickr does not answer for now."),
    Event(
        "flickr.error",
        "error",
        ("account", "error", "retry_in"),
        "An unexpected error occurred in the Flickr sync; it is tried again.",
    ),
    Event(
        "flickr.listed",
        "info",
        ("account", "photos", "gone", "whole", "seconds"),
        "The account was listed; unless `whole` is true, no photo counts as gone.",
    ),
    Event(
        "flickr.empty",
        "warning",
        ("account", "known"),
        "The account lists no photos, although some are known; none of them counts as gone.",
    ),
    Event(
        "flickr.odd",
        "warning",
        ("account", "entries"),
        "Some entries of a listing can't be parsed; the others are used.",
    ),
    Event("flickr.changed", "info", ("account", "new", "changed"), "Photos on Flickr are new or have changed."),
    Event(
        "flickr.albums_changed",
        "info",
        ("account", "albums", "photos"),
        "Photos have come into albums on Flickr, or have left them; `albums` were listed one by one.",
    ),
    Event(
        "flickr.no_album",
        "warning",
        ("account", "album"),
        "The setting `flickr.albums` names an album that the account does not have.",
    ),
    Event(
        "flickr.album_failed",
        "warning",
        ("account", "album", "error"),
        "An album can't be listed for now; its photos are those that are known, and the next look asks for it again.",
    ),
    Event("flickr.fetched", "debug", ("photo", "path"), "A photo's file was fetched completely and will be handled."),
    Event("flickr.failed", "warning", ("photo", "error", "retry_in"), "A photo can't be fetched for now."),
    Event(
        "flickr.refused",
        "warning",
        ("photo", "reason"),
        "A photo can't be fetched; it is tried again when it changes on Flickr.",
    ),
    Event("flickr.gone", "info", ("photo",), "A photo is no longer on Flickr; its faces and names are kept."),
    Event(
        "flickr.retried", "debug", ("account", "what", "error", "retry_in"), "A call or download failed and is retried."
    ),
    Event(
        "flickr.waiting",
        "warning",
        ("account", "what", "seconds", "reason"),
        "The hourly limit of calls or downloads is reached, or Flickr asks to wait; the sync continues automatically.",
    ),
    Event(
        "flickr.slowed",
        "info",
        ("account", "pause"),
        "The image servers refused a download (HTTP 429); from now on there are more seconds between two downloads.",
    ),
    Event(
        "flickr.progress",
        "info",
        ("account", "waiting", "done", "refused", "calls", "per_minute", "minutes_left"),
        "Progress of the account: photos, calls in the last hour, and an estimate of the time left.",
    ),
    Event("flickr.not_allowed", "warning", ("account", "error"), "The login has no write access; tags wait."),
    Event("flickr.tag_added", "info", ("photo", "tag"), "A tag was added to a photo on Flickr."),
    Event(
        "flickr.tag_kept", "info", ("photo", "tag"), "A photo on Flickr already has the tag, added by somebody else."
    ),
    Event("flickr.tag_adopted", "info", ("photo", "tag"), "A tag on a photo counts as added by familiar from now on."),
    Event("flickr.tag_removed", "info", ("photo", "tag"), "A tag that familiar added was removed from a photo."),
    Event("flickr.tag_failed", "warning", ("photo", "tag", "error", "retry_in"), "A tag can't be sent for now."),
    Event("flickr.tag_refused", "warning", ("photo", "tag", "reason"), "A tag can't be added to a photo."),
    Event("worker.died", "warning", ("deaths", "reason"), "A worker process died; its photo is tried once more."),
)
"""Every event that familiar logs."""

LEVELS: dict[str, Level] = {event.name: event.level for event in CATALOGUE}
FIELDS = {event.name: event.fields for event in CATALOGUE}
"""The names of the fields of each event, by its name."""


class EventLog(Protocol):
    """A log of events."""

    def emit(self, name: str, /, **fields: Any) -> None:
        """Log the event of the catalogue with this name."""


class NoLog:
    """An `EventLog` that writes nothing."""

    def emit(self, name: str, /, **fields: Any) -> None:
        """Do nothing."""


NO_LOG = NoLog()


def log_schema() -> dict[str, Any]:
    """Return the JSON schema of all lines of the log."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a line of the log of familiar",
        "oneOf": [event.schema for event in CATALOGUE],
    }


def complaint(line: Mapping[str, Any]) -> str | None:
    """Return how a line of the log violates the catalogue, or None.

    Args:
        line: a line of the JSON log, parsed.
    """
    name = line.get("event")
    if name not in LEVELS:
        return f"{name!r} is not in the catalogue"
    if line.get("level") != LEVELS[name]:
        return f"{name}: level {line.get('level')!r}, but the catalogue says {LEVELS[name]!r}"
    if set(line) - COMMON.keys() != set(FIELDS[name]):
        return f"{name}: fields {sorted(set(line) - COMMON.keys())}, but the catalogue says {sorted(FIELDS[name])}"
    return None
