"""Networks as ONNX models: converted once from the files of their packages, and cached."""

import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from familiar.errors import FamiliarError
from familiar.filesystem.regular_files import open_regular, read_regular

if TYPE_CHECKING:
    import onnx

_DIGEST = 32
"""Bytes of a SHA-256."""

_VERSION = 4
"""Increased when a conversion changes, so that cached models are converted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """A file of a package: the SHA-256 that it should have, and the release of the package that has it."""

    package: str
    release: str
    file: str
    hash: str

    def path(self) -> Path:
        """Return the path of the file. The package is found, not imported.

        Raises:
            FamiliarError: it is missing.
        """
        spec = importlib.util.find_spec(self.package)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            path = Path(folder, self.file)
            if path.is_file():
                return path
        raise FamiliarError(f"The model {self.file} of {self.package} is missing; reinstall that package.")

    def read(self, path: Path) -> bytes:
        """Return the content of the file at this path.

        Raises:
            FamiliarError: the content is not the expected one.
        """
        data = read_regular(path)
        actual = hashlib.sha256(data).hexdigest()
        if actual != self.hash:
            raise FamiliarError(
                f"{path}: not the file of {self.release} (its SHA-256 is {actual}, expected {self.hash}); reinstall "
                "that package"
            )
        return data

    def checked_path(self) -> Path:
        """Return the path of the file, for callers that read it themselves.

        Raises:
            FamiliarError: it is missing, or not the expected one.
        """
        path = self.path()
        self.read(path)
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network: the file that it comes from, and how that is converted.

    `part` names it where several networks come from one file.
    """

    source: PackageFile
    convert: Callable[[bytes], "onnx.ModelProto"]
    part: str = ""


def model_of(network: Network, folder: Path) -> bytes:
    """Return the ONNX model of a network; as `models_of`."""
    return next(models_of([network], folder))


def models_of(networks: Sequence[Network], folder: Path, *, path: Path | None = None) -> Iterator[bytes]:
    """Give the ONNX models of networks from one file, converting what `folder` does not have, or has damaged copies of.

    The file is read and checked, once, if something has to be converted: a model in `folder` is named by the hash of
    the file that it comes from, whatever is in its place now.

    Args:
        networks: which ones.
        folder: where converted models are kept.
        path: the file to convert; by default that of the package.

    Raises:
        FamiliarError: the source is missing or not the expected file, or the model can't be written.
    """
    source = networks[0].source
    path = path or source.path()
    read = cache(partial(source.read, path))
    try:
        for network in networks:
            name = "-".join(filter(None, [path.stem, source.hash[:12], network.part]))
            yield kept(name, folder, partial(_converted, network, read))
    except OSError as error:
        raise FamiliarError(f"{error.filename}: {error.strerror}") from error


def _converted(network: Network, read: Callable[[], bytes]) -> "onnx.ModelProto":
    return network.convert(read())


def kept(name: str, folder: Path, make: Callable[[], "onnx.ModelProto"]) -> bytes:
    """Return the model of this name in `folder`, creating it if it is missing or was changed.

    A file has the SHA-256 of the model, and the model. Those of earlier conversions are removed.
    """
    path = folder / f"{name}-{_VERSION}.model"
    digest, model = _read(path) if path.is_file() else (b"", b"")
    if hashlib.sha256(model).digest() != digest:
        model = make().SerializeToString()
        _write(path, hashlib.sha256(model).digest() + model)
        for former in range(1, _VERSION):
            path.with_name(f"{name}-{former}.model").unlink(missing_ok=True)
    return model


def _read(path: Path) -> tuple[bytes, bytes]:
    """Return the two parts of a file: models are large, and are not copied."""
    with open_regular(path) as file:
        return file.read(_DIGEST), file.read()


def _write(path: Path, data: bytes) -> None:
    """Write a file in one step: several workers may do so at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".model")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
