"""Write a file that a user asked for: whole or not at all, and never over another one."""

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from familiar.effects.placing import rename_new
from familiar.errors import RetryError, UsageError


def check_result(path: Path, *, is_ours: Callable[[Path], bool] = lambda _: False, force: bool) -> None:
    """Check that a file may be written, before work is done for it.

    Args:
        path: the file.
        is_ours: says of a file whether it was written for this purpose before, and may be replaced.
        force: replace any other file, too.

    Raises:
        UsageError: another file lies there, or what is there is no file, or its folder is none.
    """
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: there is no such folder.")
    if not os.path.lexists(path):
        return
    if not path.is_file():
        raise UsageError(f"{path}: is no regular file; name a new one.")
    try:
        known = force or is_ours(path)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}.") from error
    if not known:
        raise UsageError(f"{path}: exists already; name another file, or replace it with --force.")


@contextmanager
def result_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """Write a file in a block, under a temporary name; at its end it gets its own, unless the block fails.

    Args:
        path: the file; where it is a symbolic link, the file that it leads to.
        replace: take the place of a file that lies there.

    Raises:
        UsageError: a file lies there, and is not to be replaced.
        RetryError: it can't be written for now.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".familiar-{secrets.token_hex(8)}.tmp")
    try:
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if replace:
                temporary.replace(target)
            else:
                rename_new(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError as error:
        raise UsageError(f"{path}: exists already; name another file, or replace it with --force.") from error
    except OSError as error:
        why = error.strerror or errno.errorcode.get(error.errno or 0, "unknown error")
        raise RetryError(f"{path}: can't be written: {why}.") from error
