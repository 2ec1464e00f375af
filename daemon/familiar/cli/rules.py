"""familiar rules: check them, apply them to known photos, and describe them to editors."""

from dataclasses import asdict
from pathlib import Path

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, Group, pass_library
from familiar.cli.console.output import print_json, say
from familiar.cli.console.parameters import PathType
from familiar.cli.console.steps import show_steps, step_as_json
from familiar.cli.console.unmatched import note_unmatched
from familiar.plurals import counted


@click.group(cls=Group)
def rules() -> None:
    """Check the rules; apply them to known photos."""


@rules.command(epilog="Example: familiar rules check ~/.config/familiar/rules.yaml")
@click.argument("file", required=False, type=PathType())
@pass_library
def check(library: Library, file: Path | None) -> Answer:
    """Check the rules, the people in them, and their target folders.

    Without FILE, check the configured rules.
    """
    found = library.rules.check(file)

    def text() -> None:
        say(f"{found.file}: valid, {counted(len(found.rules), 'rule')}")
        for target in found.targets:
            is_good = target.trouble is None
            say(f"target {target.folder}: on {target.disk}" if is_good else f"warning: {target.trouble}")
        for warning in found.warnings:
            say(f"warning: {warning}")
        for name in found.unknown_people:
            say(f"note: nobody is registered as {name!r}; add the person with: familiar people add {name!r} PHOTO...")
        note_unmatched(found.unmatched_people)

    return Answer(data=asdict(found) | {"problems": []}, text=text)


@rules.command(epilog="Example: familiar rules apply ~/Pictures/2019")
@click.argument("paths", nargs=-1, type=PathType())
@pass_library
def apply(library: Library, paths: tuple[Path, ...]) -> Answer:
    """Apply the rules to photos that are known already.

    Use all known photos, or those at or below PATHS. `familiar plan` shows beforehand what the rules would do. What
    was done before is not done again. Everything can be undone: familiar undo --since 1h.
    """
    found = library.rules.apply(*paths)

    def text() -> None:
        waiting = f", {len(found.waiting)} waiting" if found.waiting else ""
        show_steps(found.steps)
        note_unmatched(found.unmatched_people)
        asked = f"{counted(found.photos, 'photo')}, {counted(len(found.steps), 'operation')}"
        say(f"{asked}, {len(found.failed)} failed{waiting}.")

    is_incomplete = bool(found.failed or found.waiting)
    return Answer(data=[step_as_json(step) for step in found.steps], text=text, failed=is_incomplete)


@rules.command(epilog="Example: familiar rules schema > rules.schema.json")
@pass_library
def schema(library: Library) -> Answer:
    """Print the JSON schema of a rules file, for editors."""
    found = library.rules.schema()
    return Answer(data=found, text=lambda: print_json(found))
