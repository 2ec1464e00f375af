import os
from pathlib import Path

import pytest

from familiar.effects.results import check_result, result_file
from familiar.errors import RetryError, UsageError


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with result_file(path, replace=False) as file:
        file.write(b"a")
        assert not path.exists()
    assert path.read_bytes() == b"a"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_nothing_and_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    with pytest.raises(error), result_file(path, replace=True) as file:
        file.write(b"new")
        raise error
    assert [found.read_bytes() for found in tmp_path.iterdir()] == [b"old"]


def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with pytest.raises(UsageError, match=r"out.csv: exists already"), result_file(path, replace=False) as file:
        file.write(b"new")
        path.write_bytes(b"other")
    assert path.read_bytes() == b"other"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_and_the_file_that_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_bytes(b"old")
    link = tmp_path / "link.csv"
    link.symlink_to("real.csv")
    with result_file(link, replace=True) as file:
        file.write(b"new")
    assert (link.is_symlink(), (tmp_path / "real.csv").read_bytes()) == (True, b"new")


def test_what_can_not_be_written_is_said() -> None:
    with pytest.raises(RetryError, match=r"/dev/full/x: can't be written: Not a directory"):  # noqa: SIM117
        with result_file(Path("/dev/full/x"), replace=False) as file:
            file.write(b"new")


def test_what_may_not_be_written_is_said_before_any_work(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    check_result(file, force=False)
    file.write_bytes(b"ours")
    check_result(file, is_ours=lambda path: path.read_bytes() == b"ours", force=False)
    check_result(file, force=True)
    with pytest.raises(UsageError, match=r"out.csv: exists already; name another file, or replace it with --force"):
        check_result(file, force=False)
    with pytest.raises(UsageError, match=r"none: there is no such folder"):
        check_result(tmp_path / "none" / "out.csv", force=False)
    for odd in (tmp_path, Path(os.devnull)):
        with pytest.raises(UsageError, match=r"is no regular file; name a new one"):
            check_result(odd, force=True)
