"""Replace an earlier export: completely or not at all, and without removing files of anybody else."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from familiar.errors import RetryError, UsageError
from familiar.file_names import number_name
from familiar.filesystem.files import Pulse, no_pulse
from familiar.library.clusters.folders.descriptors import at, is_folder, opened_in
from familiar.library.clusters.folders.face_markers import FaceMarker, crop_name, marked
from familiar.library.clusters.folders.manifest import (
    MANIFEST_NAME,
    ClusterManifest,
    ExportedFace,
    Unfinished,
    read_manifest,
    write_manifest,
)
from familiar.library.clusters.folders.plan import FolderContents
from familiar.library.clusters.folders.removal import sha256_of
from familiar.library.clusters.folders.staging import clear, complete, new_name, stage_crop
from familiar.store.clusters.clusters import ClusterFace

_NOTHING = "nothing was exported"
_NOT_ALL = "the export is incomplete; the next export or import there completes it"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousExport:
    """The earlier export: the manifest, and the crops that are there now, by path, each with its face."""

    manifest: ClusterManifest
    crops: Mapping[str, int]


def former_of(manifest: ClusterManifest, contents: FolderContents) -> PreviousExport:
    """Return the earlier export, from the present content of the folder."""
    faces = ((file.path, file.mark.face if file.mark else file.named) for file in contents.files)
    return PreviousExport(
        manifest=manifest,
        crops={path: face for path, face in faces if face is not None and face in manifest.faces},
    )


class StagedExport:
    """An export that is prepared in a hidden folder."""

    def __init__(self, folder: Path, top: int, former: PreviousExport | None, pulse: Pulse) -> None:
        """Take the folder, held open, and the earlier export in it."""
        self._folder = folder
        self._top = top
        self._former = former
        self._pulse = pulse
        self._name = new_name()
        self._lasts = False

    def begin(self) -> None:
        """Make the hidden folder."""
        with translated(self._folder, _NOTHING):
            os.mkdir(self._name, dir_fd=self._top)
        self._pulse()

    def add(self, name: str, face: ClusterFace, picture: bytes) -> ExportedFace:
        """Write a crop for the folder of this name."""
        data = marked(picture, FaceMarker(face=face.id, photo=face.hash))
        with translated(self._folder, _NOTHING), opened_in(self._top, self._name) as hidden:
            sha256 = stage_crop(hidden, face.id, data)
        self._pulse()
        return ExportedFace(folder=name, cluster=face.cluster, photo=face.hash, sha256=sha256)

    def finish(self, manifest: ClusterManifest) -> tuple[ClusterManifest, tuple[str, ...]]:
        """Replace the earlier crops with the new ones.

        Returns:
            The new manifest, and the earlier crops that were changed and are kept.
        """
        with translated(self._folder, _NOTHING):
            self._check_place()
            manifest = _housed(self._top, manifest)
            proven, kept = self._sift(manifest)
            unfinished = Unfinished(staging=self._name, crops=proven, folders=self._former_folders())
            self._commit(replace(manifest, unfinished=unfinished))
        with translated(self._folder, _NOT_ALL):
            kept += complete(self._top, replace(manifest, unfinished=unfinished), self._write, self._pulse)
        return manifest, tuple(sorted(kept))

    def _commit(self, manifest: ClusterManifest) -> None:
        """Write the manifest; from then on the new crops count."""
        self._lasts = True  # even if the process is interrupted just after that
        try:
            self._write(manifest, new=self._former is None)
        except RetryError:
            self._lasts = False
            raise

    def end(self) -> None:
        """Remove the hidden folder, unless its crops count already."""
        if not self._lasts:
            with suppress(OSError):
                clear(self._top, self._name)

    def _check_place(self) -> None:
        """Check that the folder was not replaced, and that its export was not changed."""
        if not os.path.samestat(self._folder.stat(), os.fstat(self._top)):
            raise RetryError(f"{self._folder}: {_NOTHING}: another folder has replaced it in the meantime.")
        check_unchanged(self._folder, self._former.manifest if self._former else None)

    def _sift(self, manifest: ClusterManifest) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the earlier crops to remove, with what proves that familiar wrote them; and those that are kept.

        A crop that the new export has in the same place is neither.
        """
        proven, kept = {}, []
        for path, face in self._former.crops.items() if self._former else ():
            found = sha256_of(self._top, path)
            new = manifest.faces.get(face)
            if found is None or (new and (f"{new.folder}/{crop_name(face)}", new.sha256) == (path, found)):
                continue
            if found in self._ours(face, new):
                proven[path] = found
            else:
                kept.append(path)
        return proven, tuple(kept)

    def _ours(self, face: int, new: ExportedFace | None) -> set[str | None]:
        """Return the SHA-256 of a face's crop as it was written before, and now: earlier versions recorded none."""
        assert self._former is not None
        return {self._former.manifest.faces[face].sha256, new.sha256 if new else None}

    def _former_folders(self) -> tuple[str, ...]:
        if self._former is None:
            return ()
        above = {path.rpartition("/")[0] for path in self._former.crops}
        return tuple(sorted(above | set(self._former.manifest.folders)))

    def _write(self, manifest: ClusterManifest, *, new: bool = False) -> None:
        write_manifest(self._folder, manifest, place=at(self._top, "."), new=new)
        self._pulse()


def _housed(top: int, manifest: ClusterManifest) -> ClusterManifest:
    """Number the folders whose names are taken by something that is not a folder."""
    names: dict[str, str] = {}
    for name in manifest.folders:
        number, free = 1, name
        while (number > 1 and free in manifest.folders) or _is_taken(top, free):
            number += 1
            free = number_name(name, number)
        names[name] = free
    return ClusterManifest(
        folders={names[name]: one for name, one in manifest.folders.items()},
        faces={face: replace(one, folder=names[one.folder]) for face, one in manifest.faces.items()},
    )


def _is_taken(top: int, name: str) -> bool:
    return os.path.lexists(at(top, name)) and not is_folder(top, name)


@contextmanager
def staging(folder: Path, former: PreviousExport | None = None, pulse: Pulse = no_pulse) -> Iterator[StagedExport]:
    """Prepare an export, in a folder that is made if needed; it is removed again if the export fails.

    Raises:
        RetryError: the folder can't be written for now.
        UsageError: another command exports into the folder, or has done so since `former` was read.
    """
    made = not folder.exists()
    try:
        with translated(folder, _NOTHING):
            folder.mkdir(parents=True, exist_ok=True)
        with held(folder, _NOTHING) as top:
            check_unchanged(folder, former.manifest if former else None)
            stage = StagedExport(folder, top, former, pulse)
            stage.begin()
            try:
                yield stage
            finally:
                stage.end()
    finally:
        if made:
            with suppress(OSError):
                folder.rmdir()  # only if it is empty


@contextmanager
def held(folder: Path, failed: str) -> Iterator[int]:
    """Hold a folder open for a block, and lock it against other commands that export into it.

    Raises:
        UsageError: another command has it.
        RetryError: it can't be opened; the message says what `failed`.
    """
    with translated(folder, failed):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(folder, descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(folder: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(
            f"{folder}: another command of familiar is exporting into it; wait until it has ended."
        ) from error
    except OSError:
        return  # some network shares have no locks on folders


@contextmanager
def translated(folder: Path, failed: str) -> Iterator[None]:
    """Translate errors of the system in a block."""
    try:
        yield
    except NotADirectoryError as error:
        raise RetryError(f"{folder}: {failed}: {error.filename} is not a folder; move it elsewhere.") from error
    except OSError as error:
        raise RetryError(f"{folder}: {failed}: {error.strerror or error}.") from error


def check_unchanged(folder: Path, former: ClusterManifest | None) -> None:
    """Check that nothing was exported into a folder since it was read.

    Raises:
        UsageError: something was exported.
    """
    found = read_manifest(folder) if os.path.lexists(folder / MANIFEST_NAME) else None
    if found != former:
        raise UsageError(f"{folder}: was changed by another export or import in the meantime; export again.")
