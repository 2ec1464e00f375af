"""After people have changed: match all known faces again, here or by the daemon that runs."""

import time

from familiar.cli.console.output import progress_bar, say
from familiar.cli.context import Context
from familiar.library.recognition import Recogniser
from familiar.settings import Settings
from familiar.state import holder
from familiar.store.store import Store

_PATIENCE = 30.0


def rematch(context: Context, store: Store, settings: Settings, *, quiet: bool) -> None:
    """Match all known faces again at once if people have changed; a daemon that runs does it within a second."""
    recogniser = Recogniser(store, settings.matching, settings.vision.model)
    if not recogniser.is_stale:
        return
    if holder(context.state) is None:
        with progress_bar("matching faces", hidden=quiet) as progress:
            recogniser.rematch(lambda done: progress(done, 0))
        return
    deadline = time.monotonic() + _PATIENCE
    while not recogniser.knows_people and time.monotonic() < deadline:
        time.sleep(0.05)
    if not recogniser.knows_people and not quiet:
        say("The daemon is still matching the known faces again.")
