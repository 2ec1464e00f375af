"""familiar migrate: the store of an older version becomes one of this version."""

from dataclasses import asdict

from familiar.api.library import Library
from familiar.api.migration import Migration
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import say


@command(epilog="Example: familiar migrate")
@pass_library
def migrate(library: Library) -> Answer:
    """Migrate the store of an older version.

    The daemon does the same when it starts, and must not be running. A backup of the former store is kept next to it.
    """
    found = library.migrate()
    return Answer(data=asdict(found), text=lambda: _show(found))


def _show(found: Migration) -> None:
    if found.backup is None:
        say(f"{found.store} is of this version already.")
    else:
        say(f"{found.store} was migrated; the former store is {found.backup}.")
