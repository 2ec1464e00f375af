"""The unit and its drop-in, as text."""

from importlib.resources import files
from pathlib import Path

from familiar.errors import UsageError
from familiar.library.unit.needs import Needs

MARK = "# Written by `familiar service`, and written again by `familiar service upgrade`."
"""The first line of each file: what is without it was written by a person, and is not changed."""

_PROGRAM = "/usr/bin/env familiar"
"""What starts familiar in the units that come with it."""

_GROUPS = "SupplementaryGroups="


def unit_text(program: Path, *, system: bool) -> str:
    """Return the unit for an installation, whose program is the executable file."""
    own = files("familiar").joinpath("units", *(() if system else ("user",)), "familiar.service")
    _, _, text = own.read_text(encoding="utf-8").partition("\n\n")
    scope = "" if system else " --user"
    head = f"{MARK}\n# Change it with: {'sudo ' if system else ''}systemctl{scope} edit familiar\n\n"
    return head + text.replace(_PROGRAM, _quoted(str(program)))


def drop_in_text(needs: Needs, *, config: Path | None) -> str:
    """Return what a unit needs for the present settings and rules; `config` is a file in an unusual place."""
    lines = [f"ReadWritePaths={_quoted(f'-{folder}')}" for folder in needs.writable]
    if needs.groups:
        lines.append(f"{_GROUPS}{' '.join(needs.groups)}")
    if needs.has_homes:
        lines.append("ProtectHome=no")
    if needs.has_network:
        lines += ["RestrictAddressFamilies=AF_INET AF_INET6", "IPAddressDeny="]
    elif needs.serves_here:
        lines += ["RestrictAddressFamilies=AF_INET AF_INET6", "IPAddressAllow=localhost"]
    if config is not None:
        lines.append(f"Environment={_quoted(f'FAMILIAR_CONFIG={config}')}")
    return "\n".join([MARK, "", "[Service]", *lines, ""])


def groups_in(drop_in: str) -> list[str]:
    """Return the groups that a drop-in of ours gives to the service."""
    given = [line.partition("=")[2].split() for line in drop_in.splitlines() if line.startswith(_GROUPS)]
    return [group for groups in given for group in groups]


def paths_in(drop_in: str) -> list[str]:
    """Return the folders that a drop-in of ours allows, as `systemctl show` has them, if their names are plain."""
    given = [line.partition("=")[2] for line in drop_in.splitlines() if line.startswith("ReadWritePaths=")]
    return [path for path in given if '"' not in path and "%" not in path]


def _quoted(text: str) -> str:
    """Return a word as systemd reads it (systemd.syntax(7)); raises a UsageError for one that no unit can have."""
    if not text.isprintable():
        raise UsageError(f"{text!r}: can't be written in a unit of systemd; rename it, with printable characters only.")
    text = text.replace("%", "%%")
    if not set(text) & set(" \"'\\;"):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
