import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.disks import other_than
from support.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    made = Workbench.at(tmp_path)
    yield made
    made.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than `tmp_path`."""
    other = other_than(tmp_path)
    if other is None:
        pytest.skip("there is no second file system to write to")
    folder = Path(tempfile.mkdtemp(dir=other))
    yield folder
    shutil.rmtree(folder)
