"""Look at the photos in folders for a command: those that the store knows are not even opened."""

import asyncio
import sys
import time
from collections.abc import Iterable

from familiar.cli.console.output import progress_bar
from familiar.cli.context import Context
from familiar.library.indexing import Indexer
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.library.survey import FolderIndexer, IndexedFile, Survey, survey
from familiar.logs import open_log
from familiar.settings import FolderSettings, Settings
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers


def look_through(
    context: Context, store: Store, settings: Settings, folders: Iterable[FolderSettings], *, quiet: bool
) -> list[IndexedFile]:
    """Return what each photo in these folders is, looking at those that are not known yet.

    Raises:
        UsageError: a folder has no photo, or can't be read.
    """
    found = survey(store, map(settings.watched, folders), settings.vision.model)
    return asyncio.run(_look(context, store, settings, found, quiet=quiet))


async def _look(context: Context, store: Store, settings: Settings, found: Survey, *, quiet: bool) -> list[IndexedFile]:
    recogniser = Recogniser(store, settings.matching, settings.vision.model)
    async with Workers(settings=settings.vision, models=context.models, tasks=len(found.unknown)) as workers:
        log = open_log(sys.stderr, level="error")
        reencoder = Reencoder(store=store, workers=workers, recogniser=recogniser, log=log, clock=time.monotonic)
        await reencoder.reencode_references()
        folder_indexer = FolderIndexer(
            store=store, indexer=Indexer(store=store, workers=workers), reencoder=reencoder, recogniser=recogniser
        )
        with progress_bar("looking at photos", hidden=quiet or not found.unknown) as progress:
            return await folder_indexer.look(found, progress)
