"""All known faces are matched again in short transactions."""

import sqlite3
from contextlib import closing
from pathlib import Path

from familiar.library.recognition import Recogniser
from familiar.settings import MatchingSettings
from familiar.store.store import Store
from support.large_store import ENGINE, fill


def test_others_write_while_all_faces_are_matched_again(tmp_path: Path) -> None:
    path = tmp_path / "familiar.db"
    told: list[int] = []

    def write(done: int, _total: int) -> None:
        told.append(done)
        with closing(sqlite3.connect(path, timeout=0)) as other, other:  # which waits for nobody
            other.execute("UPDATE facts SET value = value WHERE name = 'people version'")

    with Store(path) as store:
        fill(store, photos=1000, faces=4500, people=3)
        Recogniser(store, MatchingSettings(), ENGINE).rematch(write)
    assert [*dict.fromkeys(told)] == [0, 2000, 4000, 4500]
