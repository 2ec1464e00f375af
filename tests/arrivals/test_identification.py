"""A file is known by its content, and looked at once."""

import asyncio

import pytest

from familiar.arrivals.arrival import Arrival
from familiar.arrivals.slots import WorkerSlots
from familiar.arrivals.stages.identification import Together, WaitForStill
from familiar.errors import ChangedError, GoneError, SetAsideError
from support.arrivals import ArrivalBench, passed


def test_a_new_content_is_looked_at_and_remembered(bench: ArrivalBench) -> None:
    found = passed(bench.identifying(), bench.arrival("a.jpg"))
    assert found is not None
    assert found.known is None
    assert bench.store.photos.at(found.indexed).hash == found.hash
    assert bench.workers.asked == ["read a.jpg", "look at a.jpg"]
    assert bench.events() == ["photo.seen"]


def test_a_content_that_is_known_is_not_looked_at_again(bench: ArrivalBench) -> None:
    bench.handled("a.jpg")
    found = passed(bench.identifying(), bench.arrival("b.jpg"))
    assert found is not None
    assert found.known is not None
    assert found.photo_id == found.known.id
    assert bench.workers.asked == ["read b.jpg"]


def test_a_file_from_flickr_is_not_read_where_its_hash_is_known_from_fetching_it(bench: ArrivalBench) -> None:
    cache = bench.cache
    arrival = bench.arrival(str(cache.folder_of("flickr") / "1_a.jpg"))
    cache.note_hash(arrival.path, "f" * 64)
    assert cache.known_hash(arrival.path) == "f" * 64
    assert cache.known_hash(arrival.path) is None, "a file may be fetched again, with another content"


def test_a_file_that_has_changed_since_it_had_settled_is_not_looked_at(bench: ArrivalBench) -> None:
    arrival = bench.arrival("a.jpg")
    arrival.path.write_bytes(b"more than it was")
    with pytest.raises(ChangedError, match="changed after it had settled"):
        passed(bench.identifying(), arrival)
    assert bench.workers.asked == ["read a.jpg"]


def test_a_file_that_is_gone_is_for_the_handler(bench: ArrivalBench) -> None:
    arrival = bench.arrival("a.jpg")
    arrival.path.unlink()
    with pytest.raises(GoneError):
        passed(bench.identifying(), arrival)


def test_what_can_not_be_decoded_is_set_aside_and_its_way_ends(bench: ArrivalBench) -> None:
    arrival = bench.arrival("a.jpg")
    bench.workers.errors[arrival.path] = SetAsideError("damaged")
    assert passed(bench.identifying(), arrival) is None
    assert bench.row(arrival.path).state == "done"
    assert bench.store.photos.counts()["set aside"] == 1
    assert (bench.tally.set_aside, bench.events()) == (1, ["photo.set_aside"])


def test_a_reason_with_a_file_name_that_is_not_text_can_be_recorded(bench: ArrivalBench) -> None:
    arrival = bench.arrival("a.jpg")
    bench.workers.errors[arrival.path] = SetAsideError("\udcff.jpg: damaged")
    assert passed(bench.identifying(), arrival) is None
    assert bench.store.photos.set_aside_files() == [(arrival.path, "\\udcff.jpg: damaged")]


def test_an_unexpected_error_sets_a_photo_aside_at_the_third_try(bench: ArrivalBench) -> None:
    arrival = bench.arrival("a.jpg")
    bench.workers.errors[arrival.path] = ZeroDivisionError("odd")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            passed(bench.identifying(), Arrival(file=bench.row(arrival.path), turn=arrival.turn))
        bench.retries.fail(bench.row(arrival.path), "odd")
    assert passed(bench.identifying(), Arrival(file=bench.row(arrival.path), turn=arrival.turn)) is None
    assert bench.log.of("photo.set_aside")[0]["reason"] == "unexpected error: ZeroDivisionError('odd')"


def test_a_video_waits_until_the_still_beside_it_was_handled(bench: ArrivalBench) -> None:
    video = bench.arrival("IMG_1.mov", b"a clip")
    bench.arrival("IMG_1.jpg")
    stage = WaitForStill(store=bench.store, retries=bench.retries)
    assert passed(stage, video) is None
    row = bench.row(video.path)
    assert (row.state, row.due) == ("settling", bench.now + 1)
    bench.handled("IMG_1.jpg")
    found = passed((stage, *bench.identifying()), video)
    assert found is not None
    assert "look at IMG_1.mov beside a still" in bench.workers.asked
    assert bench.store.photos.kind_of(found.indexed) == "clip"


def test_a_photo_waits_for_no_still(bench: ArrivalBench) -> None:
    bench.arrival("IMG_1.png", b"another")
    arrival = bench.arrival("IMG_1.jpg")
    assert passed(WaitForStill(store=bench.store, retries=bench.retries), arrival) is arrival


def test_no_more_files_than_there_are_places_are_in_the_stages_of_one_group(bench: ArrivalBench) -> None:
    inside, most = 0, 0

    async def stage(arrival: Arrival) -> Arrival:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        return arrival

    async def run() -> None:
        together = Together(WorkerSlots(2, videos=2), (stage, stage))
        arrivals = [bench.arrival(f"{number}.jpg", bytes([number])) for number in range(5)]
        assert await asyncio.gather(*map(together, arrivals)) == arrivals

    asyncio.run(run())
    assert most == 2
