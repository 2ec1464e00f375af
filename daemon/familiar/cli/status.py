"""familiar status: what the daemon is doing, read from the store."""

from collections.abc import Sequence
from dataclasses import asdict

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import counted_by_suffix, local_time, print_heading, print_table, say
from familiar.cli.console.remote_workers import show_workers
from familiar.durations import duration
from familiar.library.status import FlickrSummary, LibraryStatus
from familiar.missing_parts import describe_missing
from familiar.plurals import counted

_SHOWN = 20
"""Rows of a table that are shown as text."""


@command(epilog="Example: familiar status --json")
@click.option("--prometheus", is_flag=True, help="Print metrics, for the textfile collector of node_exporter.")
@pass_library
def status(library: Library, prometheus: bool) -> Answer:  # noqa: FBT001 - click's signature
    """Show what is done, what is waiting, and what failed."""
    if prometheus:
        told = library.metrics()
        return Answer(data={"metrics": told}, text=lambda: click.echo(told, nl=False))
    found = library.status()
    return Answer(data=asdict(found), text=lambda: _show(found))


def _show(found: LibraryStatus) -> None:
    _show_counts(found)
    for account in found.flickr:
        _show_flickr(account)
    _section("folders", ("folder", "state", "scanned at"), [
        (root.path, ": ".join(filter(None, (root.state, root.reason))), local_time(root.scanned_at))
        for root in found.roots
    ])  # fmt: skip
    passed_by = [(root.path, counted_by_suffix(root.passed_by)) for root in found.roots if root.passed_by]
    if found.remote is not None:
        show_workers(found.remote)
    _section("files skipped by name", ("folder", "files"), passed_by)
    _section("operations", ("state", "count"), sorted(found.operations.items()))
    _section("disks with waiting operations", ("folder", "operations"), [
        (each.folder, each.operations) for each in found.waiting_for_disks
    ])  # fmt: skip
    _section("waiting to be retried", ("file", "reason"), [(each.path, each.reason) for each in found.failed])
    _section("operations waiting for their time", ("operation", "kind", "photo", "reason"), [
        (each.operation, each.kind, each.photo, each.error) for each in found.waiting_operations
    ])  # fmt: skip
    _section("operations waiting to be retried", ("operation", "kind", "photo", "error"), [
        (each.operation, each.kind, each.photo, each.error) for each in found.failed_operations
    ])  # fmt: skip
    _section("set aside", ("file", "reason"), [(each.path, each.reason) for each in found.set_aside])
    _section("damaged", ("file", "missing"), [(each.path, describe_missing(each.missing)) for each in found.damaged])


def _show_counts(found: LibraryStatus) -> None:
    say(f"daemon: running (pid {found.pid})" if found.pid else "daemon: not running")
    say(f"state: {found.state}")
    if found.model_trouble:
        say(f"model: can't be used: {found.model_trouble}")
    photos, clusters = found.photos, found.clusters
    say(
        f"photos: {photos['seen']} seen with {counted(photos['faces'], 'face')}, {photos['recognised']} recognised as "
        f"one of {counted(found.people, 'person', 'people')}; {photos['set aside']} set aside"
    )
    if any(clusters.values()):
        say(f"clusters: {clusters['unnamed']} without a name, {clusters['named']} named, {clusters['ignored']} ignored")
    if found.outdated_faces:
        say(f"waiting to be encoded by {found.model}: {counted(found.outdated_faces, 'face')}; {_encoded_by(found)}")
    if found.unmatched_people:
        say(
            f"people with references of other models only: {len(found.unmatched_people)}; new faces are not compared "
            "with them; `familiar doctor` says what to do"
        )
    waiting = ", ".join(f"{found.files.get(state, 0)} {state}" for state in ("settling", "pending", "failed"))
    say(f"files: {waiting}{_left(found)}")


def _left(found: LibraryStatus) -> str:
    if found.remote is not None and found.remote.waits and found.files.get("pending"):
        return "; they wait for a worker of Dask"
    return f"; about {duration(found.seconds_left)} left" if found.seconds_left is not None else ""


def _encoded_by(found: LibraryStatus) -> str:
    if found.model_trouble:
        return "the model can't be used"
    if found.pid:
        return "the daemon encodes them where their photos can be read"
    return f"start the daemon, or run `familiar models use {found.model}`"


def _show_flickr(found: FlickrSummary) -> None:
    photos, tags = found.photos, found.tags
    say(
        f"Flickr: {counted(photos['done'], 'photo')} of {found.username} done, "
        f"{photos['listed'] + photos['fetched']} waiting; "
        f"{counted(tags['to_add'] + tags['to_remove'], 'tag')} waiting"
    )
    if found.trouble:
        say(f"Flickr: stopped: {found.trouble}")


def _section(title: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    if not rows:
        return
    print_heading(title, len(rows))
    print_table(columns, rows[:_SHOWN])
    if len(rows) > _SHOWN:
        say(f"... and {len(rows) - _SHOWN} more; use --json to show all.")
