"""Migration of the store to this version, asked for by a person."""

from dataclasses import dataclass
from pathlib import Path

from familiar.api.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """The result of a migration: the store, and the backup of the former one, None if nothing was to be done."""

    store: Path
    backup: Path | None


def migrate(session: Session) -> Migration:
    """Hold the state folder, and open the store, which migrates it; see `Library.migrate`."""
    with session.held_store() as store:
        return Migration(store=store.path, backup=store.backup)
