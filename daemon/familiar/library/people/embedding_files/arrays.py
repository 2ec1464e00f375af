"""Read arrays from .npy and .npz files of any origin.

Nothing is unpickled, and nothing that a file only claims takes memory: a header is read before its array, and an array
piece by piece, as far as it is there.
"""

import io
import math
import os
import stat
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from familiar.errors import UsageError
from familiar.filesystem.regular_files import open_regular

Array: TypeAlias = npt.NDArray[Any]

MOST_MEBIBYTES = 128
"""What one array may take: 131,072 embeddings in double precision, four times as many in half precision."""

HOW_TO_SAVE = "np.savez(FILE, embeddings=embeddings, paths=np.array(paths, dtype=str))"
"""Writes a pair of arrays without pickle."""

_MOST_ARRAYS = 2
_MODEL = "model.npy"
"""The member of an .npz file that names the model of the embeddings."""
_ZIP = b"PK\x03\x04"
_PLAIN = frozenset("fUS")
"""Kinds of arrays that are read: floats, and strings of characters or bytes."""
_LENGTHS = {1: 2, 2: 4}
"""Bytes of the length of a header, by the version of the format; the third is for structures alone (NEP 1)."""
_LONGEST_HEADER = 10_000
_PIECE = 1 << 20
_BAD_HEADER = (ValueError, TypeError, KeyError, SyntaxError, MemoryError, RecursionError, tokenize.TokenError)
_BAD_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error)

_END = struct.Struct("<4s8xLLH")
"""The last record of an archive: its mark, size and place of the directory, length of a comment (APPNOTE 4.3.16)."""
_END_MARK = b"PK\x05\x06"
_WIDE_BYTES = 20
_WIDE_MARK = b"PK\x06\x07"
"""Begins the record before it, in archives of more than 4 GiB, or that say so (APPNOTE 4.3.15)."""
_LARGEST_DIRECTORY = 1 << 12


class _WrongError(Exception):
    """What is wrong with a file."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArrayFile:
    """The arrays in a file, one or two; and beside them the array `model` of an .npz file, if it has one."""

    arrays: tuple[Array, ...]
    model: Array | None = None


def read_arrays(path: Path) -> ArrayFile:
    """Return the arrays in a file: saved one after the other in a .npy file, or the members of an .npz.

    Raises:
        UsageError: it can't be read, or holds something else.
    """
    try:
        with _opened(path) as file:
            return _arrays(file)
    except _WrongError as error:
        raise UsageError(f"{path}: {error}.") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a regular file; opening a pipe would wait."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _WrongError("is a folder" if path.is_dir() else "is not a regular file")
        with open_regular(path) as file:
            yield file
    except FileNotFoundError as error:
        raise _WrongError("the file does not exist") from error
    except OSError as error:
        raise _WrongError(f"can't be read: {error.strerror or error}") from error


def _arrays(file: IO[bytes]) -> ArrayFile:
    head = file.read(len(npy.MAGIC_PREFIX))
    file.seek(0)
    if head == npy.MAGIC_PREFIX:
        return _one_after_the_other(file)
    if head.startswith(_ZIP):
        return _members(file)
    raise _WrongError("is not a .npy or .npz file")


def _one_after_the_other(file: IO[bytes]) -> ArrayFile:
    size = os.fstat(file.fileno()).st_size
    arrays: list[Array] = []
    while file.tell() < size:
        if len(arrays) == _MOST_ARRAYS:
            raise _WrongError("has more than two arrays")
        arrays.append(_array(file))
    return ArrayFile(arrays=tuple(arrays))


def _members(file: IO[bytes]) -> ArrayFile:
    """Return the arrays in an archive; members that are packed small are still read only as far as they may go."""
    _check_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if member.filename != _MODEL]
            models = [member for member in archive.infolist() if member.filename == _MODEL]
            if not 1 <= len(members) <= _MOST_ARRAYS or len(models) > 1:
                raise _WrongError(f"has {len(members)} arrays; it must have one or two")
            return ArrayFile(
                arrays=tuple(_member(archive, member) for member in members),
                model=_member(archive, models[0]) if models else None,
            )
    except _BAD_ARCHIVE as error:
        raise _WrongError("is not a complete .npz file") from error


def _check_directory(file: IO[bytes]) -> None:
    """Check the size of an archive's directory, which is read as a whole when the archive is opened."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _WIDE_BYTES - _END.size))
    end = file.read().rjust(_WIDE_BYTES + _END.size)
    mark, directory, _, comment = _END.unpack_from(end, _WIDE_BYTES)
    if mark != _END_MARK or comment:  # numpy leaves none
        raise _WrongError("is not a complete .npz file")
    if directory > _LARGEST_DIRECTORY or end.startswith(_WIDE_MARK):
        raise _WrongError("has more than two arrays")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise _WrongError("is compressed in a way that NumPy does not use")
    with archive.open(member) as file:
        found = _array(file)
        if file.read(1):  # which at the end compares the checksum, too
            raise _WrongError(f"has something after the array {member.filename!r}")
    return found


def _array(file: IO[bytes]) -> Array:
    shape, in_columns, dtype = _header(file)
    if dtype.hasobject:
        raise _WrongError(
            f"has an array of Python objects, which are never unpickled; save plain arrays: {HOW_TO_SAVE}"
        )
    if dtype.kind not in _PLAIN:
        raise _WrongError(f"has an array of {dtype}, which is neither floats (embeddings) nor strings (paths)")
    size = math.prod(shape) * dtype.itemsize
    if size > MOST_MEBIBYTES << 20:
        raise _WrongError(
            f"has an array of shape {shape}, {dtype}, which takes {size >> 20} MiB; "
            f"at most {MOST_MEBIBYTES} MiB are read"
        )
    data = _read(file, size)
    if len(data) < size:
        raise _WrongError(
            f"is not complete: an array of shape {shape}, {dtype}, takes {size} bytes, but there are {len(data)}"
        )
    try:
        found = np.frombuffer(data, dtype) if size else np.empty(shape, dtype)
        return found.reshape(shape, order="F" if in_columns else "C")
    except ValueError as error:
        raise _WrongError(f"has an array of shape {shape}, {dtype}, which is impossible: {error}") from error


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether columns come first, and type of the array that comes next."""
    start = _read(file, len(npy.MAGIC_PREFIX) + 2)
    version = start[-2] if start.startswith(npy.MAGIC_PREFIX) else None
    if version not in _LENGTHS:
        raise _WrongError("has something other than plain NumPy arrays")
    prefix = _read(file, _LENGTHS[version])
    length = int.from_bytes(prefix, "little")
    text = _read(file, min(length, _LONGEST_HEADER))
    parse = npy.read_array_header_1_0 if version == 1 else npy.read_array_header_2_0
    try:
        if len(text) < length:
            raise ValueError("not whole, or longer than any header")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python 2
            shape, in_columns, dtype = parse(io.BytesIO(prefix + text))
        if min(shape, default=0) < 0:
            raise ValueError("less than nothing")
    except _BAD_HEADER as error:
        raise _WrongError("has an array whose header can't be read") from error
    return shape, in_columns, dtype


def _read(file: IO[bytes], size: int) -> bytes:
    """Return `size` bytes, or as many as there are; memory grows with what is read."""
    data = bytearray()
    while len(data) < size and (piece := file.read(min(size - len(data), _PIECE))):
        data += piece
    return bytes(data)
