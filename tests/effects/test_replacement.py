import os
import resource
from pathlib import Path

import pytest

from familiar.effects.replacement import replace_files, whole_file
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


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with whole_file(path, replace=False) as file:
        file.write(b"a")
        assert not path.exists()
    assert path.read_bytes() == b"a"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_nothing_and_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    with pytest.raises(error), whole_file(path, replace=True) as file:
        file.write(b"new")
        raise error
    assert [found.read_bytes() for found in tmp_path.iterdir()] == [b"old"]


def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with (
        pytest.raises(FamiliarError, match=r"out.csv: can't be written: File exists"),
        whole_file(path, replace=False) as file,
    ):
        file.write(b"new")
        path.write_bytes(b"other")
    assert path.read_bytes() == b"other"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_and_the_file_that_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_bytes(b"old")
    link = tmp_path / "link.csv"
    link.symlink_to("real.csv")
    with whole_file(link, replace=True) as file:
        file.write(b"new")
    assert (link.is_symlink(), (tmp_path / "real.csv").read_bytes()) == (True, b"new")
