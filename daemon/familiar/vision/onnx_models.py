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

if TYPE_CHECKING:
    import onnx

_VERSION = 1
"""Goes up when a conversion changes, so that models of before are converted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network: the package that brings it, its file there, the SHA-256 of that, and how it is converted.

    `release` is the package with the version that has this file.
    """

    package: str
    release: str
    file: str
    hash: str
    convert: Callable[[bytes], "onnx.ModelProto"]


def package_file(package: str, file: str) -> Path:
    """Return where a file of a package lies. The package is found, not imported.

    Raises:
        FamiliarError: it is missing.
    """
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder, file)
        if path.is_file():
            return path
    raise FamiliarError(f"The model {file} of {package} is missing: install that package again.")


def model_path(network: Network, folder: Path, *, source: Path | None = None) -> Path:
    """Return the ONNX model of a network, converting it if `folder` does not have it yet.

    Args:
        network: which one.
        folder: where converted models are kept.
        source: the file to convert; by default that of the package.

    Raises:
        FamiliarError: the source is missing or another file than is known, or the model can't be written.
    """
    source = source or package_file(network.package, network.file)
    try:
        data = source.read_bytes()
        actual = hashlib.sha256(data).hexdigest()
        if actual != network.hash:
            raise FamiliarError(
                f"{source}: not the file of {network.release} (its SHA-256 is {actual}, and should be "
                f"{network.hash}): install that package again"
            )
        return kept_path(f"{source.stem}-{actual[:12]}", folder, lambda: network.convert(data))
    except OSError as error:
        raise FamiliarError(f"{error.filename}: {error.strerror}") from error


def kept_path(name: str, folder: Path, make: Callable[[], "onnx.ModelProto"]) -> Path:
    """Return the model of this name in `folder`, making it if it is not there yet."""
    path = folder / f"{name}-{_VERSION}.onnx"
    if not path.is_file():
        _write(path, make().SerializeToString())
    return path


def _write(path: Path, data: bytes) -> None:
    """Write a file in one step: several workers may do so at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".onnx")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
