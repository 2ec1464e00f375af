"""Photos that are put into folders at the call of a program."""

import hashlib
from pathlib import Path

import pytest

from familiar import Library
from familiar.effects.hidden import Hidden
from familiar.effects.journal import Reservation
from familiar.model import Move, Photo, Plan
from familiar.store.store import Store


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A photo that a command was about to move when it was killed."""
    path, target = tmp_path / "in" / "a.jpg", tmp_path / "out" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(b"a photo")
    hash_ = hashlib.sha256(b"a photo").hexdigest()
    (tmp_path / "state").mkdir()
    with Store(tmp_path / "state" / "familiar.db") as store:
        photo = Photo(hash=hash_, format="JPEG", width=9, height=9, taken=None, engine="test")
        plan = Plan(operations=(Move(target=target, rule="familiar move", top=target.parent),))
        (plan_id,) = store.journal.record_batch([(store.photos.record(photo), path, plan)])
        (step,) = store.journal.steps(plan_id)
        temporary = target.with_name(Hidden.fresh(step.id).new)
        store.journal.reserve(step, Reservation(source=path, target=target, temporary=temporary, hash=hash_))
    return path


def test_what_a_killed_command_was_about_to_move_is_moved_before_files_are_chosen(tmp_path: Path, begun: Path) -> None:
    with Library.open(tmp_path / "state") as library:
        moved = library.move([begun], tmp_path / "out", ignore_missing=True)
    assert (moved.steps, moved.already_there) == ((), 0)
    assert (tmp_path / "out" / "a.jpg").read_bytes() == b"a photo"
