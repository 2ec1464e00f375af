"""The client through flickrapi, against a server that checks signatures and fails in every way."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from familiar.flickr.api.answers import find_tag, read_tags
from familiar.flickr.api.client import Client
from familiar.flickr.api.credentials import Key, Login
from familiar.flickr.api.downloads import Downloader
from familiar.flickr.api.errors import (
    ClockError,
    FlickrError,
    KeyRejectedError,
    LoginLostError,
    MissingError,
    NoPictureError,
    NotAllowedError,
    PassingError,
    RefusedError,
    StoppedError,
)
from familiar.flickr.api.listing import EXTRAS, ListingEntry, best_size, read_page, read_sizes
from familiar.tags import quoted
from support.flickr_server.faults import OF_IMAGES, OF_THE_API
from support.flickr_server.server import FlickrServer

TIMEOUT = 0.5


def client_of(flickr: FlickrServer, perms: str | None = "write", *, key: str = "", secret: str = "") -> Client:
    login = None
    if perms is not None:
        token = flickr.logins.grant(perms)
        login = Login(token=token.key, secret=token.secret, perms="write", nsid="1@N00", username="Ana")
    own = Key(key=key or flickr.logins.key, secret=secret or flickr.logins.secret)
    return Client(own, login, endpoint=flickr.url, timeout=TIMEOUT)


@pytest.fixture
def client(flickr: FlickrServer) -> Client:
    flickr.faults.hang_seconds = 2 * TIMEOUT
    return client_of(flickr)


@pytest.fixture
def downloader() -> Iterator[Downloader]:
    found = Downloader(timeout=TIMEOUT)
    yield found
    found.close()


def error_of(client: Client, method: str = "test.login", **parameters: str) -> FlickrError:
    with pytest.raises(FlickrError) as caught:
        client.call(method, **parameters)
    return caught.value


def test_a_login_out_of_band_gives_what_works(flickr: FlickrServer) -> None:
    client = client_of(flickr, None)
    address = client.begin_login("write")
    assert address.startswith(f"{flickr.url}/services/oauth/authorize?oauth_token=")
    assert address.endswith("&perms=write")
    login = client.end_login(flickr.verifier(address))
    assert (login.username, login.perms, login.may_write) == ("Ana María", "write", True)
    key = Key(key=flickr.logins.key, secret=flickr.logins.secret)
    answer = Client(key, login, endpoint=flickr.url, timeout=TIMEOUT).call("test.login")
    assert answer["user"]["id"] == login.nsid


@pytest.mark.parametrize("typed", ["{}{}{}", "{} {} {}", " {}-{}-{} ", "{}.{}.{}"])
def test_a_verifier_may_be_typed_without_its_dashes(flickr: FlickrServer, typed: str) -> None:
    client = client_of(flickr, None)
    verifier = flickr.verifier(client.begin_login("read"))
    assert client.end_login(typed.format(*verifier.split("-"))).perms == "read"


def test_a_wrong_verifier_is_refused(flickr: FlickrServer) -> None:
    client = client_of(flickr, None)
    flickr.verifier(client.begin_login("read"))
    with pytest.raises(RefusedError, match="the number is not the one that Flickr showed"):
        client.end_login("000-000-000")


@pytest.mark.parametrize("documented", [True, False])
def test_a_lost_login_a_wrong_key_and_a_wrong_clock_are_told_apart(flickr: FlickrServer, documented: bool) -> None:
    flickr.quirks.documents_refusals = documented
    assert isinstance(error_of(client_of(flickr, key="wrong")), KeyRejectedError)
    assert isinstance(error_of(client_of(flickr, secret="wrong")), KeyRejectedError)
    client = client_of(flickr)
    flickr.logins.skew_seconds = 3600
    clock = error_of(client)
    assert isinstance(clock, ClockError)
    assert "timestamp_refused" in str(clock)
    flickr.logins.skew_seconds = 0
    flickr.logins.revoke()
    assert isinstance(error_of(client), LoginLostError)


def test_a_clock_that_is_off_is_told_at_the_login_too(flickr: FlickrServer) -> None:
    flickr.logins.skew_seconds = 3600
    with pytest.raises(ClockError):
        client_of(flickr, None).begin_login("read")


def test_a_login_that_may_only_read_is_told_when_it_writes(flickr: FlickrServer, astronaut: Path) -> None:
    photo = flickr.account.add_photo(astronaut)
    error = error_of(client_of(flickr, "read"), "photos.addTags", photo_id=photo.id, tags="a")
    assert isinstance(error, NotAllowedError)
    assert "--perms write" in str(error)


@pytest.mark.parametrize("fault", [kind for kind in OF_THE_API if kind != "slow"])
def test_each_way_of_failing_is_a_passing_error_that_says_whether_the_call_may_have_been_done(
    flickr: FlickrServer, client: Client, fault: str, astronaut: Path
) -> None:
    photo = flickr.account.add_photo(astronaut)
    flickr.faults.next(fault)
    error = error_of(client, "photos.addTags", photo_id=photo.id, tags=quoted("a b"))
    assert isinstance(error, PassingError)
    if photo.tags:
        assert error.maybe_done
    assert error.throttled == fault.startswith("429")
    assert (error.wait is not None) == (fault == "429-retry-after")
    assert client.call("photos.addTags", photo_id=photo.id, tags=quoted("a b"))["stat"] == "ok"
    assert [tag.raw for tag in photo.tags] == ["a b"]


@pytest.mark.parametrize("status", [200, 400])
def test_a_refused_time_is_recognised_in_an_answer_that_is_not_json(
    flickr: FlickrServer, client: Client, status: int
) -> None:
    said = "oauth_problem=timestamp_refused&oauth_acceptable_timestamps=1-2"
    flickr.faults.next(f"text{status}:{said}")
    assert isinstance(error_of(client), ClockError)
    flickr.faults.next(f"text{status}:<html><body>{said.partition('&')[0]}</body></html>")
    assert isinstance(error_of(client), ClockError)
    flickr.faults.next(f"text{status}:{said}")
    with pytest.raises(ClockError):
        client_of(flickr, None).begin_login("read")


def test_an_answer_with_only_an_oauth_problem_is_an_error(flickr: FlickrServer, client: Client) -> None:
    flickr.faults.next('text:{"stat": "ok", "title": "oauth_problem=timestamp_refused"}')
    assert client.call("test.login")["stat"] == "ok"


@pytest.mark.parametrize(
    ("attributes", "meant"),
    [
        ('code="98" msg="Login failed / Invalid auth token"', LoginLostError),
        ("msg='Invalid &amp; old' code='98'", LoginLostError),
        ('code="1" msg="Photo not found"', RefusedError),
        ('code="105"', PassingError),
        ('code="many"', PassingError),
    ],
)
def test_an_error_that_comes_as_xml_is_understood(
    flickr: FlickrServer, client: Client, attributes: str, meant: type[FlickrError]
) -> None:
    xml = f'<?xml version="1.0" encoding="utf-8" ?>\n<rsp stat="fail">\n\t<err {attributes} />\n</rsp>'
    flickr.faults.next(f"text:{xml}")
    assert type(error_of(client, "photos.getInfo", photo_id="1")) is meant


REFUSALS = [("photos.addTags", 1), ("photos.addTags", 2), ("photos.getInfo", 1), ("photos.getSizes", 2)]


@pytest.mark.parametrize(("method", "code"), REFUSALS)
def test_a_method_refuses_for_good_by_the_errors_that_are_documented_for_it(
    flickr: FlickrServer, client: Client, method: str, code: int
) -> None:
    flickr.faults.next(f"error:{code}")
    assert isinstance(error_of(client, method), RefusedError)


@pytest.mark.parametrize("method", ["photos.addTags", "photos.getInfo", "photos.getSizes", "people.getPhotos"])
@pytest.mark.parametrize("code", [0, 3, 105, 106, 111, 112, 201, 999])
def test_all_other_errors_may_pass(flickr: FlickrServer, client: Client, method: str, code: int) -> None:
    flickr.faults.next(f"error:{code}")
    assert isinstance(error_of(client, method), PassingError)


@pytest.mark.parametrize("code", [1, 2, 95, 96, 97, 98, 99, 100, 201, 999])
def test_a_service_that_is_not_available_may_be_later_whatever_the_number_of_the_error(
    flickr: FlickrServer, client: Client, code: int
) -> None:
    text = "Sorry, the Flickr API service is not currently available."
    flickr.faults.next(f'text:{{"stat": "fail", "code": {code}, "message": "{text}"}}')
    error = error_of(client, "photos.addTags")
    assert isinstance(error, PassingError)
    assert error.away


@pytest.mark.parametrize("answer", ["[" * 100_000, "[]", '{"stat": "fail"}', '{"stat": "fail", "code": []}', "\ufeff"])
def test_an_answer_that_can_not_be_decoded_is_a_temporary_error(
    flickr: FlickrServer, client: Client, answer: str
) -> None:
    flickr.faults.next(f"text:{answer}")
    error = error_of(client)
    assert isinstance(error, PassingError)
    assert "invalid answer" in str(error)


@pytest.mark.parametrize("fault", ["stall", "drip", "drip-head"])
def test_an_answer_that_stops_or_drips_ends_at_the_time_limit(flickr: FlickrServer, client: Client, fault: str) -> None:
    flickr.faults.next(fault)
    began = time.monotonic()
    assert isinstance(error_of(client), PassingError)
    assert time.monotonic() - began < 3 * TIMEOUT


def test_a_call_that_finds_nobody_has_not_been_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    error = error_of(Client(Key(key="k", secret="s"), None, endpoint=endpoint, timeout=1))
    assert isinstance(error, PassingError)
    assert (error.away, error.sent, error.maybe_done) == (True, False, False)


def test_a_call_whose_connection_is_cut_has_been_sent(flickr: FlickrServer, client: Client) -> None:
    flickr.faults.next("reset")
    error = error_of(client)
    assert isinstance(error, PassingError)
    assert (error.away, error.sent, error.maybe_done) == (True, True, True)


def test_no_error_says_a_key_or_a_token(flickr: FlickrServer, client: Client) -> None:
    for fault in ("hang", "reset", "html", "500"):
        flickr.faults.next(fault)
        error = error_of(client)
        assert flickr.logins.key not in f"{error} {error.__cause__}"


def test_another_server_is_asked_only_on_this_machine_or_encrypted() -> None:
    key = Key(key="k", secret="s")
    error = error_of(Client(key, None, endpoint="http://flickr.example", timeout=1))
    assert isinstance(error, StoppedError)
    assert "not an https address" in str(error)


def test_without_another_server_flickrs_own_addresses_hold() -> None:
    from flickrapi import FlickrAPI  # noqa: PLC0415 - it takes a while to import
    from flickrapi.auth import OAuthFlickrInterface  # noqa: PLC0415

    client = Client(Key(key="k", secret="s"), None, endpoint=None, timeout=1)
    assert client._api.REST_URL == FlickrAPI.REST_URL
    assert client._oauth.ACCESS_TOKEN_URL == OAuthFlickrInterface.ACCESS_TOKEN_URL
    assert client._oauth.session is not OAuthFlickrInterface.session


# Photos and tags


def test_a_listing_tells_of_each_photo_all_that_is_needed(flickr: FlickrServer, client: Client, obama: Path) -> None:
    photo = flickr.account.add_photo(obama, is_public=False)
    page = read_page(client.call("people.getPhotos", user_id="me", extras=EXTRAS, per_page=500))
    assert (page.total, page.pages, page.odd) == (1, 1, 0)
    (listed,) = page.photos
    assert (listed.id, listed.secret, listed.media) == (photo.id, photo.secret, "photo")
    assert listed.details.title == "obama"
    chosen = best_size(listed.sizes, 300)
    assert chosen is not None
    assert (chosen.pixels, chosen.suffix) == (240, ".jpg")


def test_an_odd_entry_of_a_listing_does_not_hide_the_others(flickr: FlickrServer, client: Client, obama: Path) -> None:
    flickr.account.add_photo(obama)
    answer = client.call("people.getPhotos", user_id="me", extras=EXTRAS)
    (good,) = answer["photos"]["photo"]
    answer["photos"]["photo"] = [None, {"id": "../../etc"}, good, good | {"secret": "a/b"}]
    page = read_page(answer)
    assert ([photo.id for photo in page.photos], page.odd) == ([good["id"]], 3)


EXTRA_FIELDS: dict[str, dict[str, Any]] = {
    "date_upload": {"dateupload": "5"},
    "date_taken": {"datetaken": "2004-05-06 07:08:09"},
    "last_update": {"lastupdate": "6"},
    "media": {"media": "video"},
    "tags": {"tags": "sea"},
    "machine_tags": {"machine_tags": "people:name=ann"},
    "description": {"description": {"_content": "blue"}},
    "geo": {"latitude": 1, "longitude": 2},
    "license": {"license": "4"},
    **{
        f"url_{size}": {f"url_{size}": f"https://f.example/{size}.jpg"}
        for size in ("o", "6k", "5k", "4k", "3k", "k", "h", "l", "c", "z", "m", "n", "s", "t")
    },
}
"""What each extra of a listing brings."""


def test_a_listing_is_asked_for_all_sizes_and_for_nothing_that_is_not_read() -> None:
    assert set(EXTRAS.split(",")) == EXTRA_FIELDS.keys()
    (without,) = listed({"id": "1", "secret": "a"})
    for fields in EXTRA_FIELDS.values():
        assert listed({"id": "1", "secret": "a", **fields}) != (without,)


def listed(entry: dict[str, Any]) -> tuple[ListingEntry, ...]:
    return read_page({"photos": {"photo": [entry], "pages": 1, "total": 1}}).photos


def test_a_size_between_two_and_six_thousand_pixels_is_taken_by_its_name() -> None:
    entry = {"id": "1", "secret": "a", "url_k": "https://f.example/k.jpg", "url_4k": "https://f.example/4k.jpg"}
    answer = {"photos": {"photo": [entry | {"url_6k": "https://f.example/6k.jpg"}], "pages": 1, "total": 1}}
    (photo,) = read_page(answer).photos
    chosen = best_size(photo.sizes, 4096)
    assert chosen is not None
    assert chosen.url == "https://f.example/4k.jpg"


@pytest.mark.parametrize(("max_size", "pixels"), [(None, 1137), (1137, 1137), (1136, 1024), (200, 100), (70, 100)])
def test_the_best_size_is_at_or_below_the_limit_or_else_the_smallest(
    flickr: FlickrServer, client: Client, obama: Path, max_size: int | None, pixels: int
) -> None:
    photo = flickr.account.add_photo(obama)
    sizes = read_sizes(client.call("photos.getSizes", photo_id=photo.id), "photo")
    chosen = best_size(sizes, max_size)
    assert chosen is not None
    assert chosen.pixels == pixels


def film(label: str, side: int | str | None, source: str = "") -> dict[str, Any]:
    source = source or f"https://flickr.example/photos/1@N00/1/play/{label.split(maxsplit=1)[0]}/abc/"
    return {"label": label, "width": side, "height": side, "source": source, "media": "video"}


@pytest.mark.parametrize(("max_size", "label"), [(None, "Video"), (1600, "HD"), (640, "Site"), (100, "Mobile")])
def test_of_a_video_a_film_is_taken_and_not_its_player(max_size: int | None, label: str) -> None:
    films = [
        film("Video Player", 640, "https://flickr.example/apps/video/stewart.swf?v=2"),
        film("Site MP4", 640),
        film("Mobile MP4", "480"),
        film("HD MP4", 1280),
        film("Video Original", None if max_size else ""),
    ]
    chosen = best_size(read_sizes({"sizes": {"size": films}}, "video"), max_size)
    assert chosen is not None
    assert f"/play/{label}/" in chosen.url


def test_a_video_of_which_there_is_only_the_player_has_no_film() -> None:
    player = film("Video Player", 640, "https://flickr.example/apps/video/stewart.swf?v=2")
    assert read_sizes({"sizes": {"size": [player]}}, "video") == ()


@pytest.mark.parametrize(
    ("max_size", "name"), [(None, "o"), (9999, "k"), (2047, "h"), (1024, "l"), (1023, "z"), (300, "t"), (70, "t")]
)
def test_where_a_listing_tells_no_sides_the_names_of_the_sizes_tell_them(max_size: int | None, name: str) -> None:
    names = ("sq", "t", "k", "o", "z", "h", "l")
    photo = {"id": "1", "secret": "a"} | {f"url_{each}": f"https://flickr.example/{each}.jpg" for each in names}
    page = read_page({"photos": {"pages": 1, "total": 1, "photo": [photo]}})
    chosen = best_size(page.photos[0].sizes, max_size)
    assert chosen is not None
    assert chosen.url.endswith(f"/{name}.jpg")
    assert (chosen.width, chosen.height) == (0, 0)


def test_where_nothing_tells_how_large_the_sizes_are_the_original_is_taken() -> None:
    photo = {"id": "1", "secret": "a", "url_x": "https://f.example/x.jpg", "url_o": "https://f.example/o.jpg"}
    page = read_page({"photos": {"pages": 1, "total": 1, "photo": [photo]}})
    chosen = best_size(page.photos[0].sizes, 1000)
    assert chosen is not None
    assert chosen.url.endswith("/o.jpg")


def test_a_photo_without_any_size_has_none() -> None:
    assert best_size([], 1000) is None
    assert best_size([], None) is None


def test_a_tag_is_found_again_in_its_cleaned_form(flickr: FlickrServer, client: Client, obama: Path) -> None:
    photo = flickr.account.add_photo(obama, tags=["JANE-doe", "people:name=Jane Doe"])
    tags = read_tags(client.call("photos.getInfo", photo_id=photo.id))
    found = find_tag(tags, "Jane Doe")
    assert found is not None
    assert found.raw == "JANE-doe"
    assert find_tag(tags, "jane") is None
    client.call("photos.removeTag", tag_id=found.id)
    assert [tag.raw for tag in photo.tags] == ["people:name=Jane Doe"]


# Files


def url_of(flickr: FlickrServer, photo: Path) -> str:
    listed = flickr.account.add_photo(photo)
    return flickr.url + listed.path(listed.sizes()[-1])


@pytest.mark.parametrize("fault", [kind for kind in OF_IMAGES if kind not in {"slow", "half", "disguised", "png"}])
def test_a_download_that_fails_leaves_nothing_behind(
    flickr: FlickrServer, downloader: Downloader, tmp_path: Path, obama: Path, fault: str
) -> None:
    flickr.faults.hang_seconds = 2 * TIMEOUT
    url = url_of(flickr, obama)
    flickr.faults.next(fault)
    with pytest.raises(NoPictureError if fault == "html" else PassingError):
        downloader.fetch(url, tmp_path / "a.part")
    assert list(tmp_path.iterdir()) == []
    size = downloader.fetch(url, tmp_path / "a.part")
    assert (tmp_path / "a.part").stat().st_size == size


@pytest.mark.parametrize("how", ["404", "410", "placeholder"])
def test_a_picture_that_is_gone_is_missing_however_that_is_said(
    flickr: FlickrServer, downloader: Downloader, tmp_path: Path, obama: Path, how: str
) -> None:
    flickr.quirks.missing_pictures = how
    url = url_of(flickr, obama)
    flickr.account.photos.clear()
    with pytest.raises(MissingError):
        downloader.fetch(url, tmp_path / "a.part")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_fetched_only_encrypted_or_from_this_machine(downloader: Downloader, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="not an https address"):
        downloader.fetch("http://static.example/1_a.jpg", tmp_path / "a.part")


@pytest.mark.parametrize(
    "url", ["", "https://", "https://[bad", "https://a b/", "https://a:99999/", f"https://{'a' * 70}.example/", "//a/b"]
)
def test_there_is_no_file_at_what_can_be_no_address(downloader: Downloader, tmp_path: Path, url: str) -> None:
    with pytest.raises(MissingError, match=r"is not an (https )?address"):
        downloader.fetch(url, tmp_path / "a.part")


def test_a_redirect_to_an_address_that_is_not_encrypted_is_not_followed(downloader: Downloader, tmp_path: Path) -> None:
    asked: list[str] = []

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/b.jpg" if self.path == "/a.jpg" else "http://static.example/c.jpg")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name in http.server
            pass

    with HTTPServer(("127.0.0.1", 0), Redirect) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(MissingError, match="'http://static.example/c.jpg' is not an https address"):
                downloader.fetch(f"http://127.0.0.1:{server.server_port}/a.jpg", tmp_path / "a.part")
        finally:
            server.shutdown()
            thread.join()
    assert asked == ["/a.jpg", "/b.jpg"]


def test_every_request_says_who_asks(
    flickr: FlickrServer, client: Client, downloader: Downloader, obama: Path, tmp_path: Path
) -> None:
    client.call("test.login")
    downloader.fetch(url_of(flickr, obama), tmp_path / "a.part")
    assert {entry.user_agent.split("/")[0] for entry in flickr.record.entries} == {"familiar"}
    assert flickr.record.violations == []
