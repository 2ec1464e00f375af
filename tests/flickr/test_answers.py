"""The forms in which Flickr answers: whatever the form, photos are listed and fetched, and tags are sent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from familiar.flickr.sync.job import FlickrSync
from familiar.store.flickr.albums import albums_of
from support.flickr_bench import FlickrBench
from support.flickr_server.account import Photo
from support.flickr_server.server import FlickrServer

FORMS = (
    {"numbers_as_text": True, "totals_as_text": True},
    {"always_script": True},
    {"unknown_sizes": True},
    {"repeats_last_page": True},
    {"undocumented_extras": False},
    {"missing_fields": ("farm", "server", "owner", "isfamily", "media_status", "datetaken")},
    {"missing_fields": ("title", "description", "tags", "machine_tags", "license", "latitude", "lastupdate", "media")},
    {"missing_fields": ("width_o", "height_o", "width_l", "height_l", "datetakengranularity", "datetakenunknown")},
)


@pytest.fixture
def bench(tmp_path: Path, flickr: FlickrServer) -> Iterator[FlickrBench]:
    with FlickrBench.at(tmp_path, flickr, albums="all", max_size=None) as found:
        found.log_in()
        yield found


def in_form(bench: FlickrBench, form: dict[str, Any]) -> None:
    for name, value in form.items():
        setattr(bench.flickr.quirks, name, value)


def fetched(bench: FlickrBench) -> bool:
    return bench.store.flickr.counts()["fetched"] == 1


@pytest.fixture
def photo(bench: FlickrBench, obama: Path) -> Photo:
    photo = bench.flickr.account.add_photo(obama, taken="2004-05-06 07:08:09", place=(1.5, 2.5), tags=["Ann"])
    bench.flickr.account.add_album("Sea", [photo.id])
    return photo


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_photo_is_listed_and_fetched_and_gets_its_tag_whatever_the_form_of_answers(
    bench: FlickrBench, photo: Photo, form: dict[str, Any]
) -> None:
    in_form(bench, form)
    bench.run(lambda _: fetched(bench))
    (file,) = bench.cache.iterdir()
    assert file.read_bytes() == photo.picture(None)
    assert [album.title for album in albums_of(bench.store._db, [photo.id])[photo.id]] == ["Sea"]
    bench.want(photo.id, "Bob")
    assert bench.send().sent.added == 1
    assert [tag.raw for tag in photo.tags] == ["Ann", "Bob"]
    assert bench.log.of("flickr.odd") == []


def test_a_refusal_in_a_script_is_understood(bench: FlickrBench, photo: Photo) -> None:
    bench.flickr.quirks.always_script = True
    bench.look()
    bench.want(photo.id, "Bob")
    bench.flickr.account.delete_photo(photo.id)
    assert bench.send().sent.refusals == [(photo.id, "Bob", "the photo no longer exists")]


def test_of_the_sizes_that_nobody_knows_today_one_that_fits_is_taken(bench: FlickrBench, photo: Photo) -> None:
    bench.flickr.quirks.unknown_sizes = True
    bench.settings = bench.settings.model_copy(update={"max_size": 20_000})
    bench.look()
    (listed,) = bench.store.flickr.waiting(newest=True, limit=9)
    bench.store.flickr.set_url(listed, None)
    bench.run(lambda _: fetched(bench))
    (file,) = bench.cache.iterdir()
    assert file.read_bytes() == photo.picture(None)


@pytest.mark.parametrize(
    ("state", "expected"),
    [({}, "fetched"), ({"has_failed": True, "is_processed": False}, "refused"), ({"is_processed": False}, "listed")],
)
def test_a_video_is_fetched_refused_or_waited_for_by_its_state(
    bench: FlickrBench, obama: Path, state: dict[str, bool], expected: str
) -> None:
    bench.settings = bench.settings.model_copy(update={"videos": True})
    video = bench.flickr.account.add_photo(obama, video=obama)
    for name, value in state.items():
        setattr(video, name, value)

    def is_decided(_: FlickrSync) -> bool:
        told = bool(bench.log.of("flickr.failed"))
        return bench.store.flickr.counts()[expected] == 1 and (expected != "listed" or told)

    bench.run(is_decided)
    assert bench.store.flickr.counts()[expected] == 1


SCRIPTS = ("text:jsonFlickrApi(", "text:jsonFlickrApi({})", "text:()")


@pytest.mark.parametrize("fault", ["error:201", "html", "drip", *SCRIPTS])
@pytest.mark.parametrize("method", ["people.getPhotos", "photosets.getList", "photos.addTags"])
def test_a_passing_fault_of_any_call_costs_nothing(bench: FlickrBench, photo: Photo, fault: str, method: str) -> None:
    bench.fail_next(fault, method=f"flickr.{method}")
    bench.look()
    bench.want(photo.id, "Bob")
    bench.send()
    bench.later(4000)
    bench.send()
    assert [tag.raw for tag in photo.tags] == ["Ann", "Bob"]
    assert bench.store.flickr_tags.counts()["refused"] == 0


def test_an_account_that_becomes_read_only_midway_keeps_its_tags_for_later_and_goes_on_listing(
    bench: FlickrBench, photo: Photo
) -> None:
    bench.look()
    bench.want(photo.id, "Bob", "Cid")
    bench.settings = bench.settings.model_copy(update={"backoff": 0.002})
    bench.flickr.faults.next("error:99", method="flickr.photos.addTags", times=2)
    waiting = []

    def is_sent(_: FlickrSync) -> bool:
        if bench.log.of("flickr.not_allowed"):
            waiting.append(bench.store.flickr_tags.counts()["to_add"])
        return len(photo.tags) == 3 and fetched(bench)

    part = bench.run(is_sent)
    assert part.trouble is None
    assert waiting[0] == 2
    assert [tag.raw for tag in photo.tags] == ["Ann", "Bob", "Cid"]
    assert len(bench.log.of("flickr.not_allowed")) == 1
    assert set(bench.flickr.record.tags_sent.values()) == {1}
