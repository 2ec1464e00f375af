from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from familiar.store.store import Store
from support.album import Album
from support.stores import put_store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(put_store(tmp_path), now=lambda: NOON) as opened:
        yield opened


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Album]:
    with Album.at(tmp_path) as opened:
        yield opened
