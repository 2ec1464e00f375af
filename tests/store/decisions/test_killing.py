"""A process that is killed in the middle of a decision about people, or of its undo."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from familiar.store.store import Store
from support.album import Album, Rows, ticking

ACTS: dict[str, Callable[[Store], object]] = {
    "rename": lambda store: store.decisions.people.rename("Ann", "Anna"),
    "merge": lambda store: store.decisions.people.merge("Ann", "Bob"),
    "remove": lambda store: store.decisions.people.remove("Ann"),
}


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """The state folder of a store that knows Ann and Bob by clusters, references and a refusal."""
    folder = tmp_path / "original"
    folder.mkdir()
    with Album.at(folder) as album:
        ann, bob, other = album.clusters(3, 2, 2)
        album.store.decisions.clusters.name(ann, "Ann", references=album.members(ann))
        album.store.decisions.clusters.name(bob, "Bob", references=album.members(bob))
        album.store.decisions.clusters.refuse(other, "Ann")
        album.import_references("Ann", 2)
    return folder


def rows_in(folder: Path) -> Rows:
    with Album.at(folder) as album:
        return album.rows()


def dies(path: Path, act: Callable[[Store], object], statement: int) -> bool:
    """Act in a process that is killed before the n-th statement that SQLite runs; return whether it got so far."""
    child = os.fork()
    if child == 0:
        left = [statement]

        def count(_sql: str) -> None:
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

        try:
            store = Store(path, now=ticking())
            store._db.conn.set_trace_callback(count)
            act(store)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("what", ACTS)
def test_killed_at_any_statement_a_decision_or_its_undo_is_done_as_a_whole_or_not_at_all(
    original: Path, tmp_path: Path, what: str
) -> None:
    before = rows_in(original)
    decided = tmp_path / "decided"
    shutil.copytree(original, decided)
    with Store(decided / "familiar.db", now=ticking()) as store:
        ACTS[what](store)
    after = rows_in(decided)
    assert after != before
    assert killed_everywhere(original, tmp_path / "decide", ACTS[what]) == [before, after]
    assert killed_everywhere(decided, tmp_path / "undo", lambda store: store.decisions.undo()) == [after, before]


def killed_everywhere(folder: Path, scratch: Path, act: Callable[[Store], object]) -> list[Rows]:
    """Kill at each statement in turn; return the states in which the store was found, each once."""
    states: list[Rows] = []
    statement, died = 0, True
    while died:
        shutil.copytree(folder, scratch)
        died = dies(scratch / "familiar.db", act, statement)
        found = rows_in(scratch)
        if found not in states:
            states.append(found)
        shutil.rmtree(scratch)
        statement += 1
    assert statement > 5
    return states
