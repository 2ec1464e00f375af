"""Photos of which Flickr says something else than when the rules decided."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from familiar.albums import AlbumChoice
from familiar.flickr.api.listing import read_page
from familiar.model import Tag
from familiar.photo_details import Caption
from familiar.store.flickr.listing import FileOn
from familiar.store.flickr.photos import FlickrPhoto
from familiar.store.store import Store
from support.flickr_entry import ENTRY
from support.stores import put_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(put_store(tmp_path)) as store:
        yield store


def list_photo(store: Store, *, without: Sequence[str] = (), file: FileOn | None = None, **said: Any) -> None:
    entry = {
        "id": "1",
        "secret": "a",
        "title": "Sea",
        "tags": "sea",
        "ispublic": 1,
        "isfriend": 0,
        "isfamily": 1,
        **said,
    }
    for field in without:
        entry.pop(field, None)
    (photo,) = read_page({"photos": {"pages": 1, "total": 1, "photo": [entry]}}).photos
    store.flickr_listing.note([(photo, file)], walk=1, videos=False)


def make_done(store: Store) -> None:
    photo_id = store.photos.set_aside("0" * 64, "none")
    store._db.conn.execute("UPDATE flickr_photos SET state = 'done', photo_id = ?", (photo_id,))


def news(store: Store) -> list[FlickrPhoto]:
    return store.flickr.to_decide_again(limit=9)


def rows(store: Store) -> list[dict[str, Any]]:
    """Return all that is known of the photos."""
    cursor = store._db.conn.execute("SELECT * FROM flickr_photos")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def state(store: Store) -> str:
    return next(name for name, count in store.flickr.counts().items() if count)


@pytest.mark.parametrize(
    "said",
    [
        {"title": "Sky"},
        {"datetaken": "2004-05-06 07:08:09", "datetakengranularity": "0", "datetakenunknown": "0"},
        {"description": {"_content": "blue"}},
        {"latitude": 1, "longitude": 2, "accuracy": 16},
        {"license": "4"},
        {"ispublic": 0},
        {"isfamily": 0},
        {"tags": "sea sky"},
    ],
)
def test_what_flickr_says_otherwise_is_news_once(store: Store, said: dict[str, Any]) -> None:
    list_photo(store)
    make_done(store)
    list_photo(store)
    assert news(store) == []
    list_photo(store, **said)
    (photo,) = news(store)
    assert photo.id == "1"
    store.flickr.mark_decided_again(photo)
    list_photo(store, **said)
    assert news(store) == []


WHOLE = ENTRY | {"media": "video"}
FIELDS = [field for field in WHOLE if field not in {"id", "secret"}]


@pytest.mark.parametrize("told", [{}, {"datetakenunknown": "1", "media": "photo"}], ids=str)
@pytest.mark.parametrize("field", FIELDS)
def test_what_a_listing_does_not_tell_is_what_it_was(store: Store, field: str, told: dict[str, Any]) -> None:
    said = WHOLE | told
    list_photo(store, **said)
    make_done(store)
    before = rows(store)
    list_photo(store, **said, without=[field])
    list_photo(store, **said | {field: None})
    assert (rows(store), news(store)) == (before, [])


@pytest.mark.parametrize("field", FIELDS)
def test_a_photo_of_which_a_listing_lacks_something_has_what_the_listing_tells(store: Store, field: str) -> None:
    list_photo(store, **WHOLE, without=[field])
    store.flickr_albums.choose(None, videos=False)  # as each look does
    list_photo(store, **WHOLE)
    store.flickr_albums.choose(None, videos=False)
    complete = rows(store)
    assert state(store) == "left"
    store._db.conn.execute("DELETE FROM flickr_photos")
    list_photo(store, **WHOLE)
    assert rows(store) == complete


@pytest.mark.parametrize(
    ("untold", "told", "expected"),
    [
        ("machine_tags", {"tags": "sky"}, "people:name=ann sky"),
        ("tags", {"machine_tags": "people:name=bob"}, "people:name=bob sea"),
        ("tags", {"machine_tags": ""}, "sea"),
    ],
)
def test_tags_and_machine_tags_are_told_apart(store: Store, untold: str, told: dict[str, str], expected: str) -> None:
    list_photo(store, **WHOLE)
    list_photo(store, **WHOLE | told, without=[untold])
    assert rows(store)[0]["tags"] == expected


def test_a_video_that_is_not_wanted_stays_so_where_a_listing_does_not_tell_that_it_is_one(store: Store) -> None:
    list_photo(store, **WHOLE)
    list_photo(store, **WHOLE, without=["media"])
    assert state(store) == "left"


def test_a_picture_is_not_the_file_of_a_video_where_a_listing_does_not_tell_that_it_is_one(store: Store) -> None:
    list_photo(store, **WHOLE)
    list_photo(store, **WHOLE, without=["media"], file=FileOn(url="https://f.example/1.jpg", width=640, height=480))
    assert (rows(store)[0]["url"], rows(store)[0]["width"]) == (None, 0)


def test_a_tag_of_ours_is_no_news_and_another_one_beside_it_is(store: Store) -> None:
    list_photo(store)
    make_done(store)
    store.flickr_tags.want_on("1", Tag(text="Ann", rule="names"))
    (tag,) = store.flickr_tags.of("1")
    store.flickr_tags.settle(tag, present=True, ours=True)
    list_photo(store, tags="sea ann")
    assert news(store) == []
    list_photo(store, tags="sea ann sky")
    assert len(news(store)) == 1


def test_a_photo_of_an_older_store_whose_title_was_never_told_has_no_news(store: Store) -> None:
    list_photo(store)
    make_done(store)
    store._db.conn.execute("UPDATE flickr_photos SET title = NULL")
    list_photo(store, title="Sky")
    assert news(store) == []
    list_photo(store, title="Sea")
    assert len(news(store)) == 1


def test_a_done_photo_whose_file_is_fetched_again_is_done_whatever_becomes_of_that(store: Store) -> None:
    list_photo(store)
    make_done(store)
    list_photo(store, title="Sky")
    (photo,) = news(store)
    store.flickr.fetch_again(photo)
    assert (state(store), news(store)) == ("listed", [])
    store.flickr_albums.choose(AlbumChoice(texts=("Sea",)), videos=False)
    assert state(store) == "listed"
    store.flickr.refuse(photo, "no")
    assert (state(store), news(store)) == ("done", [])


def test_of_a_photo_that_changes_while_it_is_handled_the_change_is_not_lost(store: Store) -> None:
    list_photo(store)
    store._db.conn.execute("UPDATE flickr_photos SET state = 'fetched'")
    list_photo(store, title="Sky")
    make_done(store)
    assert len(news(store)) == 1


def test_a_photo_that_is_replaced_is_new_and_has_no_news(store: Store) -> None:
    list_photo(store)
    make_done(store)
    list_photo(store, secret="b", title="Sky")
    assert (state(store), news(store)) == ("listed", [])


def test_the_last_words_about_a_photo_that_is_deleted_are_kept_until_it_is_there_again(store: Store) -> None:
    said: dict[str, Any] = {"description": "blue", "datetaken": "2004-05-06 07:08:09"}
    list_photo(store, **said)
    make_done(store)
    store._db.conn.execute("UPDATE photos SET verdict = 'seen'")
    ((photo_id,),) = store._db.conn.execute("SELECT photo_id FROM flickr_photos").fetchall()
    before = known(store, photo_id)
    assert store.flickr_listing.forget_unmet(2) == 1
    assert state(store) == "gone"
    assert known(store, photo_id) == before
    list_photo(store, **said, id="2", title="Sky")
    store._db.conn.execute("UPDATE flickr_photos SET state = 'done', photo_id = ? WHERE id = '2'", (photo_id,))
    caption, exported, date = known(store, photo_id)
    assert (caption.title, exported, date) == ("Sky", "Sky", "2004-05-06T07:08:09")


def known(store: Store, photo_id: int) -> tuple[Caption, str, str]:
    """Return what sidecars, exports and the timeline have of a photo."""
    (batch,) = store.tables.photos().batches()
    (date,) = store._db.conn.execute("SELECT timeline_date FROM photos").fetchone()
    return store.flickr_captions.of([photo_id])[photo_id], str(batch[0][-3]), date
