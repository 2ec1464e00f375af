import subprocess
import sys
from pathlib import Path

import pytest

from faults.armings import Arming, Attempt
from faults.shim import armed, build, calls_in, compiler, preloaded

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")

WORK = "import os, sys; os.write(os.open('a', os.O_CREAT | os.O_WRONLY), b'1234'); os.rename('a', 'b'); os.unlink('b')"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("shim"))


def disturbed(library: Path, folder: Path, arming: str | None) -> subprocess.CompletedProcess[str]:
    log = folder.parent / "log"
    environment = preloaded(library) | armed(library, [folder], None if arming is None else Arming.of(arming), log)
    return subprocess.run(
        [sys.executable, "-c", WORK], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    return made


def test_the_calls_below_a_folder_are_counted_and_no_others(library: Path, folder: Path) -> None:
    assert disturbed(library, folder, None).returncode == 0
    calls = list(calls_in(folder.parent / "log"))
    made = [(call.label, Path(call.one).name, Path(call.two).name) for call in calls if call.label != "stat"]
    assert made == [("create", "a", ""), ("write", "a", ""), ("rename", "a", "b"), ("unlink", "b", "")]


def at(library: Path, folder: Path, label: str) -> int:
    disturbed(library, folder, None)
    log = folder.parent / "log"
    number = next(call.number for call in calls_in(log) if call.label == label)
    log.unlink()
    return number


@pytest.mark.parametrize(("what", "left"), [("kill", ["a"]), ("kill-after", ["b"])])
def test_a_process_is_killed_before_or_after_a_call(library: Path, folder: Path, what: str, left: list[str]) -> None:
    assert disturbed(library, folder, f"{what}@{at(library, folder, 'rename')}").returncode == -9
    assert [path.name for path in folder.iterdir()] == left


@pytest.mark.parametrize(("what", "left"), [("EIO", ["a"]), ("EIO-after", ["b"])])
def test_a_call_reports_an_error_without_or_with_being_done(
    library: Path, folder: Path, what: str, left: list[str]
) -> None:
    result = disturbed(library, folder, f"{what}@{at(library, folder, 'rename')}")
    assert "Input/output error" in result.stderr
    assert [path.name for path in folder.iterdir()] == left


def test_a_write_can_be_short(library: Path, folder: Path) -> None:
    disturbed(library, folder, f"short@{at(library, folder, 'write')}")
    assert [call.result for call in calls_in(folder.parent / "log") if call.label == "write"] == [2]


def test_an_attempt_is_written_as_it_is_read() -> None:
    text = "17 1:kill-after@3 2:EIO*-1@14 3:stop:link-folder*2@9"
    assert str(Attempt.of(text)) == text
    assert Attempt.of(text).arming(2) == Arming("EIO", 14, count=-1)
