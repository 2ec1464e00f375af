import os
import resource
from pathlib import Path

import pytest

from familiar.effects.replacing import replace_files
from familiar.errors import FamiliarError


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_files_get_their_contents_in_folders_that_are_made(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")
    replace_files({tmp_path / "a.txt": b"new", tmp_path / "deep" / "er" / "b.txt": b"too"})
    assert tree(tmp_path) == {"a.txt": b"new", "deep/er/b.txt": b"too"}


def test_where_one_file_can_not_be_written_none_has_changed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")
    (tmp_path / "b.txt").mkdir()
    with pytest.raises(FamiliarError, match=r"b\.txt: can't be written: Is a directory\.$"):
        replace_files({tmp_path / "a.txt": b"new", tmp_path / "b.txt": b"too"})
    assert tree(tmp_path) == {"a.txt": b"old"}


def test_a_disk_that_fills_midway_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
            signal_ignored()
            replace_files({tmp_path / "a.txt": b"new", tmp_path / "b.txt": b"x" * 5000})
        except FamiliarError as error:
            os._exit(7 if "b.txt: can't be written: File too large" in str(error) else 8)
        finally:
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert tree(tmp_path) == {"a.txt": b"old"}


def signal_ignored() -> None:
    import signal  # noqa: PLC0415

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
