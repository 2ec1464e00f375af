"""Networks as ONNX models: converted once from the files of the packages that bring them, and kept."""

import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from familiar.errors import FamiliarError
from familiar.filesystem.regular_files import read_regular

if TYPE_CHECKING:
    import onnx

_DIGEST = 32
"""Bytes of a SHA-256."""

_VERSION = 1
"""Goes up when a conversion changes, so that models of before are converted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """A file of a package: the SHA-256 that it should have, and the release of the package that has it."""

    package: str
    release: str
    file: str
    hash: str

    def path(self) -> Path:
        """Return where the file lies. The package is found, not imported.

        Raises:
            FamiliarError: it is missing.
        """
        spec = importlib.util.find_spec(self.package)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            path = Path(folder, self.file)
            if path.is_file():
                return path
        raise FamiliarError(f"The model {self.file} of {self.package} is missing: install that package again.")

    def read(self, path: Path) -> bytes:
        """Return what the file at this path has.

        Raises:
            FamiliarError: that is something else than it should be.
        """
        data = read_regular(path)
        actual = hashlib.sha256(data).hexdigest()
        if actual != self.hash:
            raise FamiliarError(
                f"{path}: not the file of {self.release} (its SHA-256 is {actual}, and should be {self.hash}): install "
                "that package again"
            )
        return data

    def checked_path(self) -> Path:
        """Return where the file lies, for those who read it themselves.

        Raises:
            FamiliarError: it is missing, or another one.
        """
        path = self.path()
        self.read(path)
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network: the file that it comes from, and how that is converted."""

    source: PackageFile
    convert: Callable[[bytes], "onnx.ModelProto"]


def model_of(network: Network, folder: Path, *, path: Path | None = None) -> bytes:
    """Return the ONNX model of a network, converting it if `folder` does not have it yet, or damaged.

    Args:
        network: which one.
        folder: where converted models are kept.
        path: the file to convert; by default that of the package.

    Raises:
        FamiliarError: the source is missing or another file than is known, or the model can't be written.
    """
    path = path or network.source.path()
    try:
        data = network.source.read(path)
        return kept(f"{path.stem}-{network.source.hash[:12]}", folder, lambda: network.convert(data))
    except OSError as error:
        raise FamiliarError(f"{error.filename}: {error.strerror}") from error


def kept(name: str, folder: Path, make: Callable[[], "onnx.ModelProto"]) -> bytes:
    """Return the model of this name in `folder`, making it if it is not there yet, or not as it was written.

    A file has the SHA-256 of the model, and the model.
    """
    path = folder / f"{name}-{_VERSION}.model"
    data = read_regular(path) if path.is_file() else b""
    digest, model = data[:_DIGEST], data[_DIGEST:]
    if hashlib.sha256(model).digest() != digest:
        model = make().SerializeToString()
        _write(path, hashlib.sha256(model).digest() + model)
    return model


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
