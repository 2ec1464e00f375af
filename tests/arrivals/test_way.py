"""What is decided on a photo is recorded before it is done."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from familiar.arrivals.stages.decision import Decide, FollowStill
from familiar.arrivals.stages.operations import Record, Run
from familiar.arrivals.stages.recognition import Recognise, Reencode
from familiar.arrivals.stages.sidecars import ReadSidecars, WriteSidecars
from familiar.library.planning import Planner
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.library.scoring import PercentileIndex
from familiar.library.sources import Origin
from familiar.model import Copy, Photo, Plan, Refusal
from familiar.rules.planning import Rules
from familiar.settings import MatchingSettings
from support.arrivals import MODEL, ArrivalBench, copy_to, passed


@dataclass(slots=True)
class Runner:
    """Notes what is rendered and carried out."""

    pictures: Mapping[int, bytes] = field(default_factory=dict)
    performed: list[tuple[int, Mapping[int, bytes]]] = field(default_factory=list)

    async def render(self, *_: Any) -> Mapping[int, bytes]:
        return self.pictures

    async def perform(self, plan_id: int, rendered: Mapping[int, bytes]) -> None:
        self.performed.append((plan_id, rendered))


@dataclass(slots=True)
class PlannerOfOne:
    """Makes one plan, and notes for which source."""

    made: Plan
    sources: list[str] = field(default_factory=list)

    def plan(self, _photo: Photo, _faces: object, path: Path, *, source: Origin, **_others: Any) -> Plan:
        self.sources.append(source.name_of(path))
        return self.made


def decide(bench: ArrivalBench, planner: Any, runner: Runner) -> Decide:
    return Decide(planner=cast("Planner", planner), sources=bench.sources, runner=cast("Any", runner))


def record(bench: ArrivalBench) -> Record:
    return Record(store=bench.store, tally=bench.tally, log=bench.log)


def test_a_photo_gets_the_plan_of_its_source_and_its_crops_ahead(bench: ArrivalBench) -> None:
    plan = copy_to(bench.base / "out" / "a.jpg")
    planner, runner = PlannerOfOne(plan), Runner({0: b"a face"})
    found = passed(decide(bench, planner, runner), bench.indexed("a.jpg"))
    assert found is not None
    assert (found.plan, found.rendered, planner.sources) == (plan, {0: b"a face"}, ["inbox"])
    passed(decide(bench, planner, runner), bench.indexed(str(bench.cache.folder_of("flickr") / "1_a.jpg")))
    assert planner.sources == ["inbox", "flickr"]


def test_rules_that_are_read_again_hold_for_the_next_photo(bench: ArrivalBench) -> None:
    asked: list[None] = []

    def rules() -> Rules:
        asked.append(None)
        return Rules()

    planner = Planner(rules=rules, percentiles=PercentileIndex(bench.store, MatchingSettings(), MODEL))
    for name in ("a.jpg", "b.jpg"):
        found = passed(decide(bench, planner, Runner()), bench.indexed(name, name.encode()))
        assert found is not None
        assert found.plan == Plan()
    assert len(asked) == 2


def test_no_rule_is_asked_for_a_clip_which_follows_its_still(bench: ArrivalBench) -> None:
    still = bench.handled("IMG_1.jpg")
    plan_id = bench.store.journal.record(still.indexed, still.path, copy_to(bench.base / "out" / "IMG_1.jpg"))
    clip = bench.indexed("IMG_1.mov", b"a clip", kind="clip")
    planner = PlannerOfOne(Plan())
    found = passed((decide(bench, planner, Runner()), FollowStill(bench.store)), clip)
    assert found is not None
    assert planner.sources == []
    assert found.follows == plan_id
    (operation,) = found.plan.operations
    assert isinstance(operation, Copy)
    assert operation.target == bench.base / "out" / "IMG_1.mov"


def test_the_plan_stands_in_the_journal_before_anything_is_done(bench: ArrivalBench) -> None:
    arrival = bench.indexed("a.jpg", plan=copy_to(bench.base / "out" / "a.jpg"), rendered={0: b"a face"})
    found = passed(record(bench), arrival)
    assert found is not None
    assert found.plan_id is not None
    (step,) = bench.store.journal.steps(found.plan_id)
    assert step.state == "planned"
    assert bench.row(arrival.path).state == "done"
    assert bench.store.photos.at(arrival.indexed).handled
    assert (bench.tally.done, bench.events()) == (1, ["plan.made"])
    runner = Runner()
    passed((Run(cast("Any", runner)), WriteSidecars(cast("Any", bench.sidecars))), found)
    assert runner.performed == [(found.plan_id, {0: b"a face"})]
    assert bench.sidecars.touched == [(arrival.indexed, found.plan_id)]


def test_what_can_not_be_written_down_as_a_whole_is_not_written_at_all(bench: ArrivalBench) -> None:
    arrival = bench.indexed("a.jpg", plan=copy_to(bench.base / "out" / "a.jpg"))
    bench.store._db.conn.execute(
        "CREATE TRIGGER full BEFORE UPDATE OF state ON files BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    with pytest.raises(Exception, match="full"):
        passed(record(bench), arrival)
    assert bench.store.journal.open_plans(bench.store.now()) == []
    assert not bench.store.photos.at(arrival.indexed).handled
    assert bench.row(arrival.path).state == "pending"


def test_a_photo_without_a_plan_is_handled_and_what_the_rules_refused_is_told(bench: ArrivalBench) -> None:
    refusal = Refusal(rule="album", kind="move", reason="it has moved already")
    found = passed(record(bench), bench.indexed("a.jpg", plan=Plan(refusals=(refusal,))))
    assert found is not None
    assert found.plan_id is None
    assert [event["reason"] for event in bench.log.of("plan.refused")] == ["it has moved already"]
    runner = Runner()
    passed(Run(cast("Any", runner)), found)
    assert runner.performed == []


def test_a_clip_that_came_before_its_still_is_handled_again_after_it(bench: ArrivalBench) -> None:
    clip = bench.indexed("IMG_1.mov", b"a clip", kind="clip")
    bench.store.photos.mark_handled(clip.indexed)
    bench.store.files.mark_done(clip.file.id, clip.indexed)
    passed(record(bench), bench.indexed("IMG_1.jpg"))
    assert bench.row(clip.path).state == "pending"
    assert not bench.store.photos.at(clip.indexed).handled


def test_the_faces_of_a_known_photo_alone_are_brought_to_the_model_in_use(bench: ArrivalBench) -> None:
    encoded: list[tuple[int, Path]] = []

    class Encoder:
        async def reencode_photo(self, photo_id: int, path: Path) -> None:
            encoded.append((photo_id, path))

    stage = Reencode(cast("Reencoder", Encoder()))
    new = bench.indexed("a.jpg")
    assert passed(stage, new) is new
    assert encoded == []
    known = replace(new, known=bench.store.photos.find(new.hash))
    assert passed(stage, known) is known
    assert encoded == [(new.indexed, new.path)]


def test_faces_are_matched_and_nothing_is_told_of_a_photo_without_any(bench: ArrivalBench) -> None:
    recogniser = Recogniser(bench.store, MatchingSettings(), MODEL)
    arrival = replace(bench.indexed("a.jpg"), photo=None)
    found = passed(Recognise(recogniser=recogniser, log=bench.log), arrival)
    assert found is not None
    assert found.recognised.hash == arrival.hash
    assert (tuple(found.faces), bench.events()) == ((), [])


def test_sidecars_of_a_photo_are_read_before_it_is_recognised(bench: ArrivalBench) -> None:
    read: list[tuple[int, Path]] = []

    class Reader:
        async def listen(self, photo_id: int, path: Path) -> None:
            read.append((photo_id, path))

    arrival = bench.indexed("a.jpg")
    assert asyncio.run(ReadSidecars(cast("Any", Reader()))(arrival)) is arrival
    assert read == [(arrival.indexed, arrival.path)]
