import asyncio
import tempfile
from pathlib import Path
from typing import Any, cast

import pytest

from familiar.errors import (
    ChangedError,
    FamiliarError,
    GoneError,
    RetryError,
    SetAsideError,
    WorkerLimitError,
    WorkersError,
)
from familiar.model import Photo
from familiar.vision.remote import calls
from familiar.vision.remote.answers import WorkerAnswer
from familiar.vision.workers.local import LocalWorkers
from familiar.vision.workers.tasks import IndexTask
from support.mounts import mounted

TASK = IndexTask(path=Path("/there/a.dng"), hash="0" * 64, beside_still=False)


class OneError:
    """Workers that raise one error, and note which file they were given, and its content."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.given: tuple[str, bytes] | None = None

    async def look_at(self, task: IndexTask) -> Photo:
        self.given = (task.path.suffix, task.path.read_bytes() if task.path.exists() else b"")
        raise self.error


def asked(error: Exception, content: bytes | None) -> WorkerAnswer:
    return asyncio.run(calls._answered(calls._look(cast("LocalWorkers", OneError(error)), TASK, content)))


@pytest.mark.parametrize(
    ("error", "content", "kind"),
    [
        (SetAsideError("bad"), b"x", "set aside"),
        (ChangedError("other"), b"x", "changed"),
        (ChangedError("other"), None, "unreadable"),  # of a shared folder
        (GoneError("gone"), None, "unreadable"),
        (WorkerLimitError("slow"), b"x", "over limit"),
        (KeyError("an error in a library"), b"x", "over limit"),  # the photo is the reason: its machine looks at it
    ],
)
def test_what_is_wrong_with_a_photo_is_answered_as_that(error: Exception, content: bytes | None, kind: str) -> None:
    answer = asked(error, content)
    assert answer.error is not None
    assert answer.error.kind == kind


@pytest.mark.parametrize("error", [WorkersError("no memory", 5.0), RetryError("can't be read"), GoneError("gone")])
def test_what_is_wrong_with_the_machine_is_no_error_of_a_photo_that_was_sent(error: FamiliarError) -> None:
    assert asked(error, b"x").unusable == str(error)


def test_a_photo_that_is_sent_is_a_file_of_its_kind_while_it_is_analysed() -> None:
    workers: Any = OneError(SetAsideError("bad"))
    asyncio.run(calls._look(workers, TASK, b"content"))
    assert workers.given == (".dng", b"content")


def test_a_worker_whose_disk_is_full_says_so_before_it_gets_a_photo_and_if_it_gets_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    disk.mkdir()
    calls.check_room()
    with mounted(disk, "size=1m"):
        reason = f"photos can't be written to {disk}: No space left on device"
        assert asyncio.run(calls._answered(calls._describe("{}", 1))).unusable == reason
        assert asked(SetAsideError("bad"), bytes(2 << 20)).unusable == reason
        assert not any(disk.iterdir())
