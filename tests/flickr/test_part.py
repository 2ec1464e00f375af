"""The Flickr part by itself: downloads, and what goes wrong; its files are handled by nobody here."""

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from familiar.flickr.api.credentials import Credentials
from familiar.flickr.sync.account_log import AccountLog
from familiar.flickr.sync.calls import CallQueue
from familiar.flickr.sync.job import FlickrSync
from familiar.flickr.sync.lister import Lister
from support.flickr_bench import FlickrBench
from support.flickr_server.server import FlickrServer
from support.flickr_server.sizes import ORIGINAL, RESIZED
from support.log import CheckedLog


@pytest.fixture
def bench(tmp_path: Path, flickr: FlickrServer) -> Iterator[FlickrBench]:
    with FlickrBench.at(tmp_path, flickr) as found:
        found.log_in()
        yield found


def has(bench: FlickrBench, **counts: int) -> Callable[[FlickrSync], bool]:
    return lambda _: counts.items() <= bench.store.flickr.counts().items()


def told(bench: FlickrBench, event: str) -> Callable[[FlickrSync], bool]:
    return lambda _: bool(bench.log.of(event))


@pytest.mark.parametrize(
    "fault", ["half", "short", "html", "disguised", "png", "empty", "stall", "drip-head", "503", "reset"]
)
def test_a_file_gets_its_name_only_when_it_is_whole(bench: FlickrBench, obama: Path, fault: str) -> None:
    photo = bench.flickr.account.add_photo(obama)
    bench.fail_next(fault, method="image")
    bench.run(has(bench, fetched=1))
    (file,) = bench.cache.iterdir()
    assert file.name == f"{photo.id}_{photo.secret}.jpg"
    assert bench.log.of("flickr.fetched") == [{"photo": photo.id, "path": file}]
    assert file.read_bytes() == photo.picture(None)


def test_a_file_that_is_broken_again_and_again_is_given_up_until_it_changes(
    bench: FlickrBench, obama: Path, biden: Path
) -> None:
    photo = bench.flickr.account.add_photo(obama, uploaded=1e9)
    bench.flickr.faults.next("half", method="image", times=99)
    bench.run(has(bench, refused=1))
    (given_up,) = bench.log.of("flickr.refused")
    assert "damaged" in given_up["reason"]
    assert len(bench.log.of("flickr.failed")) == 2
    assert list(bench.cache.iterdir()) == []
    bench.flickr.faults.stop()
    bench.flickr.account.replace_photo(photo.id, biden)
    bench.run(has(bench, fetched=1))


def downloads(bench: FlickrBench) -> int:
    return sum(entry.room == "image" for entry in bench.flickr.record.entries)


def picture(path: Path, sides: tuple[int, int], kind: str = "JPEG") -> str:
    """Return the fault that has a picture of these sides come in place of another."""
    Image.new("RGB", sides, "gray").save(path, kind)
    return f"picture:{path}"


@pytest.mark.parametrize("sides", [(908, 1137), (1137, 910), (600, 750), (2000, 2000)])
def test_a_picture_that_differs_from_what_flickr_tells_is_fetched_once(
    bench: FlickrBench, obama: Path, tmp_path: Path, sides: tuple[int, int]
) -> None:
    bench.flickr.account.add_photo(obama)
    bench.flickr.faults.next(picture(tmp_path / "other.jpg", sides), method="image", times=99)
    bench.run(has(bench, fetched=1))
    assert bench.log.of("flickr.failed") == []
    assert downloads(bench) == 1


@pytest.mark.parametrize(
    ("sides", "kind", "error"),
    [
        ((8, 8), "JPEG", "it has 8 × 8 pixels, not 910 × 1137"),
        ((910, 1137), "PNG", "its format is PNG, not .jpg"),
    ],
)
def test_a_picture_that_is_another_one_is_fetched_once_more(
    bench: FlickrBench, obama: Path, tmp_path: Path, sides: tuple[int, int], kind: str, error: str
) -> None:
    bench.flickr.account.add_photo(obama)
    bench.flickr.faults.next(picture(tmp_path / "other.jpg", sides, kind=kind), method="image", times=99)
    bench.run(has(bench, fetched=1))
    assert [event["error"] for event in bench.log.of("flickr.failed")] == [error]
    assert downloads(bench) == 2


def test_a_page_in_place_of_a_picture_is_given_up_after_some_tries_and_is_waited_for_no_more(
    bench: FlickrBench, obama: Path
) -> None:
    bench.flickr.account.add_photo(obama)
    bench.flickr.faults.next("html", method="image", times=99)
    bench.run(lambda part: part.is_idle, once=True)
    assert bench.log.of("flickr.refused")[0]["reason"] == "the answer is text, not a picture"
    assert downloads(bench) == 5
    assert bench.log.of("flickr.retried") == []
    bench.flickr.faults.stop()
    bench.store.flickr.retry_refused()
    bench.run(has(bench, fetched=1))


def test_a_photo_whose_listed_address_can_be_none_is_fetched_by_its_sizes(bench: FlickrBench, obama: Path) -> None:
    bench.flickr.account.add_photo(obama, uploaded=1e9)
    bench.look()
    (listed,) = bench.store.flickr.waiting(newest=True, limit=9)
    bench.store.flickr.set_url(listed, "https://a b/1.jpg")
    bench.run(has(bench, fetched=1))
    assert "photos.getSizes" in bench.asked()


def test_a_photo_without_any_file_is_refused_with_the_reason(bench: FlickrBench, obama: Path) -> None:
    bench.flickr.account.add_photo(obama, without=[ORIGINAL, *(size.extra for size in RESIZED)])
    bench.run(has(bench, refused=1))
    assert bench.log.of("flickr.refused")[0]["reason"] == "Flickr has no file of this photo"


@pytest.mark.parametrize("status", [401, 403, 404, 410, 200])
def test_of_a_video_whose_original_is_withheld_the_next_size_is_fetched(
    bench: FlickrBench, obama: Path, status: int
) -> None:
    bench.settings = bench.settings.model_copy(update={"videos": True})
    video = bench.flickr.account.add_photo(obama, video=obama)
    video.withheld["orig"] = status
    bench.run(has(bench, fetched=1))
    (file,) = bench.cache.iterdir()
    assert file.read_bytes() == obama.read_bytes()
    assert bench.log.of("flickr.failed") == []


def test_a_video_of_which_all_sizes_are_withheld_is_given_up_after_some_tries(bench: FlickrBench, obama: Path) -> None:
    bench.settings = bench.settings.model_copy(update={"videos": True})
    bench.flickr.account.add_photo(obama, video=obama).withheld |= {"orig": 404, "site": 404}
    bench.run(has(bench, refused=1))
    assert bench.log.of("flickr.refused")[0]["reason"] == "not found (HTTP 404)"


@pytest.mark.parametrize("has_sizes", [True, False])
def test_of_a_video_of_which_all_sizes_are_withheld_or_missing_a_stream_of_the_player_is_fetched(
    bench: FlickrBench, obama: Path, has_sizes: bool
) -> None:
    bench.settings = bench.settings.model_copy(update={"videos": True})
    video = bench.flickr.account.add_photo(obama, video=obama)
    video.withheld |= {"orig": 404, "site": 403}
    video.has_films = has_sizes
    video.streams = ("360p", "720p")
    bench.run(has(bench, fetched=1))
    (file,) = bench.cache.iterdir()
    assert (file.suffix, file.read_bytes()) == (".mp4", obama.read_bytes())
    assert bench.log.of("flickr.failed") == []


def test_a_video_that_flickr_still_processes_is_waited_for(bench: FlickrBench, obama: Path) -> None:
    bench.settings = bench.settings.model_copy(update={"videos": True})
    video = bench.flickr.account.add_photo(obama, video=obama)
    video.is_processed = False
    bench.run(lambda _: len(bench.log.of("flickr.failed")) == 2)
    assert bench.log.of("flickr.failed")[-1]["error"] == "Flickr is still processing this video"
    video.is_processed = True
    bench.later(4000)
    bench.run(has(bench, fetched=1))


def test_a_photo_of_which_all_sizes_are_too_large_comes_in_the_smallest(bench: FlickrBench, obama: Path) -> None:
    bench.settings = bench.settings.model_copy(update={"max_size": 75})
    photo = bench.flickr.account.add_photo(obama, without=["t"])
    bench.run(has(bench, fetched=1))
    (file,) = bench.cache.iterdir()
    with Image.open(file) as image:
        assert max(image.size) == 240
    assert photo.id in file.name


def test_a_file_that_was_fetched_before_the_program_died_is_not_fetched_again(bench: FlickrBench, obama: Path) -> None:
    photo = bench.flickr.account.add_photo(obama)
    bench.look()
    bench.cache.mkdir(parents=True)
    (bench.cache / f"{photo.id}_{photo.secret}.jpg").write_bytes(photo.picture(None))
    (bench.cache / f".{photo.id}_{photo.secret}.0a1b.jpg.part").write_bytes(b"half of it")
    bench.run(has(bench, fetched=1))
    assert bench.flickr.record.downloads() == {}
    assert len(list(bench.cache.iterdir())) == 1


def test_downloads_wait_for_their_budget_and_say_so(bench: FlickrBench, obama: Path) -> None:
    bench.settings = bench.settings.model_copy(update={"downloads_per_hour": 20})
    bench.flickr.account.add_photos([obama], 25)
    is_told, are_fetched = told(bench, "flickr.waiting"), has(bench, fetched=20)
    bench.run(lambda part: is_told(part) and are_fetched(part))  # it is told while the last ones come down
    assert sum(bench.flickr.record.downloads().values()) == 20
    assert bench.store.flickr_calls.last_hour("images") == 20
    (wait,) = bench.log.of("flickr.waiting")
    assert re.fullmatch(r"20 downloads an hour used up until \d\d:\d\d", wait["reason"])
    bench.later(3800)
    bench.run(has(bench, fetched=25))


def test_downloads_that_were_counted_ahead_and_not_made_are_given_back(bench: FlickrBench, obama: Path) -> None:
    bench.flickr.account.add_photos([obama], 3)
    bench.run(has(bench, fetched=3))
    assert bench.store.flickr_calls.last_hour("images") == 3


def test_the_listing_leaves_calls_for_tags_and_commands(bench: FlickrBench, obama: Path) -> None:
    bench.settings = bench.settings.model_copy(update={"calls_per_hour": 10, "reserve": 9})
    photo = bench.flickr.account.add_photo(obama)
    bench.look()
    bench.want(photo.id, "Ann")
    bench.run(lambda _: bool(photo.tags))
    assert bench.log.of("flickr.waiting")
    assert bench.asked() == ["people.getPhotos", "photos.getInfo", "photos.addTags"]


def test_a_flickr_that_is_away_is_told_and_asked_again(bench: FlickrBench, obama: Path) -> None:
    bench.flickr.account.add_photo(obama)
    bench.flickr.faults.next("502", times=6)
    bench.run(has(bench, fetched=1))
    (away,) = bench.log.of("flickr.unavailable")
    assert away["error"] == "HTTP 502"


def test_a_login_that_may_only_read_brings_photos_down_and_lets_tags_wait(bench: FlickrBench, obama: Path) -> None:
    photo = bench.flickr.account.add_photo(obama)
    bench.perms = "read"
    bench.log_in()
    bench.look()
    bench.want(photo.id, "Ann")
    bench.run(told(bench, "flickr.not_allowed"))
    assert "--perms write" in bench.log.of("flickr.not_allowed")[0]["error"]
    assert bench.store.flickr_tags.counts()["to_add"] == 1


def test_a_login_with_more_permissions_is_noticed_at_once(bench: FlickrBench, obama: Path) -> None:
    photo = bench.flickr.account.add_photo(obama)
    bench.look()
    bench.want(photo.id, "Ann")
    bench.perms = "read"
    bench.log_in()

    def sent(_: FlickrSync) -> bool:
        if bench.log.of("flickr.not_allowed") and bench.perms == "read":
            bench.perms = "write"
            bench.log_in()
        return bool(photo.tags)

    bench.run(sent)
    assert bench.log.of("flickr.connected")[-1]["perms"] == "write"


def test_a_new_login_is_noticed_by_the_part_that_stands_still(bench: FlickrBench, obama: Path) -> None:
    bench.flickr.account.add_photo(obama)
    bench.flickr.logins.revoke()

    def stands(part: FlickrSync) -> bool:
        if part.trouble is not None:
            bench.log_in()
        return bench.store.flickr.counts()["fetched"] == 1

    part = bench.run(stands)
    assert "log in again" in bench.log.of("flickr.stopped")[0]["error"]
    told = [name for name, _ in bench.log.events if name in {"flickr.stopped", "flickr.connected"}]
    assert told == ["flickr.stopped", "flickr.connected"], "a login that is lost has not connected"
    assert part.trouble is None
    assert bench.store.flickr_facts.get("trouble") is None


def test_how_far_it_is_is_told_once(bench: FlickrBench, obama: Path) -> None:
    bench.flickr.account.add_photos([obama], 3)
    part = bench.run(has(bench, fetched=3))
    assert (bench.totals.flickr_calls, bench.totals.flickr_downloads) == (1, 3)
    bench.store.flickr_calls.note("handled", 20)
    part.tell()
    part.tell()
    (progress,) = bench.log.of("flickr.progress")
    assert progress == {
        "account": "flickr", "waiting": 3, "done": 0, "refused": 0, "calls": 1, "per_minute": 2.0, "minutes_left": 1.5,
    }  # fmt: skip


def test_an_unexpected_error_of_the_part_ends_nothing_else(bench: FlickrBench) -> None:
    class Odd:
        def stamp(self) -> tuple[()]:
            return ()

        def needed(self) -> None:
            raise RuntimeError("odd")

    part = bench.part(credentials=cast("Credentials", Odd()))

    async def tick() -> None:
        part.start()
        await part.advance(0.0)
        await part.advance(0.1)

    asyncio.run(tick())
    (error,) = bench.log.of("flickr.error")
    assert "odd" in error["error"]


def test_a_single_look_that_ends_with_an_unexpected_error_is_in_trouble(bench: FlickrBench) -> None:
    class OddLog(CheckedLog):
        def emit(self, name: str, /, **fields: Any) -> None:
            if name == "flickr.listed":
                raise RecursionError("too deep")
            super().emit(name, **fields)

    bench.log = OddLog()
    part = bench.run(lambda part: part.is_idle, once=True)
    assert part.trouble == "an unexpected error: RecursionError('too deep')"


def test_invalid_entries_of_a_listing_are_reported_and_are_not_deletions(bench: FlickrBench, obama: Path) -> None:
    photo = bench.flickr.account.add_photo(obama)
    deleted, odd = (bench.flickr.account.add_photo(obama) for _ in range(2))
    bench.look()
    bench.flickr.account.delete_photo(deleted.id)
    bench.flickr.account.delete_photo(odd.id)
    bench.later(8 * 86400)

    class Mangled:
        """Calls whose listings have an entry more."""

        def __init__(self, calls: CallQueue) -> None:
            self._calls = calls

        async def read(self, method: str, **parameters: Any) -> dict[str, Any]:
            answer = await self._calls.read(method, **parameters)
            answer["photos"]["photo"].append({"id": odd.id})
            answer["photos"]["total"] = 2
            return answer

    async def look() -> None:
        with bench.calls() as calls:
            lister = Lister(
                calls=Mangled(calls),  # type: ignore[arg-type]  # it has what is needed
                settings=bench.settings,
                store=bench.store,
                log=AccountLog(bench.log, "flickr"),
                on_found=lambda: None,
            )
            await lister.look()

    asyncio.run(look())
    assert bench.log.of("flickr.odd") == [{"account": "flickr", "entries": 1}]
    assert set(bench.listed()) == {photo.id, odd.id}
    assert bench.store.flickr.counts()["gone"] == 1


def test_a_state_folder_stays_with_its_account(bench: FlickrBench) -> None:
    bench.store.flickr_facts.remember("account", {"nsid": "2@N00", "username": "Bob"})
    part = bench.run(lambda part: part.trouble is not None, once=True)
    assert part.trouble is not None
    assert "has the photos of 'Bob', and 'Ana' is logged in" in part.trouble
