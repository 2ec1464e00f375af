"""What happens to a plan when its photo is no longer where it was planned."""

import asyncio
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from familiar.effects.disks import Disks
from familiar.effects.executor import Executor
from familiar.effects.kinds.write_sidecar import WriteSidecar
from familiar.errors import SettlingError
from familiar.library.companions import CompanionRules
from familiar.library.operations import OperationRunner
from familiar.model import Copy, Link, Move, PhotoOperation, Plan, SidecarContent
from familiar.settings import Settings
from familiar.vision.workers.pool import Workers
from support.log import CheckedLog
from support.mounts import mounted
from support.permissions import without_leases
from support.sidecars import DIGIKAM, LIGHTROOM
from support.studio import Studio
from support.workbench import Death, Workbench, dies_at


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    made = Workbench.at(tmp_path)
    yield made
    made.close()


def performer_of(bench: Workbench, log: CheckedLog, *, out_of_reach: Path | None = None) -> OperationRunner:
    return OperationRunner(
        store=bench.store,
        workers=cast("Workers", Studio()),
        disks=Disks(bench.store.places),
        log=log,
        companions=CompanionRules.of(Settings()),
        is_there=lambda path: path == out_of_reach or path.exists(),
    )


def perform(bench: Workbench, plan_id: int, *, out_of_reach: Path | None = None) -> list[str]:
    """Carry out what a plan has to do; return the events."""
    log = CheckedLog()
    asyncio.run(performer_of(bench, log, out_of_reach=out_of_reach).perform(plan_id, {}))
    return [name for name, _ in log.events]


def states(bench: Workbench, plan_id: int) -> list[tuple[str, str | None]]:
    return [(step.state, step.error) for step in bench.store.journal.steps(plan_id)]


@pytest.mark.parametrize("is_out_of_reach", [False, True])
def test_where_a_photo_is_gone_no_file_of_the_same_content_elsewhere_is_taken(
    bench: Workbench, *, is_out_of_reach: bool
) -> None:
    photo, twin = bench.photo("in/a.jpg"), bench.photo("archive/a.jpg")
    plan_id = bench.plan(photo, Move(target=bench.base / "done/a.jpg", rule="r"))
    bench.plan(twin)
    photo.unlink()
    perform(bench, plan_id, out_of_reach=photo if is_out_of_reach else None)
    expected = (
        ("failed", f"{photo}: unavailable for now") if is_out_of_reach else ("refused", f"{photo}: no longer exists")
    )
    assert states(bench, plan_id) == [expected]
    assert bench.tree() == {"archive/a.jpg": b"a photo"}


@pytest.mark.parametrize("kind", [Move, Copy, partial(Link, symbolic=True), partial(Link, symbolic=False)])
def test_a_photo_that_its_owner_deletes_before_its_operation_is_no_failure(
    bench: Workbench, kind: Callable[..., PhotoOperation]
) -> None:
    photo = bench.photo()
    plan_id = bench.plan(photo, kind(target=bench.base / "out/a.jpg", rule="r"))
    photo.unlink()
    assert perform(bench, plan_id) == ["operation.outdated"]
    assert states(bench, plan_id) == [("refused", f"{photo}: no longer exists")]
    assert bench.store.journal.counts() == {"outdated": 1}


def test_a_photo_that_its_owner_edits_before_its_operation_is_no_failure(bench: Workbench) -> None:
    photo = bench.photo()
    plan_id = bench.plan(photo, Move(target=bench.base / "out/a.jpg", rule="r"))
    photo.write_bytes(b"edited")
    assert perform(bench, plan_id) == ["operation.outdated"]
    assert photo.read_bytes() == b"edited"


def test_a_copy_that_a_rule_made_is_never_taken_for_the_photo(bench: Workbench) -> None:
    photo = bench.photo()
    copy = Copy(target=bench.base / "out/a.jpg", rule="r")
    plan_id = bench.plan(photo, copy, Move(target=bench.base / "done/a.jpg", rule="r"))
    bench.perform(bench.plan(photo, copy))
    photo.unlink()
    perform(bench, plan_id)
    assert states(bench, plan_id)[1] == ("refused", f"{photo}: no longer exists")
    assert bench.tree() == {"out/a.jpg": b"a photo"}


def test_an_operation_on_a_photo_that_is_out_of_reach_waits_for_it(bench: Workbench) -> None:
    photo = bench.photo()
    plan_id = bench.plan(photo, Move(target=bench.base / "done/a.jpg", rule="r"))
    away = photo.parent.rename(bench.base / "unplugged")
    perform(bench, plan_id, out_of_reach=photo)
    assert states(bench, plan_id) == [("failed", f"{photo}: unavailable for now")]
    away.rename(photo.parent)
    perform(bench, plan_id)
    assert bench.tree() == {"done/a.jpg": b"a photo"}


def test_an_undo_that_a_person_made_impossible_is_told_and_touches_nothing(bench: Workbench) -> None:
    plan_id = bench.plan(bench.photo(), Copy(target=bench.base / "out/a.jpg", rule="r"))
    perform(bench, plan_id)
    (step,) = bench.store.journal.steps(plan_id)
    bench.store.journal.request_undo([step.id])
    (bench.base / "out/a.jpg").write_bytes(b"somebody's own work")
    assert perform(bench, plan_id) == ["operation.undo_failed"]
    assert states(bench, plan_id) == [("done", f"{bench.base}/out/a.jpg was changed since")]
    assert bench.tree()["out/a.jpg"] == b"somebody's own work"


def inscribe(bench: Workbench, photo: Path, *, wanted: str, planned: str) -> int:
    """Plan to write one name into a photo's sidecar, of which it is known by now that it is to have another."""
    sidecar = photo.with_name(f"{photo.name}.xmp")
    plan_id = bench.plan(photo, WriteSidecar(target=sidecar, rule="sidecars", wanted=SidecarContent(names=(planned,))))
    photo_id = bench.store.journal.steps(plan_id)[0].photo_id
    bench.store.sidecars.want(sidecar, photo_id, SidecarContent(names=(wanted,)))
    return plan_id


def test_a_sidecar_that_is_to_say_something_else_by_now_is_not_written(bench: Workbench) -> None:
    plan_id = inscribe(bench, bench.photo("in/a.jpg"), wanted="Eve", planned="Ann")
    assert perform(bench, plan_id) == ["operation.kept"]
    assert bench.tree() == {"in/a.jpg": b"a photo"}


def test_where_the_photo_is_gone_no_sidecar_is_made_and_where_it_is_out_of_reach_it_waits(bench: Workbench) -> None:
    photo = bench.photo("in/a.jpg")
    plan_id = inscribe(bench, photo, wanted="Ann", planned="Ann")
    photo.unlink()
    perform(bench, plan_id, out_of_reach=photo)
    assert states(bench, plan_id) == [("failed", f"{photo}: unavailable for now")]
    perform(bench, plan_id)
    assert states(bench, plan_id) == [("refused", f"{photo}: no longer exists")]
    assert bench.tree() == {}


def test_the_content_replaced_by_an_interrupted_write_stays_known_although_another_sidecar_is_there_at_the_next_start(
    tmp_path: Path,
) -> None:
    def write(bench: Workbench, death: Death) -> None:
        bench.perform(plan_id, death, death.pulse)

    for instant in range(100):
        bench = Workbench.at(tmp_path / str(instant))
        sidecar = bench.photo("in/a.jpg.xmp", DIGIKAM)
        plan_id = inscribe(bench, bench.photo("in/a.jpg"), wanted="Ann", planned="Ann")
        bench.close()
        dies_at(bench.base, write, instant)
        sidecar.rename(sidecar.with_name("own.xmp"))
        sidecar.write_bytes(LIGHTROOM)
        bench = Workbench.at(bench.base)
        perform(bench, plan_id)
        steps = bench.store.journal.steps(plan_id)
        known = {*bench.tree().values(), *(step.before for step in steps)}
        is_over = steps[0].state == "done" and steps[0].before == DIGIKAM
        if not is_over:
            bench.undo_all()
        bench.close()
        if is_over:
            break
        assert {DIGIKAM, LIGHTROOM} <= known
        assert (steps[-1].state, sidecar.read_bytes()) == ("done", LIGHTROOM)
    assert instant > 5


def test_at_a_start_plans_of_rules_are_carried_out_and_those_of_a_killed_command_are_not(bench: Workbench) -> None:
    photo = bench.photo("in/a.jpg")
    by_rules = bench.plan(photo, Copy(target=bench.base / "rules" / "a.jpg", rule="r"))
    (step,) = bench.store.journal.steps(by_rules)
    plan = Plan(operations=(Copy(target=bench.base / "command" / "a.jpg", rule="r"),))
    (of_command,) = bench.store.journal.record_batch([(step.photo_id, photo, plan)])
    asyncio.run(performer_of(bench, CheckedLog()).begin())
    assert states(bench, by_rules) == [("done", None)]
    assert states(bench, of_command) == [("refused", "the command was killed before this operation")]


def test_a_move_whose_photo_changed_a_moment_ago_waits_for_its_time_and_is_no_failure(bench: Workbench) -> None:
    with mounted(bench.base / "disk"):
        photo, log, journal = bench.photo(), CheckedLog(), bench.store.journal
        os.chown(photo, 65534, 65534)
        away, later = bench.base / "disk" / "a.jpg", bench.base / "out" / "a.jpg"
        plan_id = bench.plan(photo, Move(target=away, rule="r"), Copy(target=later, rule="r"))
        with without_leases():
            asyncio.run(performer_of(bench, log).perform(plan_id, {}))
        (waiting,) = log.of("operation.waiting")
        assert waiting["reason"].endswith("it can be moved to another disk after 10 minutes without a change")
        assert 590 < waiting["retry_in"] <= 600
        assert states(bench, plan_id) == [("planned", waiting["reason"]), ("planned", None)]
        (step,) = journal.waiting()
        assert (step.is_waiting, step.attempts, step.target, journal.failures()) == (True, 0, None, [])
        now = bench.store.now()
        assert journal.open_plans(now + timedelta(seconds=580)) == []
        assert journal.open_plans(now + timedelta(seconds=601)) == [plan_id]
        assert perform(bench, plan_id) == ["operation.done", "operation.done"]
        assert states(bench, plan_id) == [("done", None), ("done", None)]
        bench.undo_all()
        assert photo.read_bytes() == b"a photo"


def test_a_step_that_may_have_been_done_is_not_merely_waiting(bench: Workbench) -> None:
    photo = bench.photo()
    target = bench.base / "out" / "a.jpg"
    plan_id = bench.plan(photo, Move(target=target, rule="r"))
    assert dies_at(bench.base, lambda other, death: other.perform(plan_id, death, death.pulse), 3)
    (step,) = bench.store.journal.steps(plan_id)
    assert step.is_begun
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"a photo")
    executor = Executor(bench.store.journal, bench.disks(), kinds=bench.store.kinds)
    outcome = executor.give_up(step, SettlingError("changed a moment ago", retry_in=600.0))
    assert (outcome.state, outcome.target) == ("failed", target)
