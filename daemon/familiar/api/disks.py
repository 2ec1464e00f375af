"""The disks of the folders that are read from and written to."""

import os
from pathlib import Path

from familiar.api.session import Session
from familiar.effects.disks import Disks, NoKnownFolders
from familiar.errors import NoStoreError
from familiar.library.named_paths import expanded
from familiar.library.targets import Target, known_places, targets, trust
from familiar.rules.planning import Rules


class FolderDisks:
    """The folders that a library knows, watched ones and targets, each with the disk that it is on."""

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def all(self) -> list[Target]:
        """Return each known folder with the disk that it was on, and what is wrong with that now.

        Raises:
            NoStoreError: there is no store yet.
        """
        return list(known_places(self._session.store(), self._session.disks))

    def trust(self, folder: str | Path) -> Target:
        """Accept the disk that a folder lies on now, and the place that a link there leads to.

        Operations that wait for the folder are carried out. In a watched folder, photos that are missing count as
        gone; their faces and names are kept.

        Raises:
            UsageError: there is no such folder.
            NoStoreError: there is no store yet.
        """
        where = Path(os.path.abspath(expanded(folder)))
        return trust(self._session.store(), self._session.disks, where)


def targets_of(session: Session, rules: Rules) -> list[Target]:
    """Return the folders that rules put photos into, each with its disk; without a store none is known before.

    Raises:
        StoreError: the store can't be used.
    """
    try:
        disks = session.disks
    except NoStoreError:
        disks = Disks(NoKnownFolders())
    return list(targets(disks, rules.tops()))
