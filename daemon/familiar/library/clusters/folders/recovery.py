"""Recover a folder after an export was killed: complete what counts already, and restore the rest."""

import os
from functools import partial
from pathlib import Path

from familiar.filesystem.files import Pulse, no_pulse
from familiar.library.clusters.folders.descriptors import at, entries, is_folder, opened_in
from familiar.library.clusters.folders.face_markers import HEAD, crop_name, mark_in
from familiar.library.clusters.folders.manifest import MANIFEST_NAME, is_manifest, read_manifest, write_manifest
from familiar.library.clusters.folders.removal import give_back, give_names_back, remove_crop, remove_empty
from familiar.library.clusters.folders.replacement import held, translated
from familiar.library.clusters.folders.staging import clear, complete, stagings

_FAILED = "an interrupted export there can't be completed for now"


def recover(folder: Path, pulse: Pulse = no_pulse) -> None:
    """Complete an export that was interrupted after its manifest was written; remove one that was interrupted before.

    Nothing is done if the folder is new or no export was interrupted in it.

    Raises:
        UsageError: another command is exporting into it, or its manifest is damaged.
        RetryError: it can't be done for now.
    """
    if not os.access(folder, os.R_OK | os.X_OK) or not folder.is_dir():
        return  # the next reader reports what is wrong
    with held(folder, _FAILED) as top, translated(folder, _FAILED):
        give_names_back(top)
        for name in stagings(top):
            _give_old_back(top, name)
        if os.path.lexists(at(top, MANIFEST_NAME)):
            complete(top, read_manifest(folder), partial(write_manifest, folder, place=at(top, ".")), pulse)
        for name in stagings(top):
            clear(top, name, pulse)


def _give_old_back(top: int, name: str) -> None:
    """Undo what earlier versions did: they moved everything to a folder in the hidden one before they removed it."""
    with opened_in(top, name) as staging:
        if is_folder(staging, "new"):
            with opened_in(staging, "new") as new:
                _remove_unused(new)
            remove_empty(staging, "new")
        if is_folder(staging, "old"):
            with opened_in(staging, "old") as old:
                if os.path.lexists(at(top, MANIFEST_NAME)):
                    remove_crop(old, MANIFEST_NAME, is_manifest)
                give_back(old, top)
            remove_empty(staging, "old")


def _remove_unused(new: int) -> None:
    """Remove crops that earlier versions had not moved to their folders yet: nobody has seen them."""
    for name in [name for name in entries(new) if is_folder(new, name)]:
        with opened_in(new, name) as folder:
            for crop in entries(folder):
                remove_crop(folder, crop, partial(_is_crop, crop))
        remove_empty(new, name)


def _is_crop(name: str, data: bytes) -> bool:
    mark = mark_in(data[:HEAD])
    return mark is not None and name == crop_name(mark.face)
