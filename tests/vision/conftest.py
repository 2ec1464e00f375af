from collections.abc import Iterator

import pytest

from support.pool import Pool


@pytest.fixture(scope="package")
def pool() -> Iterator[Pool]:
    shared = Pool()
    yield shared
    shared.workers.close()
    shared.loop.close()
