"""familiar rules: check them, and apply them to photos that are known already."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from familiar.cli.carrying import carry_out, show_steps, step_as_json
from familiar.cli.console.output import FAILED, json_option, print_json, progress_bar, reported, say
from familiar.cli.console.parameters import PathType
from familiar.cli.context import Context, pass_context
from familiar.cli.disks import target_as_json, targets_of
from familiar.cli.plan import source_of
from familiar.errors import NoStoreError
from familiar.library.planning import subject_of
from familiar.library.recognition import Recogniser
from familiar.library.scoring import PercentileIndex
from familiar.model import Plan
from familiar.names import name_key
from familiar.rules.planning import Rules, plan_for
from familiar.settings import FLICKR, Settings
from familiar.sources.settling import look as look_at
from familiar.state import cache_in
from familiar.store.store import Store


@click.group()
def rules() -> None:
    """Check the rules; apply them to known photos."""


@rules.command(epilog="Example: familiar rules check ~/.config/familiar/rules.yaml")
@click.argument("file", required=False, type=PathType())
@json_option
@pass_context
def check(context: Context, file: Path | None, *, as_json: bool) -> None:
    """Check the rules, and the people whom they name.

    Without FILE the configured rules are checked.
    """
    with reported():
        path = file or context.needed_rules_path(context.settings())
        read = context.rules(path)
        known, places = _known_people(context), targets_of(context, read)
    unknown = sorted(name for name in read.people() if name_key(name) not in known)
    if as_json:
        names = [rule.name for rule in read.rules]
        shown = [target_as_json(place) for place in places]
        print_json({"file": path, "rules": names, "unknown_people": unknown, "targets": shown, "problems": []})
        return
    say(f"{path}: good, {len(read.rules)} rules")
    for place in places:
        say(f"target {place.folder}: on {place.disk}" if place.trouble is None else f"warning: {place.trouble}")
    for name in unknown:
        say(f"note: nobody is registered as {name!r}; familiar people add {name!r} PHOTO...")


def _known_people(context: Context) -> set[str]:
    """Return the keys of the names of all people; nobody is known where there is no store yet."""
    try:
        with context.store() as store:
            return {name_key(person.name) for person in store.people.all()}
    except NoStoreError:
        return set()


@rules.command(epilog="Example: familiar rules apply ~/Pictures/2019")
@click.argument("paths", nargs=-1, type=PathType())
@json_option
@pass_context
def apply(context: Context, paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Apply the rules to photos that are known already.

    All known photos, or those in PATHS; `familiar plan` shows beforehand what the rules do. What was done already
    is found and not done again. Everything can be undone: familiar undo --since 1h.
    """
    with reported():
        settings = context.settings()
        read = context.rules(context.needed_rules_path(settings))
        tops = tuple(Path(os.path.abspath(path)) for path in paths)
        with context.store() as store:
            with progress_bar("deciding", hidden=as_json) as progress:
                plans = list(_record(store, settings, read, tops, progress))
            steps = carry_out(context, store, settings, plans, quiet=as_json)
    failed = [step for step in steps if step.state in {"failed", "refused"}]
    if as_json:
        print_json([step_as_json(step) for step in steps])
    else:
        show_steps(steps)
        say(f"{len(plans)} photos, {len(steps)} operations, {len(failed)} failed.")
    if failed:
        raise SystemExit(FAILED)


def _record(
    store: Store, settings: Settings, read: Rules, tops: Sequence[Path], progress: Callable[[int, int], None]
) -> Iterator[int]:
    """Write down a plan for each known photo that has one to do, at the first of its paths that is there."""
    recogniser = Recogniser(store, settings.matching, settings.vision.model)
    cache = cache_in(store.path.parent)
    percentiles = PercentileIndex(store, settings.matching, settings.vision.model)
    photos = list(store.photos.seen())
    for number, photo_id in enumerate(photos, start=1):
        progress(number, len(photos))
        path = _path_of(store, photo_id, tops)
        found = None if path is None else look_at(path)
        if path is None or found is None:
            continue
        photo, faces = recogniser.recognise(photo_id)
        if photo.kind == "clip":
            continue  # it goes where its still goes
        source = FLICKR if path.parent == cache else source_of(path, settings.folders)
        subject = read.rank(subject_of(photo, faces, path, source, found[1]), percentiles.percentile_rank)
        made: Plan = plan_for(read, subject)
        if made.operations:
            yield store.journal.record(photo_id, path, made)


def _path_of(store: Store, photo_id: int, tops: Sequence[Path]) -> Path | None:
    """Return where the photo lies that a person put there: no copy of ours, and no link."""
    paths = store.journal.originals_of(photo_id)
    chosen = [path for path in paths if not tops or any(path.is_relative_to(top) for top in tops)]
    chosen.sort(key=lambda path: path.parent == cache_in(store.path.parent))  # rules can do more with other files
    return next((path for path in chosen if path.is_file()), None)
