"""Who writes a file is noticed before it is taken for complete, or removed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from familiar.filesystem import writers
from familiar.filesystem.writers import is_open_for_writing, kept_away


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"a photo")
    return path


def test_a_file_is_open_for_writing_as_long_as_a_program_has_it_so(photo: Path) -> None:
    assert not is_open_for_writing(photo)
    with photo.open("rb"):
        assert not is_open_for_writing(photo)
    with photo.open("ab"):
        assert is_open_for_writing(photo)
    assert not is_open_for_writing(photo)


def test_only_files_count_as_open_for_writing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert not is_open_for_writing(tmp_path / "pipe")
    assert not is_open_for_writing(tmp_path / "nothing")
    assert not is_open_for_writing(tmp_path)


def test_who_wants_to_write_waits_until_the_file_is_given_back_and_is_noticed(photo: Path) -> None:
    descriptor = os.open(photo, os.O_RDONLY)
    try:
        with kept_away(descriptor) as is_wanted:
            assert not is_wanted()
            with pytest.raises(BlockingIOError):
                os.open(photo, os.O_WRONLY | os.O_NONBLOCK)
            assert is_wanted()
        os.close(os.open(photo, os.O_WRONLY | os.O_NONBLOCK))
    finally:
        os.close(descriptor)


def test_where_there_is_no_lease_a_writer_is_found_among_the_processes(photo: Path) -> None:
    program = "import sys; file = open(sys.argv[1], sys.argv[2]); print(flush=True); sys.stdin.read()"
    descriptor = os.open(photo, os.O_RDONLY)
    try:
        for mode, is_writer in (("rb", False), ("ab", True)):
            with subprocess.Popen(
                [sys.executable, "-c", program, photo, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            ) as process:
                assert process.stdout is not None
                process.stdout.readline()
                assert writers._is_written(descriptor) == is_writer
    finally:
        os.close(descriptor)
