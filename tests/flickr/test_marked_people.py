"""Who is marked on photos on Flickr."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from familiar.flickr.api.answers import read_people
from familiar.flickr.api.errors import PassingError
from familiar.flickr.sync.marked_people import MarkedPeopleLister
from support.album import ANN, Album, embedding
from support.flickr_bench import FlickrBench
from support.flickr_server.server import FlickrServer


@pytest.fixture
def bench(tmp_path: Path, flickr: FlickrServer) -> Iterator[FlickrBench]:
    with FlickrBench.at(tmp_path, flickr) as found:
        yield found


def ask(bench: FlickrBench) -> list[str]:
    """Ask who is marked; return the calls that it takes."""

    async def look() -> None:
        with bench.calls() as calls:
            await MarkedPeopleLister(calls=calls, store=bench.store).look()

    bench.flickr.record.clear()
    asyncio.run(look())
    return bench.asked()


def test_who_is_marked_on_a_photo_with_an_unnamed_face_is_asked_once_until_it_changes_and_is_a_hint(
    bench: FlickrBench, astronaut: Path
) -> None:
    album = Album(bench.store)
    album.import_references("Ann Lee", 1)
    photo, empty, gone = (bench.flickr.account.add_photo(astronaut, uploaded=1e9) for _ in range(3))
    photo.people = (("ann_1969", "Ann Lee"), ("someone", ""))
    bench.look()
    faces = [album.photo(embedding(ANN)), album.photo(), album.photo(embedding(ANN, 1))]
    for number, each in enumerate((photo, empty, gone), 1):
        bench.store._db.conn.execute(
            "UPDATE flickr_photos SET state = 'done', photo_id = ? WHERE id = ?", (number, each.id)
        )
    bench.flickr.account.delete_photo(gone.id)
    assert ask(bench) == ["photos.people.getList"] * 2
    assert ask(bench) == []
    (found,) = bench.store.suggestions.all(threshold=0.7)
    assert (found.face, found.person, found.named, found.is_clear) == (faces[0][0], "Ann Lee", 1, True)
    photo.updated, photo.people = int(2e9), ()
    bench.look()
    assert ask(bench) == ["photos.people.getList"]
    assert bench.store.suggestions.all(threshold=0.7) == []


def test_photos_that_can_never_be_asked_about_hold_up_no_others(bench: FlickrBench, astronaut: Path) -> None:
    album = Album(bench.store)
    photos = [bench.flickr.account.add_photo(astronaut, uploaded=1e9).id for _ in range(6)]
    bench.look()
    for number, each in enumerate(photos, 1):
        album.photo(embedding(ANN))
        bench.store._db.conn.execute(
            "UPDATE flickr_photos SET state = 'done', photo_id = ? WHERE id = ?", (number, each)
        )
    bench.flickr.quirks.broken = tuple(photos[:4])

    async def look() -> None:
        with bench.calls() as calls:
            lister = MarkedPeopleLister(calls=calls, store=bench.store)
            for _ in range(2):
                with pytest.raises(PassingError, match="HTTP 500"):
                    await lister.look()

    asyncio.run(look())
    assert {photo for photo, _ in bench.store.flickr_marked_people.unknown(limit=9)} == set(photos[:4])


def test_a_photo_whose_faces_all_have_names_is_not_asked_about(bench: FlickrBench, astronaut: Path) -> None:
    album = Album(bench.store)
    album.import_references("Ann Lee", 1)
    bench.flickr.account.add_photo(astronaut)
    bench.look()
    (face,) = album.photo(embedding(ANN))
    album.match(face, "Ann Lee")
    bench.store._db.conn.execute("UPDATE flickr_photos SET state = 'done', photo_id = 1")
    assert ask(bench) == []


def test_a_daemon_asks_only_if_it_is_to(bench: FlickrBench, astronaut: Path) -> None:
    bench.log_in()
    album = Album(bench.store)
    photo = bench.flickr.account.add_photo(astronaut)
    bench.look()
    album.photo(embedding(ANN))
    bench.store._db.conn.execute("UPDATE flickr_photos SET state = 'done', photo_id = 1")
    bench.flickr.record.clear()
    bench.run(lambda _: "photos.recentlyUpdated" in bench.asked())
    assert "photos.people.getList" not in bench.asked()
    bench.settings = bench.settings.model_copy(update={"people": True})
    bench.run(lambda _: "photos.people.getList" in bench.asked())
    assert photo.id in bench.flickr.record.calls("flickr.photos.people.getList")[0].parameters["photo_id"]


@pytest.mark.parametrize("answer", [{}, {"people": []}, {"people": {"person": [1]}}, {"people": {"person": None}}])
def test_an_answer_without_a_list_of_people_is_a_temporary_error(answer: dict[str, object]) -> None:
    with pytest.raises(PassingError, match="no people"):
        read_people(answer)
