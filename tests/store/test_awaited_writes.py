"""Which writes wait until they are on the disk: all but those that can be found out again."""

import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from familiar.library.recognition import Recogniser
from familiar.model import Copy, Plan
from familiar.settings import MatchingSettings
from faults.shim import armed, build, calls_in, compiler
from support.album import ANN, MODEL, Album, embedding
from support.people import add_person

_PROGRAM = "import sys; from store.test_awaited_writes import act; act(*sys.argv[1:])"


def act(state: str, *names: str) -> None:
    """Do these things with a store, and make a folder after each of them."""
    with Album.at(Path(state)) as album:
        add_person(album.store, "Bob")  # the log of SQLite has a beginning
        (Path(state) / "opened").mkdir()
        for number, name in enumerate(names):
            _ACTS[name](album)
            (Path(state) / str(number)).mkdir()


def _record(album: Album) -> None:
    album.photo(embedding(ANN))


def _match(album: Album) -> None:
    Recogniser(album.store, MatchingSettings(), MODEL).recognise(album.photos)


def _fail(album: Album) -> None:
    with pytest.raises(ValueError, match="in between"), album.store.writing(awaited=False):
        album.store.photos.mark_handled(album.photos)
        raise ValueError("in between")


def _plan(album: Album) -> None:
    plan = Plan(operations=(Copy(rule="all", target=Path("/b.jpg")),))
    album.store.journal.record(album.photos, Path("/a.jpg"), plan)


def _decide(album: Album) -> None:
    add_person(album.store, f"person {album.photos}")


_ACTS = {"record": _record, "match": _match, "fail": _fail, "plan": _plan, "decide": _decide}


@pytest.mark.skipif(compiler() is None, reason="no C compiler is there")
@pytest.mark.parametrize(
    ("names", "waits"),
    [
        (["record", "match", "record", "match"], [0, 0, 0, 0]),
        (["record", "match", "plan", "record", "decide"], [0, 0, 1, 0, 1]),
        (["record", "fail", "plan"], [0, 0, 1]),
    ],
)
def test_faces_and_matches_are_not_waited_for_but_with_what_follows_them(
    tmp_path: Path, names: Sequence[str], waits: Sequence[int]
) -> None:
    state, log = tmp_path / "state", tmp_path / "log"
    state.mkdir()
    counted = armed(build(tmp_path), [state], None, log) | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", _PROGRAM, state, *names], env=os.environ | counted, check=True)
    calls = [Path(call.one).name for call in calls_in(log) if call.label in {"fsync", "mkdir"}]
    ends = [calls.index(name) for name in ("opened", *map(str, range(len(names))))]
    found = [calls[start:end].count("familiar.db-wal") for start, end in pairwise(ends)]
    assert found == list(waits)
