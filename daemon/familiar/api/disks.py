"""The disks of the folders that are read from and written to."""

import os
from pathlib import Path

from familiar.api.session import Session
from familiar.effects.disks import Disks, NoKnownFolders
from familiar.errors import NoStoreError
from familiar.library.argument_types import checked_arguments
from familiar.library.named_paths import expanded
from familiar.library.targets import Target, known_places, targets, trust
from familiar.rules.planning import Rules


@checked_arguments
class FolderDisks:
    """The known folders of a library, watched ones and targets, each with its disk."""

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def all(self) -> list[Target]:
        """Return each known folder with its recorded disk, and its present problem.

        Raises:
            NoStoreError: no store exists.
        """
        return list(known_places(self._session.store(), self._session.disks))

    def trust(self, folder: str | Path) -> Target:
        """Accept the disk that a folder is on now, and the target of a link there.

        Operations that wait for the folder are carried out. Photos that are missing from a watched folder count as
        gone; their faces and names are kept.

        Raises:
            UsageError: there is no such folder.
            NoStoreError: no store exists.
        """
        where = Path(os.path.abspath(expanded(folder)))
        return trust(self._session.store(), self._session.disks, where)


def targets_of(session: Session, rules: Rules) -> list[Target]:
    """Return the target folders of the rules, each with its disk; without a store, no disk is known.

    Raises:
        StoreError: the store can't be used.
    """
    try:
        disks = session.disks
    except NoStoreError:
        disks = Disks(NoKnownFolders())
    return list(targets(disks, rules.tops()))
