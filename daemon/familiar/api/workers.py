"""Other machines that analyse photos, as workers of Dask."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from familiar.library.argument_types import checked_arguments
from familiar.library.named_paths import expanded

if TYPE_CHECKING:
    from familiar.api.session import Session
    from familiar.remote_state import RemoteState


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCertificates:
    """A folder with certificates, and when they expire (ISO 8601, UTC)."""

    folder: Path
    expire_at: str


@checked_arguments
class OtherMachines:
    """Workers of Dask, on this machine and on others."""

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def list(self) -> RemoteState:
        """Return the workers that the scheduler knows, each of which is asked what it is.

        Raises:
            UsageError: none are configured, or the extra `dask` is not installed.
        """
        return self._session.remote_workers()

    def make_certificates(self, folder: str | Path, *, days: int = 825, renew: bool = False) -> MadeCertificates:
        """Make the certificates of a scheduler, of workers and of this machine.

        Args:
            folder: where they are written, with the authority that signs them.
            days: how long they are valid.
            renew: make new ones by the authority that is there.

        Raises:
            UsageError: there are certificates already, or with `renew` no authority; the folder can't be written; or
                the extra `dask` is not installed.
        """
        from familiar.vision.remote.extra import check_installed

        check_installed()
        from familiar.vision.remote.certificates import make_certificates

        where = Path(os.path.abspath(expanded(folder)))
        expire = make_certificates(where, days=days, renew=renew, now=datetime.now(UTC).replace(microsecond=0))
        return MadeCertificates(folder=where, expire_at=expire.isoformat())
