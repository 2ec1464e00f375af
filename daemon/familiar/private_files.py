"""Files in the state folder that only its owner can read: keys, logins, passwords."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from familiar.errors import StoreError
from familiar.state import keep_owner, keep_owner_of


def write_private(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON file in one step that only the owner of the state folder can read; its folder is made if needed.

    Raises:
        StoreError: it can't be written.
    """
    folder = path.parent
    make_private_folder(folder)
    temporary = folder / f".{path.name}.{secrets.token_hex(4)}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
            keep_owner(file.fileno(), folder)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreError(f"{path}: can't be written: {error.strerror}.") from error


def make_private_folder(folder: Path) -> None:
    """Make a folder that only the owner of the state folder can enter, if it is not there.

    Raises:
        StoreError: it can't be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep_owner_of(folder, folder.parent)
    except OSError as error:
        raise StoreError(f"{folder}: can't be created: {error.strerror}.") from error
