"""The real commands are killed at one of their calls, and do the rest when they are given again."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.commands import Home, disturb
from faults.shim import build, compiler
from support.disks import other_than

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    other = other_than(tmp_path)
    if other is None:
        pytest.skip("there is no second file system to write to")
    far = Path(tempfile.mkdtemp(dir=other))
    yield Home.at(tmp_path / "home", far / "disk", build(tmp_path))
    shutil.rmtree(far)


def test_a_scan_and_its_undo_that_are_killed_at_their_calls_do_the_same_as_undisturbed_ones(home: Home) -> None:
    killed, wrong = disturb(home, random.Random(1))
    assert wrong == []
    assert killed >= 2
