"""What several tests of the service share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.arrivals import ArrivalBench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ArrivalBench]:
    with ArrivalBench.at(tmp_path) as made:
        yield made
