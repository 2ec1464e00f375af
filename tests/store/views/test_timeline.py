"""The timeline against what a look at each photo gives."""

import os
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from familiar.store.store import Store
from familiar.store.views.photo_filters import PhotoFilter
from familiar.store.views.timeline import TimelinePhoto, TimelinePlace
from support.album import ANN, BOB, Album, embedding

FLICKR = (
    "INSERT INTO flickr_photos (id, secret, media, state, updated, uploaded, walk, photo_id, taken) "
    "VALUES (?, 's', 'photo', 'fetched', 0, 0, 0, ?, ?)"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Forty photos of four months or without a date, with Ann, Bob, nobody they know, or no face at all."""
    with Album.at(tmp_path_factory.mktemp("timeline")) as album:
        for number in range(40):
            people = [person for person, every in ((ANN, 2), (BOB, 3), (7, 5)) if number % every == 0]
            faces = album.photo(*(embedding(person, number) for person in people))
            if number == 0:
                album.register(faces[0], "Ann")
            elif number == 3:
                album.register(faces[0], "Bob")
            for face, person in zip(faces, people, strict=True):
                if number > 3 and person in {ANN, BOB}:
                    album.match(face, "Ann" if person == ANN else "Bob")
        run = album.store._db.conn.execute
        for number, (photo,) in enumerate(run("SELECT id FROM photos ORDER BY id").fetchall()):
            taken = None if number % 7 == 6 else f"20{10 + number % 3}-0{1 + number % 2}-1{number % 9}T10:00:00"
            kind = "video" if number % 8 == 0 else "photo"
            run("UPDATE photos SET taken = ?, taken_source = 'camera', kind = ? WHERE id = ?", (taken, kind, photo))
            album.store.files.place(
                Path(f"/pics/{number % 4}/{number % 2}/{number}.jpg"), photo_id=photo, size=1, mtime_ns=1
            )
        run("INSERT INTO roots (id, path, state) VALUES (1, ?, 'online')", (b"/pics/1",))
        run("UPDATE folders SET root_id = 1 WHERE path >= CAST('/pics/1' AS BLOB) AND path < CAST('/pics/2' AS BLOB)")
        run(FLICKR, ("f1", 5, "1999-12-31T23:59:59"))
        album.store.photos.set_aside("f" * 64, "damaged")
        yield album.store


WISHES: dict[str, list[Any]] = {
    "people": [(), (1,), (2,), (1, 2)],
    "which": ["all", "any", "only"],
    "unknown": [False, True],
    "source": [None, 1, "flickr"],
    "folder": [None, Path("/pics/2"), Path("/pics/2/0"), Path("/")],
    "kind": [None, "video"],
    "year": [None, 2011],
}


def _facts(store: Store) -> dict[int, dict[str, Any]]:
    """Return what is known of each photo, looked up one by one."""
    run, found = store._db.conn.execute, {}
    for id_, date, kind in run(
        "SELECT id, date, kind FROM photos JOIN photo_dates ON photo = photos.id WHERE verdict = 'seen'"
    ).fetchall():
        faces = [face for (face,) in run("SELECT id FROM real_faces WHERE photo_id = ?", (id_,))]
        people = [
            row[0] if row else None
            for face in faces
            for row in [run("SELECT person_id FROM matches WHERE face_id = ? AND accepted", (face,)).fetchone()]
        ]
        folder = run(
            "SELECT folders.path, root_id FROM files JOIN folders ON folders.id = folder_id WHERE photo_id = ?", (id_,)
        ).fetchone()
        flickr = run("SELECT 1 FROM flickr_photos WHERE photo_id = ?", (id_,)).fetchone() is not None
        found[id_] = {"date": date, "kind": kind, "people": people, "folder": folder, "flickr": flickr}
    return found


def _fulfils(photo: dict[str, Any], wanted: PhotoFilter) -> bool:
    here, asked = set(photo["people"]), set(wanted.people)
    if asked and not (asked <= here if wanted.which == "all" else asked & here):
        return False
    if asked and wanted.which == "only" and not here <= asked:
        return False
    path, root = Path(os.fsdecode(photo["folder"][0])), photo["folder"][1]
    return (
        (not wanted.unknown or None in here)
        and (wanted.source is None or (photo["flickr"] if wanted.source == "flickr" else root == wanted.source))
        and (wanted.folder is None or path.is_relative_to(wanted.folder))
        and (wanted.kind is None or photo["kind"] == wanted.kind)
        and (wanted.year is None or (photo["date"] or "").startswith(str(wanted.year)))
    )


def _shown(store: Store, wanted: PhotoFilter, most: int) -> list[TimelinePhoto]:
    """Return all photos of a filter, in parts of so many."""
    found = []
    for month in store.timeline.months(wanted):
        places = store.timeline.places(wanted, month.month, every=most)
        for place in places:
            found += store.timeline.part(wanted, month.month, start=place, most=most)
        assert store.timeline.part(wanted, month.month, start=None, most=99) == found[-month.photos :]
        assert len(places) == -(-month.photos // most)
    return found


def test_each_filter_shows_what_fulfils_it_in_the_order_of_dates(store: Store) -> None:
    facts = _facts(store)
    for values in product(*WISHES.values()):
        wanted = PhotoFilter(**dict(zip(WISHES, values, strict=True)))
        expected = sorted(
            (id_ for id_, photo in facts.items() if _fulfils(photo, wanted)),
            key=lambda id_: (facts[id_]["date"] or "", id_),
            reverse=True,
        )
        assert [photo.id for photo in _shown(store, wanted, 3)] == expected, wanted
        months = Counter((facts[id_]["date"] or "")[:7] for id_ in expected)
        assert {month.month: month.photos for month in store.timeline.months(wanted)} == months


def test_photos_that_were_set_aside_are_shown_apart_with_their_reasons(store: Store) -> None:
    wanted = PhotoFilter(set_aside=True)
    (month,) = store.timeline.months(wanted)
    assert (month.month, month.photos) == ("", 1)
    (photo,) = store.timeline.part(wanted, "", start=None, most=9)
    assert photo.reason == "damaged"
    assert store.timeline.places(wanted, "", every=1) == [photo.place]


def test_a_place_is_a_text_and_back() -> None:
    for place in (TimelinePlace(taken="2011-02-03T10:00:00", id=5), TimelinePlace(taken="", id=7)):
        assert TimelinePlace.parse(str(place)) == place
    assert [TimelinePlace.parse(text) for text in ("", "2011", "x_y", "_-1", "_²", "_" + "9" * 5000)] == [None] * 6


def test_the_dates_of_the_timeline_are_those_of_the_view_whatever_changes_them(tmp_path: Path) -> None:
    with Album.at(tmp_path) as album:
        for number in range(3):
            album.photo(embedding(number))
        run = album.store._db.conn.execute

        def dates() -> list[str | None]:
            rows = run("SELECT timeline_date, date FROM photos JOIN photo_dates ON photo = photos.id").fetchall()
            assert [kept for kept, _ in rows] == [date for _, date in rows]
            return [kept for kept, _ in rows]

        run("UPDATE photos SET taken = '2011-01-01T00:00:00' WHERE id = 1")
        assert dates() == ["2011-01-01T00:00:00", None, None]
        run(FLICKR, ("f1", 1, "2009-01-01T00:00:00"))
        run(FLICKR, ("f2", None, "2010-01-01T00:00:00"))
        run("UPDATE flickr_photos SET photo_id = 2 WHERE id = 'f2'")
        assert dates() == ["2009-01-01T00:00:00", "2010-01-01T00:00:00", None]
        run("UPDATE flickr_photos SET photo_id = 3 WHERE id = 'f2'")
        run("UPDATE flickr_photos SET state = 'gone' WHERE id = 'f1'")
        assert dates() == ["2009-01-01T00:00:00", None, "2010-01-01T00:00:00"]
        run("DELETE FROM flickr_photos")
        assert dates() == ["2011-01-01T00:00:00", None, None]


def test_a_month_is_read_by_the_index_alone(store: Store) -> None:
    asked: list[str] = []
    connection = store._db.conn
    connection.set_trace_callback(asked.append)
    store.timeline.part(
        PhotoFilter(people=(1,)), "2011-02", start=TimelinePlace(taken="2011-02-15T00:00:00", id=4), most=2
    )
    store.timeline.months(PhotoFilter())
    connection.set_trace_callback(None)
    for query in asked:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
        steps = [step for step in plan if " photos " in f"{step} "]
        assert steps
        assert all("SEARCH photos USING" in step and "INDEX photos_timeline (" in step for step in steps), (
            query,
            steps,
        )
