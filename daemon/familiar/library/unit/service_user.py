"""The user for whom the system service runs."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path

NAME = "familiar"


def exists() -> bool:
    """Return whether there is such a user."""
    try:
        pwd.getpwnam(NAME)
    except KeyError:
        return False
    return True


def may_write(folder: Path, groups: Sequence[str]) -> bool:
    """Ask the kernel whether the user may write to a folder, with some groups more; true if that can't be asked."""
    if os.geteuid() != 0 or not exists():
        return True
    user = pwd.getpwnam(NAME)
    more = [int(group) if group.isdigit() else group for group in groups]
    result = subprocess.run(  # noqa: S603 - no shell
        ["/usr/bin/test", "-w", str(folder), "-a", "-x", str(folder)],
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[*os.getgrouplist(NAME, user.pw_gid), *more],
        check=False,
    )
    return result.returncode == 0
