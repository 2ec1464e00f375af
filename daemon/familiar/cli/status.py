"""familiar status: what the daemon is doing, as the store tells it."""

from typing import Any

import click
from rich.padding import Padding

from familiar.cli.console.output import console, json_option, local_time, print_json, print_table, reported, say
from familiar.cli.context import Context, pass_context
from familiar.errors import FamiliarError
from familiar.settings import Settings
from familiar.state import cache_in, holder
from familiar.store.store import Store

_SHOWN = 20
"""Rows of a table that people are shown."""


@click.command(epilog="Example: familiar status --json")
@json_option
@pass_context
def status(context: Context, *, as_json: bool) -> None:
    """Show what is done, what waits, and what went wrong."""
    with reported(), context.store() as store:
        found = {"pid": holder(context.state), "state": context.state} | _status(store, _model(context))
        found["flickr"] = _flickr(store)
    if as_json:
        print_json(found)
    else:
        _show(found)


def _model(context: Context) -> str:
    """Return the model in use; a wrong configuration does not hide what the store knows."""
    try:
        return context.settings().vision.model
    except FamiliarError:
        return Settings().vision.model


def _flickr(store: Store) -> dict[str, Any] | None:
    """Return how far the account on Flickr is, or None if there is none."""
    account = store.flickr.fact("account")
    if account is None:
        return None
    return {
        "account": account["username"],
        "trouble": store.flickr.fact("trouble"),
        "photos": store.flickr.counts(),
        "tags": store.flickr_tags.counts(),
    }


def _status(store: Store, model: str) -> dict[str, Any]:
    cache = cache_in(store.path.parent)
    return {
        "roots": [
            {"path": root.path, "state": root.state, "reason": root.reason, "scanned_at": root.scanned_at}
            for root in store.roots.all()
            if root.path != cache
        ],
        "files": store.files.counts(),
        "photos": store.photos.counts(),
        "outdated_faces": store.photos.count_outdated(model),
        "people": len(store.people.all()),
        "clusters": store.clusters.counts(),
        "operations": store.journal.counts(),
        "waiting_for_disks": [
            {"folder": folder, "operations": count} for folder, count in store.journal.waited_for().items()
        ],
        "failed": [{"path": path, "reason": reason} for path, reason in store.files.failures()],
        "failed_operations": [
            {"operation": step.id, "kind": step.operation.kind, "photo": step.path, "error": step.error}
            for step in store.journal.failures()
        ],
        "set_aside": [{"path": path, "reason": reason} for path, reason in store.photos.set_aside_files()],
    }


def _show(found: dict[str, Any]) -> None:
    say(f"daemon: runs, pid {found['pid']}" if found["pid"] else "daemon: does not run")
    say(f"state: {found['state']}")
    photos, files = found["photos"], found["files"]
    say(
        f"photos: {photos['seen']} seen with {photos['faces']} faces, {photos['recognised']} recognised as one of "
        f"{found['people']} people; {photos['set aside']} set aside"
    )
    clusters = found["clusters"]
    if any(clusters.values()):
        say(f"clusters: {clusters['unnamed']} without a name, {clusters['named']} named, {clusters['ignored']} ignored")
    if found["outdated_faces"]:
        say(f"{found['outdated_faces']} faces are of another model; the daemon encodes them again, where it can")
    say("files: " + ", ".join(f"{files.get(state, 0)} {state}" for state in ("settling", "pending", "failed")))
    if found["flickr"] is not None:
        _show_flickr(found["flickr"])
    _section("folders", ("folder", "state", "compared at"), [
        (root["path"], ": ".join(filter(None, (root["state"], root["reason"]))), local_time(root["scanned_at"]))
        for root in found["roots"]
    ])  # fmt: skip
    _section("operations", ("state", "count"), sorted(found["operations"].items()))
    _section("disks that operations wait for", ("folder", "operations"), [
        (row["folder"], row["operations"]) for row in found["waiting_for_disks"]
    ])  # fmt: skip
    _section("waiting for another try", ("file", "reason"), [(row["path"], row["reason"]) for row in found["failed"]])
    _section("operations that wait for another try", ("operation", "kind", "photo", "error"), [
        (row["operation"], row["kind"], row["photo"], row["error"]) for row in found["failed_operations"]
    ])  # fmt: skip
    _section("set aside", ("file", "reason"), [(row["path"], row["reason"]) for row in found["set_aside"]])


def _show_flickr(found: dict[str, Any]) -> None:
    photos, tags = found["photos"], found["tags"]
    say(
        f"Flickr: {photos['done']} photos of {found['account']} done, {photos['listed'] + photos['fetched']} wait; "
        f"{tags['to_add'] + tags['to_remove']} tags wait"
    )
    if found["trouble"]:
        say(f"Flickr stands still: {found['trouble']}")


def _section(title: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    if not rows:
        return
    console().print(Padding(f"[bold]{title}[/bold] ({len(rows)})", (1, 0, 0, 0), expand=False))
    print_table(columns, rows[:_SHOWN])
    if len(rows) > _SHOWN:
        say(f"... and {len(rows) - _SHOWN} more; --json gives all.")
