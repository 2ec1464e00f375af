"""The hidden folder in which an export is prepared, so that nothing else is changed before all of it is there.

The export counts from the moment when its manifest is written. The manifest says what is still to be done, and
`complete` does it, also after a crash at any instant. Before that moment the folder is unchanged, except for the
staging folder.
"""

import hashlib
import os
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from familiar.filesystem.files import Pulse, no_pulse
from familiar.library.clusters.folders.descriptors import at, entries, is_folder, move_new, opened_in
from familiar.library.clusters.folders.face_markers import HEAD, crop_name, mark_in
from familiar.library.clusters.folders.manifest import SPECIAL, ClusterManifest, Unfinished
from familiar.library.clusters.folders.removal import content_of, give_back, has_sha256, remove_crop, remove_empty

_NAME = re.compile(r"\.familiar-export-[0-9a-f]{8}")
_CROP = re.compile(r"face-([0-9]{6,18})\.([0-9a-f]{64})\.jpg")
_END = b"\xff\xd9"
"""The last bytes of a complete JPEG file."""


def new_name() -> str:
    """Return a new name for a staging folder."""
    return f".familiar-export-{secrets.token_hex(4)}"


def stagings(top: int) -> list[str]:
    """Return the staging folders in a folder; a link or a file of such a name is not one."""
    return sorted(name for name in entries(top) if _NAME.fullmatch(name) and is_folder(top, name))


def stage_crop(staging: int, face: int, data: bytes) -> str:
    """Write a crop into a staging folder, and return its SHA-256. Raises OSError."""
    sha256 = hashlib.sha256(data).hexdigest()
    with at(staging, _staged_name(face, sha256)).open("xb") as file:
        file.write(data)
    return sha256


def clear(top: int, name: str, pulse: Pulse = no_pulse) -> None:
    """Remove the crops in a staging folder, and the folder; move everything else to the folder above.

    Raises:
        OSError: it can't be done.
    """
    with opened_in(top, name) as staging:
        for entry in entries(staging):
            remove_crop(staging, entry, partial(_is_staged, entry), pulse)
        give_back(staging, top)
    remove_empty(top, name)


def complete(
    top: int, manifest: ClusterManifest, write: Callable[[ClusterManifest], None], pulse: Pulse = no_pulse
) -> tuple[str, ...]:
    """Remove the earlier crops, and move those of an export to their folders, as far as that is not done yet.

    Args:
        top: the folder, held open.
        manifest: the manifest of the export, with what is unfinished.
        write: records the progress.
        pulse: called between two steps.

    Returns:
        The earlier crops that were changed and are kept.

    Raises:
        OSError, RetryError: it can't be done for now; another call continues.
    """
    unfinished = manifest.unfinished
    if unfinished is None:
        return ()
    kept = _remove_all(top, manifest, unfinished, pulse)
    # Crops are placed only after all earlier ones are removed: a new one can be the same, at the same path.
    write(replace(manifest, unfinished=replace(unfinished, crops={}, folders=())))
    for name in SPECIAL:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=top)
    with suppress(FileNotFoundError), opened_in(top, unfinished.staging) as staging:
        for folder, crops in _by_folder(manifest).items():
            _place(staging, top, folder, crops, pulse)
    with suppress(FileNotFoundError):
        clear(top, unfinished.staging, pulse)
    write(replace(manifest, unfinished=None))
    return kept


def _remove_all(top: int, manifest: ClusterManifest, unfinished: Unfinished, pulse: Pulse) -> tuple[str, ...]:
    kept = [path for path, sha256 in unfinished.crops.items() if not _remove_former(top, path, sha256, pulse)]
    for folder in sorted(unfinished.folders, key=len, reverse=True):
        if folder not in manifest.folders and folder not in SPECIAL:
            _remove_empty_at(top, folder)
            pulse()
    return tuple(kept)


def _place(staging: int, top: int, folder: str, crops: Mapping[int, str], pulse: Pulse) -> None:
    """Move the crops of a folder into it; one that exists already is not written again."""
    with suppress(FileExistsError):
        os.mkdir(folder, dir_fd=top)
    with opened_in(top, folder) as target:
        for face, sha256 in crops.items():
            staged, name = _staged_name(face, sha256), crop_name(face)
            pulse()
            there = content_of(target, name)
            if there is not None and has_sha256(sha256)(there):
                remove_crop(staging, staged, has_sha256(sha256), pulse)
                continue
            with suppress(FileNotFoundError):  # it was moved before the process was killed
                move_new(staging, staged, target, name)


def _by_folder(manifest: ClusterManifest) -> dict[str, dict[int, str]]:
    grouped: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for face, exported in manifest.faces.items():
        if exported.sha256 is not None:
            grouped[exported.folder][face] = exported.sha256
    return grouped


def _remove_former(top: int, path: str, sha256: str, pulse: Pulse) -> bool:
    """Remove a crop of an earlier export; return False if something else is there, which is kept."""
    folder, _, name = path.rpartition("/")
    pulse()
    try:
        with opened_in(top, folder) as within:
            return remove_crop(within, name, has_sha256(sha256), pulse) or not os.path.lexists(at(within, name))
    except (FileNotFoundError, NotADirectoryError):
        return True


def _remove_empty_at(top: int, path: str) -> None:
    above, _, name = path.rpartition("/")
    if not above:
        remove_empty(top, name)
        return
    with suppress(OSError), opened_in(top, above) as folder:
        remove_empty(folder, name)


def _staged_name(face: int, sha256: str) -> str:
    return f"{Path(crop_name(face)).stem}.{sha256}.jpg"


def _is_staged(name: str, data: bytes) -> bool:
    """Return whether a file in a staging folder is what its name says, or the beginning of it, as after a kill."""
    found = _CROP.fullmatch(name)
    if found is None:
        return False
    if not data or has_sha256(found[2])(data):
        return True
    mark = mark_in(data[:HEAD])
    return mark is not None and mark.face == int(found[1]) and not data.endswith(_END)
