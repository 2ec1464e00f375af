"""What several tests of the library share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.album import ANN, BOB, EVE, Album, embedding


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Album]:
    """Ann is registered by photo 1, and is in photo 2 with Bob; Bob is registered by photo 3, and Eve is in photo 4."""
    with Album.at(tmp_path) as opened:
        opened.register(opened.photo(embedding(ANN))[0], "Ann")
        opened.photo(embedding(ANN, 1), embedding(BOB, 1))
        opened.register(opened.photo(embedding(BOB))[0], "Bob")
        opened.photo(embedding(EVE))
        yield opened
