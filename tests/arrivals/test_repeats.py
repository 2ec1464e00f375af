"""A photo is handled once, however often and wherever it comes."""

import asyncio

from familiar.arrivals.arrival import Arrival
from familiar.arrivals.stages.decision import WaitForTurn
from familiar.arrivals.stages.repeats import LeaveRepeats
from support.arrivals import ArrivalBench, copy_to, passed


def known(bench: ArrivalBench, arrival: Arrival) -> Arrival:
    """Return what identifying it makes of a file."""
    found = passed(bench.identifying(), arrival)
    assert found is not None
    return found


def test_one_more_path_of_a_photo_that_was_handled_is_noted_as_a_copy(bench: ArrivalBench) -> None:
    first = bench.handled("a.jpg")
    again = known(bench, bench.arrival("b.jpg"))
    assert passed(LeaveRepeats(bench.repeats), again) is None
    assert bench.store.files.paths_of(first.indexed) == [first.path, again.path]
    assert bench.log.of("file.copied") == [{"photo": first.indexed, "path": again.path, "others": [first.path]}]
    assert bench.sidecars.touched == [(first.indexed, None)]
    assert bench.tally.done == 1


def test_where_the_first_path_is_gone_the_photo_was_moved(bench: ArrivalBench) -> None:
    first = bench.handled("a.jpg")
    again = known(bench, bench.arrival("b.jpg"))
    first.path.unlink()
    assert passed(LeaveRepeats(bench.repeats), again) is None
    assert bench.log.of("file.moved") == [{"photo": first.indexed, "path": again.path, "before": first.path}]
    assert bench.row(first.path).state == "gone"


def test_a_path_on_a_disk_that_is_away_is_not_taken_for_gone(bench: ArrivalBench) -> None:
    first = bench.handled("a.jpg")
    again = known(bench, bench.arrival("b.jpg"))
    first.path.unlink()
    bench.folder.is_away = True
    assert passed(LeaveRepeats(bench.repeats), again) is None
    assert bench.row(first.path).state == "done"
    assert bench.log.of("file.copied") == [{"photo": first.indexed, "path": again.path, "others": [first.path]}]


def test_a_photo_that_was_set_aside_is_told_at_each_path(bench: ArrivalBench) -> None:
    first = bench.arrival("a.jpg")
    photo_id = bench.store.photos.set_aside("0" * 64, "damaged")
    row = bench.store.photos.at(photo_id)
    arrival = Arrival(file=first.file, turn=first.turn, hash=row.hash, known=row, photo_id=row.id)
    assert passed(LeaveRepeats(bench.repeats), arrival) is None
    assert bench.log.of("photo.set_aside")[0]["reason"] == "damaged"
    assert bench.tally.set_aside == 1


def test_a_photo_that_came_from_flickr_alone_is_handled_in_a_folder(bench: ArrivalBench) -> None:
    bench.handled(str(bench.cache.folder_of("flickr") / "1_a.jpg"))
    again = known(bench, bench.arrival("a.jpg"))
    assert passed(LeaveRepeats(bench.repeats), again) is again


def test_a_photo_of_a_folder_is_not_handled_again_when_it_comes_from_flickr(bench: ArrivalBench) -> None:
    bench.handled("a.jpg")
    again = known(bench, bench.arrival(str(bench.cache.folder_of("flickr") / "1_a.jpg")))
    assert passed(LeaveRepeats(bench.repeats), again) is None


def test_a_known_photo_that_was_never_handled_goes_on(bench: ArrivalBench) -> None:
    bench.indexed("a.jpg")
    again = known(bench, bench.arrival("b.jpg"))
    assert passed(LeaveRepeats(bench.repeats), again) is again


def test_a_photo_that_another_file_brought_through_in_the_meantime_ends_at_its_turn(bench: ArrivalBench) -> None:
    arrival = bench.indexed("b.jpg", plan=copy_to(bench.base / "out" / "b.jpg"))
    arrival.turn.clear()

    async def run() -> Arrival | None:
        waiting = asyncio.create_task(_wait(bench, arrival))
        await asyncio.sleep(0)
        assert not waiting.done(), "it is not its turn"
        bench.handled("a.jpg")
        arrival.turn.set()
        return await waiting

    assert asyncio.run(run()) is None
    assert bench.events() == ["file.copied"]


async def _wait(bench: ArrivalBench, arrival: Arrival) -> Arrival | None:
    return await WaitForTurn(store=bench.store, repeats=bench.repeats)(arrival)
