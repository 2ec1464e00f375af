"""Standard output that is written completely, or ends the program with an error."""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from familiar.errors import FamiliarError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


_STANDARD_ERROR = 2


class _Checked(io.RawIOBase):
    """A file whose errors the command line shows; after the first error, the rest is dropped."""

    def __init__(self, file: io.FileIO) -> None:
        super().__init__()
        self._file = file
        self._broken = False

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer") -> int | None:
        """Write as much as possible; after an error, buffered data is dropped."""
        if self._broken:
            return memoryview(data).nbytes
        try:
            return self._file.write(data)
        except OSError as error:
            self._broken = True
            if error.errno == errno.EPIPE:
                raise  # the reader has closed the pipe: click ends the program quietly
            from familiar.cli.console.output import CommandError  # noqa: PLC0415 - only here it is needed

            raise CommandError(f"standard output can't be written: {error.strerror}.") from error


def occupy_standard_descriptors() -> None:
    """Open standard descriptors that are closed: a file that is opened must not take the place of standard error."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - it takes no keyword
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = os.fdopen(_STANDARD_ERROR, "w", closefd=False)


def check_standard_output() -> None:
    """Put a buffer that reports errors in front of standard output, even if Python is told not to buffer.

    A raw stream may write only a part, and its caller must notice.
    """
    plain = sys.stdout
    raw = getattr(getattr(plain, "buffer", None), "raw", getattr(plain, "buffer", None))
    if not isinstance(plain, io.TextIOWrapper) or not isinstance(raw, io.FileIO):
        return
    plain.flush()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Checked(raw)),
        encoding=plain.encoding,
        errors=plain.errors,
        line_buffering=plain.line_buffering or plain.write_through,
    )


@contextmanager
def binary_output() -> Iterator[BinaryIO]:
    """Yield standard output for bytes; at the end of the block it is flushed.

    Raises:
        Problem: they can't be written.
        FamiliarError: standard output is closed.
    """
    if sys.stdout is None:  # Python sets None if it is closed
        raise FamiliarError("standard output can't be written: it is closed.")
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()
