from pathlib import Path

import pytest

from running import Household


@pytest.fixture
def household(tmp_path: Path) -> Household:
    return Household(base=tmp_path)
