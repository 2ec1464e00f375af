"""Networks as ONNX models: converted once from the files of their packages, and cached."""

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

_VERSION = 3
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


def model_of(network: Network, folder: Path, *, path: Path | None = None) -> bytes:
    """Return the ONNX model of a network, converting it if `folder` does not have it, or its copy is damaged.

    Args:
        network: which one.
        folder: where converted models are kept.
        path: the file to convert; by default that of the package.

    Raises:
        FamiliarError: the source is missing or not the expected file, or the model can't be written.
    """
    path = path or network.source.path()
    try:
        data = network.source.read(path)
        name = "-".join(filter(None, [path.stem, network.source.hash[:12], network.part]))
        return kept(name, folder, lambda: network.convert(data))
    except OSError as error:
        raise FamiliarError(f"{error.filename}: {error.strerror}") from error


def kept(name: str, folder: Path, make: Callable[[], "onnx.ModelProto"]) -> bytes:
    """Return the model of this name in `folder`, creating it if it is missing or was changed.

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
