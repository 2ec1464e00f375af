"""Whose service it is, and where its files are."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import platformdirs

from familiar.library.unit import service_user
from familiar.library.unit.manager import UNIT, Manager

SYSTEM_CONFIG = Path("/etc/familiar")
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
        return self.unit.with_name(f"{UNIT}.d") / "10-installation.conf"

    def preparation(self) -> tuple[tuple[str, ...], ...]:
        """Return what is run before the files are written."""
        if not self.is_system or service_user.exists():
            return ()
        return (("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", service_user.NAME),)

    def commands(self) -> tuple[tuple[str, ...], ...]:
        """Return the command lines of an installation."""
        return (*self.preparation(), *(tuple(self.manager.command(*arguments)) for arguments in self.calls))

    def doubts(self) -> tuple[str, ...]:
        """Return what is doubtful about the service of this scope."""
        name = _own_name()
        if self.is_system or (_LINGER / name).exists():
            return ()
        return (f"it runs only while you are logged in; to change that: sudo loginctl enable-linger {name}",)


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
