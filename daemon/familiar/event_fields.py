"""The fields of the events in the log: their types as JSON Schema, and what they mean."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}


def _maybe(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _told(schema: Schema, meaning: str) -> Schema:
    return {**schema, "description": meaning}


def _one_of(*values: str) -> Schema:
    return {"enum": list(values)}


def _rows(**columns: Schema) -> Schema:
    """Return a list of objects; of a long list, the rest is counted in a text."""
    row = {"type": "object", "properties": columns, "required": list(columns), "additionalProperties": False}
    return {"type": "array", "items": {"anyOf": [row, _TEXT]}}


_OUTCOMES = _one_of("done", "kept", "failed", "refused", "outdated", "undone", "undo_failed")

COMMON: Mapping[str, Schema] = {
    "event": _told(_TEXT, "which event it is"),
    "level": _told(_one_of("debug", "info", "warning", "error"), "how important it is"),
    "time": _told({"type": "string", "format": "date-time"}, "when it was logged, in UTC"),
    "exception": _told(_TEXT, "the traceback of an unexpected error; most events have none"),
}
"""What each line begins with, and what it may end with."""

FIELDS: Mapping[str, Schema] = {
    "absorbed": _told(_COUNT, "clusters that were merged into others"),
    "account": _told(_TEXT, "the name of the account on Flickr in the configuration"),
    "album": _told(_TEXT, "the title, pattern or id in the setting"),
    "albums": _told(_COUNT, "albums that were listed one by one"),
    "address": _told(_TEXT, "where the page is served, or a worker of Dask is"),
    "ambiguous": _told(_COUNT, "faces that may be one of several people"),
    "backlog_waits": _told(_maybe(_TEXT), "why photos of the backlog wait, as the settings say; null: they do not"),
    "backup": _told(_TEXT, "the former store"),
    "before": _told(_TEXT, "the path at which it was"),
    "bytes": _told(_COUNT, "bytes that were read so far"),
    "calls": _told(_COUNT, "calls of the Flickr API in the last hour"),
    "changed": _told(_COUNT, "files or photos that have changed"),
    "config": _told(_maybe(_TEXT), "the configuration file; null: all settings have their defaults"),
    "confirmed": _told(_TEXTS, "people whose faces were confirmed"),
    "deaths": _told(_COUNT, "worker processes that died since the last event"),
    "device": _told({"type": ["integer", "null"]}, "the number of its device"),
    "done": _told(_COUNT, "files or photos that were handled"),
    "entries": _told(_COUNT, "entries that can't be parsed"),
    "error": _told(_TEXT, "what went wrong"),
    "errors": _told(_TEXTS, "which parts can't be read, and why"),
    "events": _told(_COUNT, "events that were dropped"),
    "faces": _told(_COUNT, "faces that were found, matched or encoded"),
    "failed": _told(_COUNT, "files that wait for another try"),
    "file": _told(_maybe(_TEXT), "the rules file; null: there are no rules"),
    "files": _told(_COUNT, "files of the root"),
    "flickr_calls": _told(_COUNT, "total: calls of the Flickr API"),
    "flickr_downloads": _told(_COUNT, "total: downloads from Flickr"),
    "flickr_trouble": _told(_maybe(_TEXT), "why nothing is done on Flickr now; null if it works, or is not used"),
    "folder": _told(_TEXT, "the folder on the disk"),
    "folders": _told(_COUNT, "folders of the root"),
    "free_bytes": _told(_maybe(_COUNT), "bytes that are free on the disk of the store"),
    "fresh": _told(_COUNT, "new clusters"),
    "given_back": _told(_COUNT, "files in progress that the next start handles"),
    "gone": _told(_COUNT, "files or photos that are gone"),
    "grouped": _told(_COUNT, "faces of new clusters"),
    "hash": _told({"type": "string", "pattern": "^[0-9a-f]{64}$"}, "the SHA-256 of the content"),
    "how": _told(_one_of("events", "polling"), "by which means the root is watched"),
    "in_flight": _told(_maybe(_COUNT), "files in progress now"),
    "joined": _told(_COUNT, "faces that joined clusters"),
    "kind": _told(_TEXT, "the kind of the operation"),
    "known": _told(_COUNT, "photos that are known"),
    "latencies": _told(
        _rows(stage=_TEXT, count=_COUNT, p50=_NUMBER, p95=_NUMBER),
        "seconds that photos took in a stage since the last heartbeat; stages that take no time are left out",
    ),
    "left": _told(_COUNT, "photos that can't be read now"),
    "left_out": _told(_COUNT, "faces that the model in use has yet to encode"),
    "memory": _told(_COUNT, "bytes of memory of the process"),
    "minutes_left": _told(_maybe(_NUMBER), "an estimate of the time until all is fetched"),
    "missing": _told(_NUMBER, "the share of the picture that is missing, 0 to 1"),
    "model": _told(_TEXT, "the name of the model"),
    "new": _told(_COUNT, "files or photos that are new"),
    "oldest": _told(_maybe(_NUMBER), "seconds for which the same file has been the first of those that wait"),
    "operation": _told(_COUNT, "the number of the operation, as in `familiar undo --list`"),
    "operations": _told(
        _rows(kind=_TEXT, outcome=_OUTCOMES, count=_COUNT), "total: operations by kind and outcome; each try counts"
    ),
    "operations_failed": _told(_maybe(_COUNT), "operations that wait for another try"),
    "operations_waiting": _told(_maybe(_COUNT), "operations that are open, without those that wait for another try"),
    "orientation": _told({"type": "integer", "minimum": 1, "maximum": 8}, "how the photo is turned, as EXIF says it"),
    "others": _told(_TEXTS, "its other paths"),
    "path": _told(_TEXT, "the path of the file"),
    "pause": _told(_NUMBER, "seconds between two downloads"),
    "pending": _told(_maybe(_COUNT), "files that are complete and wait, in roots that are online"),
    "people": _told(_COUNT, "registered people"),
    "per_minute": _told(_NUMBER, "photos that were done in a minute"),
    "perms": _told(_one_of("read", "write", "delete"), "the access of the login"),
    "person": _told(_TEXT, "the name of a person"),
    "photo": _told(
        {"type": ["integer", "null"]}, "the id of the photo: all events with one id are the way of one photo"
    ),
    "photos": _told(_COUNT, "photos that were analysed, encoded or listed"),
    "period": _told(_NUMBER, "seconds between two heartbeats, as the settings say"),
    "pid": _told({"type": ["integer", "null"]}, "the number of the process"),
    "problems": _told(_TEXTS, "what is wrong, where, and what would be right"),
    "queue": _told(_maybe(_COUNT), "messages of the watchers that are not handled yet"),
    "rate": _told(_maybe(_NUMBER), "files that were handled in a minute, since the last heartbeat"),
    "reason": _told(_TEXT, "why"),
    "references": _told(_COUNT, "references of the person"),
    "refused": _told(_COUNT, "photos that can't be fetched"),
    "remote": _told(
        _rows(
            address=_TEXT,
            state=_one_of("joining", "ready", "refused", "failing"),
            version=_maybe(_TEXT),
            threads=_COUNT,
            in_flight=_COUNT,
            photos=_COUNT,
            per_minute=_COUNT,
        ),
        "the workers of Dask; empty without a connection",
    ),
    "remote_trouble": _told(
        _maybe(_TEXT), "why no worker of Dask can be used; null if one can, or if none is needed for now"
    ),
    "restored": _told(_COUNT, "faces whose embeddings were in the store"),
    "retry_in": _told(_NUMBER, "seconds until the next try"),
    "root": _told(_TEXT, "the watched folder"),
    "roots": _told(
        _rows(root=_TEXT, state=_one_of("online", "offline", "unknown"), reason=_maybe(_TEXT), files=_maybe(_COUNT)),
        "the watched folders, and whether they are available; unknown: not yet looked at",
    ),
    "roots_offline": _told(_COUNT, "watched folders that are not available"),
    "rule": _told(_TEXT, "the name of the rule, or the command that asked for it"),
    "rules": _told(_TEXTS, "the names of the rules"),
    "run": _told(_TEXT, "an id of the process: totals begin again at 0 with another one, but not after a reload"),
    "scheduler": _told(_TEXT, "the address of the scheduler of Dask"),
    "seconds": _told(_NUMBER, "how long it took, or takes"),
    "seconds_left": _told(
        _maybe(_NUMBER),
        "about how long the pending files take, at the pace of the last photos; null: it can't be said, as while the "
        "first scan of a folder still counts its photos, or while photos wait for a worker of Dask",
    ),
    "set_aside": _told(_COUNT, "total: files whose photo can't be handled"),
    "settings": _told(_maybe(_TEXT), "the configuration file"),
    "settling": _told(_maybe(_COUNT), "files that still change, in roots that are online"),
    "sidecar": _told(_TEXT, "the path of the sidecar"),
    "source": _told(_maybe(_TEXT), "the path of the photo before the operation"),
    "stages": _told(_rows(stage=_TEXT, files=_COUNT), "where the files in progress are now"),
    "state": _told(_TEXT, "the state folder"),
    "store": _told(_TEXT, "the store's file"),
    "store_bytes": _told(_maybe(_COUNT), "bytes of the store"),
    "tag": _told(_TEXT, "the tag"),
    "tags_added": _told(_COUNT, "total: tags that were added on Flickr"),
    "tags_removed": _told(_COUNT, "total: tags that were removed on Flickr"),
    "target": _told(_maybe(_TEXT), "the path that the operation makes"),
    "threads": _told(_COUNT, "photos that the worker analyses side by side"),
    "unknown": _told(_COUNT, "faces of nobody who is registered"),
    "username": _told(_TEXT, "the name of the user on Flickr"),
    "version": _told(_TEXT, "the version of familiar"),
    "waiting": _told(_COUNT, "photos that wait"),
    "what": _told(_one_of("api", "images"), "calls of the API, or downloads"),
    "whole": _told({"type": "boolean"}, "whether the whole account was listed"),
    "worker": _told(_TEXT, "the name of the worker"),
    "worker_deaths": _told(_COUNT, "total: worker processes that died"),
}
"""Each field of events, if no event has it with another meaning."""

EXCEPTIONS: Mapping[tuple[str, str], Schema] = {
    ("flickr.fetched", "photo"): _told(_TEXT, "the id of the photo on Flickr"),
    ("photo.recognised", "people"): _told(_TEXTS, "the people in the photo"),
    ("plan.made", "operations"): _told(_TEXTS, "the kinds of the operations, in their order"),
    ("service.heartbeat", "done"): _told(_COUNT, "total: files that were handled"),
    ("service.heartbeat", "faces"): _told(_COUNT, "total: faces of these photos"),
    ("service.heartbeat", "failed"): _told(_maybe(_COUNT), "files that wait for another try"),
    ("flickr.albums_changed", "photos"): _told(_COUNT, "photos that have come into these albums, or have left them"),
    ("service.heartbeat", "photos"): _told(_COUNT, "total: photos that were analysed"),
    ("service.heartbeat", "reason"): _told(
        _maybe(_TEXT), "why it is failing, or what is wrong with the configuration that was not taken"
    ),
    ("service.heartbeat", "state"): _told(
        _one_of("starting", "working", "failing", "stopping"),
        "how the daemon is; *failing*: nothing can be done for now",
    ),
    ("service.reloaded", "rules"): _told(_maybe(_TEXT), "the rules file"),
    ("service.started", "folders"): _told(_TEXTS, "the watched folders"),
    ("sidecar.read", "left"): _told(_TEXTS, "what was not confirmed, and why"),
}
"""Fields that an event has with another type or meaning than most."""


def schema_of(event: str, field: str) -> Schema:
    """Return the schema of a field of an event, with its meaning."""
    known = EXCEPTIONS.get((event, field))
    if known is None and field == "photo" and event.startswith("flickr."):
        known = EXCEPTIONS["flickr.fetched", "photo"]
    return FIELDS[field] if known is None else known
