"""Operations are read from the journal as they were written."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from familiar.effects.journal import Outcome, Reservation, Step
from familiar.model import Box, Copy, Crop, Photo, Plan
from familiar.store.store import Store

PHOTO = Photo(hash="ab" * 32, format="PNG", width=9, height=9, taken=None, engine="test")
BOX = Box(left=1, top=2, right=3, bottom=4)
whole = st.integers(0, 10_000)


@st.composite
def crops(draw: st.DrawFn) -> Crop:
    return Crop(
        target=Path("/faces") / f"{draw(whole)}.png",
        rule="r",
        box=Box(left=draw(whole), top=draw(whole), right=draw(whole), bottom=draw(whole)),
        margin=draw(st.floats(0, 10)),
        size=draw(st.none() | whole),
        time=draw(st.none() | st.floats(0, 100)),
        square=draw(st.none() | st.booleans()),
        landmarks=tuple(draw(st.lists(st.tuples(whole, whole), max_size=5))),
        quality=draw(st.none() | st.integers(1, 100)),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(crops())
def test_a_crop_is_read_as_it_was_written(store: Store, crop: Crop) -> None:
    plan_id = store.journal.record(store.photos.record(PHOTO), Path("/in/a.jpg"), Plan(operations=(crop,)))
    (step,) = store.journal.steps(plan_id)
    assert step.operation == crop


def test_a_crop_of_an_older_journal_is_the_one_that_it_was(store: Store) -> None:
    crop = Crop(target=Path("/a.png"), rule="r", box=BOX, margin=0.4, size=64)
    plan_id = store.journal.record(store.photos.record(PHOTO), Path("/in/a.jpg"), Plan(operations=(crop,)))
    older = json.dumps({"box": [1, 2, 3, 4], "margin": 0.4, "size": 64})
    store._db.conn.execute("UPDATE operations SET parameters = ?", (older,))
    (step,) = store.journal.steps(plan_id)
    assert step.operation == crop


def test_a_crop_that_was_taken_back_counts_as_such_until_it_is_made_again(store: Store, tmp_path: Path) -> None:
    photo = store.photos.record(PHOTO)
    crop = Crop(target=tmp_path / "a.png", rule="r", box=BOX, margin=0.4, size=64)

    def made(state: Literal["done", "kept"]) -> Step:
        plan_id = store.journal.record(photo, Path("/in/a.jpg"), Plan(operations=(crop,)))
        (step,) = store.journal.steps(plan_id)
        temporary = tmp_path / "a.tmp"
        reservation = Reservation(source=step.path, target=crop.target, temporary=temporary, hash="cd" * 32)
        store.journal.reserve(step, reservation)
        store.journal.finish(step, Outcome(state=state, target=crop.target))
        return store.journal.step(step.id)

    first = made("done")
    made("kept")
    assert store.journal.undone_targets(tmp_path, Crop) == set()
    store.journal.finish_undo(first, None)
    assert store.journal.undone_targets(tmp_path, Crop) == {crop.target}
    assert store.journal.undone_targets(tmp_path / "a", Crop) == set()
    made("done")
    assert store.journal.undone_targets(tmp_path, Crop) == set()


def test_started_operations_of_a_killed_command_are_completed_and_the_rest_is_abandoned(store: Store) -> None:
    photo, copies = store.photos.record(PHOTO), [Copy(target=Path(f"/out/{number}.jpg"), rule="r") for number in "ab"]
    plan = Plan(operations=tuple(copies))
    begun, waiting = store.journal.record_batch([(photo, Path("/in/a.jpg"), plan)] * 2)
    by_rules = store.journal.record(photo, Path("/in/a.jpg"), plan)
    step = store.journal.steps(begun)[0]
    target, temporary = Path("/out/a.jpg"), Path("/out/t")
    reservation = Reservation(source=step.path, target=target, temporary=temporary, hash="a" * 64)
    store.journal.reserve(step, reservation)
    assert store.journal.settle_batches() == [begun]
    states = {plan_id: [step.state for step in store.journal.steps(plan_id)] for plan_id in (begun, waiting, by_rules)}
    assert states == {
        begun: ["doing", "planned"],
        waiting: ["refused", "refused"],
        by_rules: ["planned", "planned"],
    }
    assert {step.error for step in store.journal.steps(waiting)} == {"the command was killed before this operation"}


@pytest.mark.parametrize(("ahead", "is_due"), [(timedelta(days=700), True), (timedelta(minutes=30), False)])
def test_an_operation_that_failed_while_the_clock_ran_ahead_is_tried_again_when_it_is_right(
    tmp_path: Path, ahead: timedelta, *, is_due: bool
) -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    times = [noon + ahead]
    with Store(tmp_path / "familiar.db", now=lambda: times[0]) as store:
        copies = Plan(operations=tuple(Copy(target=Path(f"/to/{name}.jpg"), rule="r") for name in "ab"))
        plan_id = store.journal.record(store.photos.record(PHOTO), Path("/in/a.jpg"), copies)
        store.journal.finish(store.journal.steps(plan_id)[0], Outcome(state="failed", error="no", retry_in=3600))
        assert store.journal.open_plans(times[0]) == []
        times[0] = noon
        assert store.journal.open_plans(noon) == ([plan_id] if is_due else [])


def test_what_is_open_is_found_without_going_through_all_operations(store: Store) -> None:
    operation = Copy(target=Path("/out/a.jpg"), rule="r")
    plan_id = store.journal.record(store.photos.record(PHOTO), Path("/in/a.jpg"), Plan(operations=(operation,)))
    (step,) = store.journal.steps(plan_id)
    statements: list[str] = []
    store._db.conn.set_trace_callback(statements.append)
    store.journal.open_plans(store.now())
    store.journal.undo_requests()
    store.journal.open_counts()
    store.journal.failures()
    store.journal.waiting()
    store.journal.open_for(1)
    store.journal.settle_batches()
    store.journal.is_awaited(Path("/in/a.xmp"), elsewhere=step)
    store.journal.steps_with(Path("/in/a.jpg"), Path("/in/a.xmp"))
    store._db.conn.set_trace_callback(None)
    for statement in statements:
        plan = [str(row[3]) for row in store._db.conn.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert not [part for part in plan if part.startswith(("SCAN operations", "SCAN one"))], (statement, plan)


def test_what_failed_is_tried_at_once_where_that_is_asked_for_and_what_waits_is_not(tmp_path: Path) -> None:
    with Store(tmp_path / "familiar.db") as store:
        copies = Plan(operations=(Copy(target=Path("/to/a.jpg"), rule="r"),))
        photo_id = store.photos.record(PHOTO)
        plans = [store.journal.record(photo_id, Path("/in/a.jpg"), copies) for _ in range(2)]
        failed, waiting = (step for plan_id in plans for step in store.journal.steps(plan_id))
        store.journal.finish(failed, Outcome(state="failed", error="no", retry_in=3600))
        store.journal.finish(waiting, Outcome(state="waiting", error="later", retry_in=600))
        assert store.journal.open_plans(store.now()) == []
        for plan_id in plans:
            store.journal.try_now(plan_id)
        assert store.journal.open_plans(store.now()) == [plans[0]]
        assert [step.id for step in store.journal.open_for(photo_id)] == [failed.id, waiting.id]


def test_an_undo_that_was_put_off_while_the_clock_ran_ahead_is_completed_when_it_is_right(tmp_path: Path) -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    times = [noon + timedelta(days=700)]
    with Store(tmp_path / "familiar.db", now=lambda: times[0]) as store:
        copy = Plan(operations=(Copy(target=Path("/to/a.jpg"), rule="r"),))
        plan_id = store.journal.record(store.photos.record(PHOTO), Path("/in/a.jpg"), copy)
        (step,) = store.journal.steps(plan_id)
        target, temporary = Path("/to/a.jpg"), Path("/to/.a")
        reservation = Reservation(source=step.path, target=target, temporary=temporary, hash="cd" * 32)
        store.journal.reserve(step, reservation)
        store.journal.finish(step, Outcome(state="done", target=Path("/to/a.jpg")))
        store.journal.request_undo([step.id])
        store.journal.postpone_undo(step, "no", retry_in=3600)
        assert store.journal.undo_requests() == []
        times[0] = noon
        assert [one.id for one in store.journal.undo_requests()] == [step.id]
