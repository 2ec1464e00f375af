from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from support.disks import MEMORY, other_than


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk: here it is tested what the kernel says of files."""
    disk = other_than(MEMORY) if MEMORY in tmp_path.parents else None
    if disk is None:
        yield tmp_path
        return
    with TemporaryDirectory(dir=disk) as folder:
        yield Path(folder)
