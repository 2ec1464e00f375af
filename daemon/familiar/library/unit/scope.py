"""Whose service it is, and where its files are."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import platformdirs

from familiar.errors import UsageError
from familiar.library.unit import service_user
from familiar.library.unit.manager import UNIT, Manager, own_name

SYSTEM_CONFIG = Path("/etc/familiar")
DROP_IN = "10-installation.conf"
"""The name of the drop-in that is written for the settings and rules."""
_SYSTEM_UNITS = Path("/etc/systemd/system")
_LINGER = Path("/var/lib/systemd/linger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose service it is: that of the system, or that of a user."""

    is_system: bool

    @classmethod
    def of(cls, system: bool | None) -> Self:  # noqa: FBT001 - as callers have it
        """Return the scope that is asked for; for None, the system if it is root who asks."""
        return cls(is_system=os.geteuid() == 0 if system is None else system)

    calls = (("daemon-reload",), ("enable", UNIT), ("restart", UNIT))
    """What systemctl is asked for after the files were written; the last one waits until the service is ready."""

    @property
    def manager(self) -> Manager:
        """The service manager."""
        return Manager(system=self.is_system)

    @property
    def config(self) -> Path:
        """The usual folder of the configuration."""
        return SYSTEM_CONFIG if self.is_system else platformdirs.user_config_path("familiar")

    @property
    def unit(self) -> Path:
        """The file of the unit."""
        folder = _SYSTEM_UNITS if self.is_system else platformdirs.user_config_path() / "systemd" / "user"
        return folder / UNIT

    @property
    def drop_in(self) -> Path:
        """The drop-in for the settings and rules; one of a person, with a name that comes later, has the last word."""
        return self.unit.with_name(f"{UNIT}.d") / DROP_IN

    def preparation(self) -> tuple[tuple[str, ...], ...]:
        """Return what is run before the files are written."""
        if not self.is_system or service_user.exists():
            return ()
        return (("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", service_user.NAME),)

    def commands(self) -> tuple[tuple[str, ...], ...]:
        """Return the command lines of an installation."""
        return (*self.preparation(), *(tuple(self.manager.command(*arguments)) for arguments in self.calls))

    def check_rights(self, user: int) -> None:
        """Check that a user may install a service of this scope; raises a UsageError."""
        if self.is_system and user != 0:
            raise UsageError("The service of the machine can be changed by root only: use sudo, or --user.")

    def doubts(self) -> tuple[str, ...]:
        """Return what is doubtful about the service of this scope."""
        name = own_name()
        lingers = self.is_system or (_LINGER / name).exists()
        return (
            self.doubts_of_others()
            if lingers
            else (
                *self.doubts_of_others(),
                f"it runs only while you are logged in; to change that: sudo loginctl enable-linger {name}",
            )
        )

    def doubts_of_others(self) -> tuple[str, ...]:
        """Return what is doubtful about this service where the machine has one, too."""
        of_machine = type(self)(is_system=True).unit
        if self.is_system or not of_machine.exists():
            return ()
        doubt = f"the machine has a service of its own ({of_machine}), and both may watch the same photos"
        return (f"{doubt}; ask about that one with: familiar service status --system",)
