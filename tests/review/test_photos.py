"""Photos asked for without a browser: what does not exist, what is damaged, and very many requests at once."""

import re
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from PIL import Image

from conftest import put
from familiar.store.store import STORE_NAME
from support.household import Household
from support.review_page import ServedPage, Visitor, serving
from support.videos import write_video


def version_of(visitor: Visitor, photo: int) -> str:
    (version,) = re.findall(r'data-version="([^"]+)"', visitor.get(f"/photos/{photo}").text)
    return str(version)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/photos/999", 404, "There is no photo 999."),
        ("/photos/99999999999999999999", 404, "There is no photo"),
        ("/faces/999", 404, "There is no face 999."),
        ("/photos/1-000000000000.webp", 404, ""),
        ("/tiles/999-000000000000.webp", 404, ""),
        ("/photos/part?month=soon", 404, "month is 'soon'; it must be one as 2024-07"),
        ("/photos?person=Nobody", 404, "There is no person named 'Nobody'"),
        ("/photos?which=few", 404, "which is 'few'; it must be one of all, any, only."),
        ("/photos?source=x", 404, "source is 'x'; it must be a number."),
        ("/photos?folder=here", 404, "folder is 'here'; it must be a whole path"),
        ("/photos?year=0", 404, "year is 0; it must be from 1 to 9999"),
        ("/photos?kind=film", 404, "kind is 'film'; it must be one of photo, video."),
    ],
)
def test_what_does_not_exist_is_told(visitor: Visitor, path: str, status: int, said: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == status
    assert said in answer.text.replace("&#39;", "'")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"photos": {"999": "x"}, "box": [0, 0, 50, 50]}, "There is no photo 999."),
        ({"photos": {"1": "x"}, "box": [0, 0, 50, 50]}, "This changed in the meantime"),
        ({"box": [0, 0, 50, 50]}, "a photo is needed"),
        ({"photos": {"1": "x"}}, "to add a face, a box"),
        ({"photos": {"1": "x"}, "box": [0, 0, 50]}, "box"),
    ],
)
def test_a_face_is_not_added_to_what_is_not_as_it_was_seen(visitor: Visitor, wanted: object, said: str) -> None:
    answer = visitor.change(what="add face", **wanted)  # type: ignore[arg-type]
    assert answer.status_code in {400, 409, 422}
    assert said in answer.json()["said"]


def test_a_box_outside_of_the_photo_is_refused(visitor: Visitor) -> None:
    answer = visitor.change(what="add face", photos={"1": version_of(visitor, 1)}, box=[0, 0, 99_999, 50])
    assert answer.status_code == 422
    assert "must be inside of the photo" in answer.json()["said"]


def test_a_missed_face_is_added_to_any_frame_of_a_video(tmp_path: Path, astronaut: Path) -> None:
    home = Household(base=tmp_path)
    with Image.open(astronaut) as image:
        far = Image.new("RGB", (1600, 1200), (120, 130, 140))
        far.paste(image.resize((image.width // 4, image.height // 4), Image.Resampling.LANCZOS), (750, 600))
        far.save(tmp_path / "far.png")
    write_video(home.inbox / "far.mp4", [(None, 1), (tmp_path / "far.png", 1)], size=far.size)
    home.scan()
    with serving(home) as served:
        visitor = served.logged_in()
        page = visitor.get("/photos/1").text
        assert '<input id="frame-time" type="range" min="0" max="2.0" step="0.1" value="0">' in page
        page = visitor.get("/photos/1?time=1.75").text
        assert 'data-time="1.75"' in page
        (picture,) = re.findall(r'/photos/1-[^"]*', page)
        assert (picture[-10:], visitor.get(picture).status_code) == ("?time=1.75", 200)
        wanted = {"photos": {"1": version_of(visitor, 1)}, "box": [785, 610, 825, 655], "time": 1.75}
        made = visitor.change(what="add face", **wanted).json()
        page = visitor.get(f"/faces/{made['face']}").text
        assert 'data-time="1.6"' in page  # that of the frame, with the face in it
        assert page.count(f'data-face="{made["face"]}"') == 2
        (picture,) = re.findall(rf'/faces/{made["face"]}-[^"]*', page)
        assert visitor.get(picture).status_code == 200
        for wrong in ("-1", "99", "nan", "x"):
            assert 'data-time="1.6"' in visitor.get(f"/photos/1?time={wrong}").text


def test_pages_without_scripts_lead_from_photo_to_photo(visitor: Visitor) -> None:
    page = visitor.get("/photos").text
    (photo, *_) = re.findall(r'href="/photos/(\d+)"', page)
    assert 'aria-label="Faces in this photo"' in visitor.get(f"/photos/{photo}").text
    assert visitor.get("/photos/months").json() == [["2013-01", 3], ["2009-08", 4], ["", 4]]
    (place, *_) = visitor.get("/photos/places?month=2009-08&every=2").json()[1:]
    assert visitor.get(f"/photos/part?month=2009-08&start={place}&most=2&part").text.count('class="tile"') == 2
    assert visitor.get("/photos?start=2009-08~_9999").text.count('class="tile"') == 8


def test_damaged_photos_are_shown_apart_with_the_reason_and_without_a_picture(
    strangers: Household, tmp_path: Path, obama: Path
) -> None:
    home = Household(base=tmp_path)
    (tmp_path / "album").mkdir()
    put(obama, tmp_path / "album", "cut.jpg").write_bytes(obama.read_bytes()[:300])
    put(obama, tmp_path / "album", "whole.jpg")
    home.configure({"folders": [str(tmp_path / "album")], "vision": {"damaged_after": 0}})
    home.scan()
    with serving(home) as served:
        visitor = served.logged_in()
        page = visitor.get("/photos?set-aside=1").text
        ((photo, reason),) = re.findall(r'href="/photos/(\d+)".*?<br>([^<]+)</span>', page, re.DOTALL)
        assert "damaged" in reason
        assert reason in visitor.get(f"/photos/{photo}").text
        assert "cut.jpg" in page
        assert page.count('class="tile"') == 1
        (tmp_path / "album" / "whole.jpg").write_bytes(b"damaged")
        ((tile, *_),) = [re.findall(r'src="(/tiles/[^"]+)"', visitor.get("/photos").text)]
        assert visitor.get(tile).status_code == 404
        (other,) = re.findall(r"/tiles/(\d+)-", tile)
        assert "has changed since it was looked at" in visitor.get(f"/photos/{other}").text


def test_a_thousand_requests_at_once_are_all_answered(visitor: Visitor, served: ServedPage) -> None:
    tiles = re.findall(r'src="(/tiles/[^"]+)"', visitor.get("/photos").text)
    paths = [*tiles, "/photos/months", "/photos/1", "/photos/part?month=2009-08&part", "/groups", "/photos/999"]
    wanted = [paths[number % len(paths)] for number in range(1000)]

    def ask(path: str) -> int:
        headers = {name: str(value) for name, value in visitor.session.headers.items()}
        return requests.get(served.address + path, headers=headers, timeout=120).status_code

    with ThreadPoolExecutor(64) as threads:
        told = list(threads.map(ask, wanted))
    assert [
        status for path, status in zip(wanted, told, strict=True) if status != (404 if "999" in path else 200)
    ] == []


def test_a_slow_reader_holds_up_nobody_else(visitor: Visitor, served: ServedPage) -> None:
    host, port = served.address.removeprefix("http://").split(":")
    tiles = re.findall(r'src="(/tiles/[^"]+)"', visitor.get("/photos").text)
    cookie = str(visitor.session.headers["Cookie"])
    with socket.create_connection((host, int(port))) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        for _ in range(200):
            request = f"GET {tiles[0]} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookie}\r\n\r\n"
            slow.sendall(request.encode())
        begin = time.monotonic()
        assert visitor.get("/photos").status_code == 200
        assert time.monotonic() - begin < 5
        assert slow.recv(15).startswith(b"HTTP/1.1 200")


def test_a_store_that_a_newer_version_has_migrated_is_told_and_not_written_to(
    strangers: Household, tmp_path: Path
) -> None:
    home = Household.like(strangers, tmp_path)
    with serving(home) as served:
        visitor = served.logged_in()
        version = version_of(visitor, 1)
        with sqlite3.connect(home.state / STORE_NAME) as newer:
            newer.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('familiar', 'tomorrow', '')"
            )
        newer.close()
        answer = visitor.change(what="name face", photos={"1": version}, faces=[1], name="Ann", is_new=True)
        assert answer.status_code == 503
        assert "another version of familiar changed the store (tomorrow)" in answer.json()["said"]
        assert "The store can&#39;t be used now" in visitor.get("/photos").text
        with sqlite3.connect(home.state / STORE_NAME) as store:
            assert store.execute("SELECT count(*) FROM people").fetchone() == (0,)
        store.close()
