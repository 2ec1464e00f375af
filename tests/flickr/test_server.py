from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from flickrapi.exceptions import FlickrError
from PIL import Image
from requests_oauthlib import OAuth1

from support.flickr_server.oauth import SignedRequest, matches
from support.flickr_server.remote import RemoteFlickr
from support.flickr_server.server import FlickrServer

Connect = Callable[..., Any]
ALL_SIZES = ",".join(f"url_{name}" for name in ["sq", "q", "t", "s", "n", "m", "z", "c", "l", "h", "k", "o"])


def refused(call: Callable[[], object]) -> int | None:
    """Return the code of the error that a call ends with."""
    with pytest.raises(FlickrError) as caught:
        call()
    code: int | None = caught.value.code
    return code


def ids(answer: Any) -> list[str]:
    return [photo["id"] for photo in answer["photos"]["photo"]]


def test_a_login_gives_a_token_that_works(flickr: FlickrServer, connect: Connect) -> None:
    api = connect(None)
    api.get_request_token(oauth_callback="oob")
    verifier = flickr.verifier(api.auth_url(perms="write"))
    api.get_access_token(verifier)
    answer = api.auth.oauth.checkToken()
    assert answer["oauth"]["perms"]["_content"] == "write"
    assert answer["oauth"]["user"]["username"] == "Ana María"


def test_a_wrong_verifier_is_refused(flickr: FlickrServer, connect: Connect) -> None:
    api = connect(None)
    api.get_request_token(oauth_callback="oob")
    flickr.verifier(api.auth_url(perms="write"))
    with pytest.raises(FlickrError, match="401"):
        api.get_access_token("000-000-0000")


@pytest.mark.parametrize(("key", "secret", "code"), [("wrong", "", 100), ("", "wrong", 96)])
def test_wrong_keys_and_signatures_are_refused(connect: Connect, key: str, secret: str, code: int) -> None:
    api = connect(key=key, secret=secret)
    assert refused(api.test.login) == code


def test_a_revoked_token_is_refused(flickr: FlickrServer, connect: Connect) -> None:
    api = connect()
    flickr.logins.revoke()
    assert refused(api.test.login) == 98


def test_a_clock_that_is_off_by_an_hour_is_refused(flickr: FlickrServer, connect: Connect) -> None:
    flickr.logins.skew_seconds = 3600
    with pytest.raises(FlickrError, match="401"):
        connect().test.login()


def test_a_request_that_is_sent_again_is_refused(connect: Connect) -> None:
    api = connect()
    seen = []
    api.flickr_oauth.session.hooks["response"].append(lambda answer, **_: seen.append(answer.request))
    api.test.login()
    again = api.flickr_oauth.session.send(seen[0])
    assert (again.status_code, again.text) == (401, "oauth_problem=nonce_used")


def test_a_signature_is_that_of_the_example_in_the_specification() -> None:
    parameters = (
        ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
        ("oauth_token", "nnch734d00sl2jdk"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "1191242096"),
        ("oauth_nonce", "kllo9940pd9333jh"),
        ("oauth_version", "1.0"),
        ("file", "vacation.jpg"),
        ("size", "original"),
        ("oauth_signature", "tR3+Ty81lMeYAr/Fid0kMTYa/WM="),
    )
    request = SignedRequest(verb="GET", url="http://photos.example.net/photos", parameters=parameters)
    consumer, token = "kd94hf93k423kf44", "pfkkdhi9sl3r4s00"
    assert matches(request, consumer_secret=consumer, token_secret=token)
    assert not matches(request, consumer_secret=token, token_secret=consumer)


@pytest.mark.parametrize("where", ["auth_header", "query", "body"])
def test_a_signature_may_come_in_header_query_or_form(flickr: FlickrServer, where: str) -> None:
    token = flickr.logins.grant("read")
    oauth = OAuth1(flickr.logins.key, flickr.logins.secret, token.key, token.secret, signature_type=where)
    form = {"method": "flickr.test.login", "format": "json", "nojsoncallback": "1", "note": "a b&c=d~é+"}
    answer = requests.post(f"{flickr.url}/services/rest/", data=form, auth=oauth, timeout=5)
    assert answer.json()["user"]["username"]["_content"] == "Ana María"


def test_refusals_of_the_login_come_as_oauth_problems_too(flickr: FlickrServer, connect: Connect) -> None:
    flickr.quirks.documents_refusals = False
    api = connect()
    flickr.logins.revoke()
    with pytest.raises(FlickrError, match="401"):
        api.test.login()


def test_writing_asks_for_the_permission_to_write(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    photo = flickr.account.add_photo(obama)
    assert refused(lambda: connect("read").photos.addTags(photo_id=photo.id, tags='"Ana"')) == 99


def test_an_unknown_method_is_refused(connect: Connect) -> None:
    assert refused(connect().photos.paint) == 112


def test_listings_show_private_photos_to_their_owner_alone(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    public, private = flickr.account.add_photo(obama), flickr.account.add_photo(obama, is_public=False)
    assert ids(connect().people.getPhotos(user_id="me")) == [private.id, public.id]
    key = flickr.logins.key
    query = f"method=flickr.people.getPhotos&api_key={key}&user_id={public.owner}&format=json&nojsoncallback=1"
    assert ids(requests.get(f"{flickr.url}/services/rest/?{query}", timeout=5).json()) == [public.id]


def test_a_listing_of_10000_photos_has_20_pages(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    photos = flickr.account.add_photos([obama], 10_000)
    api = connect()
    answers = [api.people.getPhotos(user_id="me", per_page=500, page=page, extras=ALL_SIZES) for page in range(1, 21)]
    assert [photo.id for photo in reversed(photos)] == [found for answer in answers for found in ids(answer)]
    assert {answer["photos"]["pages"] for answer in answers} == {20}
    assert api.people.getPhotos(user_id="me", per_page=500, page=21)["photos"]["photo"] != []


def test_pages_shift_when_a_photo_comes_in_between(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    flickr.account.add_photos([obama], 4)
    flickr.meanwhile("flickr.people.getPhotos", after=1, do=lambda: flickr.account.add_photo(obama))
    api = connect()
    first, second = (ids(api.people.getPhotos(user_id="me", per_page=2, page=page)) for page in (1, 2))
    assert first[-1] == second[0]


def test_a_search_repeats_itself_behind_4000_photos(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    flickr.account.add_photos([obama], 4_100)
    api = connect()
    pages = [ids(api.photos.search(user_id="me", per_page=500, page=page)) for page in range(1, 10)]
    assert pages[8] == pages[0]
    assert len({photo for page in pages for photo in page}) == 4_000


def test_what_changed_is_listed_with_the_latest_first(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    photos = flickr.account.add_photos([obama], 3)
    since = int(flickr.clock())
    flickr.clock.advance(10)
    flickr.account.tag_by_hand(photos[0].id, "garden")
    flickr.clock.advance(10)
    connect().photos.addTags(photo_id=photos[1].id, tags='"Ana"')
    flickr.account.delete_photo(photos[2].id)
    answer = connect().photos.recentlyUpdated(min_date=since)
    assert ids(answer) == [photos[1].id, photos[0].id]
    assert int(answer["photos"]["photo"][0]["lastupdate"]) >= since + 20


def test_xml_tells_the_same_as_json(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    photo = flickr.account.add_photo(obama, tags=["people:name=Jane Doe", "Rock & Roll"])
    api = connect()
    tree = api.photos.getInfo(photo_id=photo.id, format="etree")
    parsed = api.photos.getInfo(photo_id=photo.id)["photo"]
    assert tree.find("photo").get("secret") == parsed["secret"]
    assert [tag.text for tag in tree.iter("tag")] == ["people:name=janedoe", "rockroll"]
    assert [(tag["_content"], tag["raw"], tag["machine_tag"]) for tag in parsed["tags"]["tag"]] == [
        ("people:name=janedoe", "people:name=Jane Doe", 1),
        ("rockroll", "Rock & Roll", 0),
    ]
    assert refused(lambda: api.photos.getInfo(photo_id="1", format="etree")) == 1


def test_json_comes_in_a_callback_unless_it_is_declined(connect: Connect) -> None:
    answer = connect().test.login(format="json", nojsoncallback=None)
    assert answer.startswith(b"jsonFlickrApi({")


def test_tags_are_split_cleaned_and_never_doubled(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    photo = flickr.account.add_photo(obama, tags=["Jane Doe"])
    connect().photos.addTags(photo_id=photo.id, tags='garden "Rock & Roll" "JANE-DOE" Garden café')
    assert [tag.raw for tag in photo.tags] == ["Jane Doe", "garden", "Rock & Roll", "café"]
    assert flickr.record.violations != []


def test_a_photo_holds_75_tags_and_takes_all_or_nothing(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    photo = flickr.account.add_photo(obama, tags=[f"tag{number}" for number in range(74)])
    api = connect()
    assert refused(lambda: api.photos.addTags(photo_id=photo.id, tags="one two")) == 2
    api.photos.addTags(photo_id=photo.id, tags='"one"')
    assert len(photo.tags) == 75


def test_a_tag_is_removed_by_its_id(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    photo = flickr.account.add_photo(obama)
    api = connect()
    api.photos.addTags(photo_id=photo.id, tags='"Jane Doe"')
    found = api.tags.getListPhoto(photo_id=photo.id)["photo"]["tags"]["tag"]
    api.photos.removeTag(tag_id=found[0]["id"])
    assert photo.tags == []
    assert refused(lambda: api.photos.removeTag(tag_id=found[0]["id"])) == 1
    assert flickr.record.violations == []


def test_other_peoples_photos_take_no_tags(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    photo = flickr.account.add_photo(obama, owner="12037949754@N01")
    assert refused(lambda: connect().photos.addTags(photo_id=photo.id, tags='"Ana"')) == 1


def test_what_must_not_happen_is_recorded(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    photo = flickr.account.add_photo(obama, tags=["garden"])
    api = connect()
    api.photos.removeTag(tag_id=photo.tags[0].id)
    api.photos.setTags(photo_id=photo.id, tags="all")
    assert flickr.record.violations == [
        "removeTag removed a tag of the user's own: garden",
        "setTags replaces the user's own tags",
    ]


def test_each_size_is_a_picture_of_that_size(flickr: FlickrServer, connect: Connect, obama: Path) -> None:
    photo = flickr.account.add_photo(obama, without=["m"])
    (entry,) = connect().people.getPhotos(user_id="me", extras=ALL_SIZES)["photos"]["photo"]
    names = [name.removeprefix("url_") for name in entry if name.startswith("url_")]
    assert names == ["sq", "q", "t", "s", "n", "z", "c", "l", "o"]
    for name in names:
        with Image.open(BytesIO(requests.get(entry[f"url_{name}"], timeout=5).content)) as picture:
            assert picture.size == (int(entry[f"width_{name}"]), int(entry[f"height_{name}"]))
    assert requests.get(entry["url_o"], timeout=5).content == obama.read_bytes()
    assert photo.original_secret in entry["url_o"]


@pytest.mark.parametrize(("missing", "status"), [("404", 404), ("410", 410), ("placeholder", 200)])
def test_a_replaced_photo_leaves_its_old_address(
    flickr: FlickrServer, obama: Path, biden: Path, missing: str, status: int
) -> None:
    flickr.quirks.missing_pictures = missing
    photo = flickr.account.add_photo(obama)
    old = flickr.url + photo.original_path()
    flickr.account.replace_photo(photo.id, biden)
    answer = requests.get(old, timeout=5)
    assert answer.status_code == status
    assert answer.content != obama.read_bytes()
    assert requests.get(flickr.url + photo.original_path(), timeout=5).content == biden.read_bytes()


def test_a_video_shows_a_still_and_has_its_film_among_the_sizes(
    flickr: FlickrServer, connect: Connect, obama: Path, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"a film")
    photo = flickr.account.add_photo(obama, video=film)
    api = connect()
    (entry,) = api.people.getPhotos(user_id="me", extras="media,url_o")["photos"]["photo"]
    assert (entry["media"], entry["url_o"]) == ("video", flickr.url + photo.original_path())
    sizes = api.photos.getSizes(photo_id=photo.id)["sizes"]["size"]
    films = [size["source"] for size in sizes if size["media"] == "video"]
    assert requests.get(films[-1], timeout=5).content == b"a film"


def test_photos_of_one_file_differ_where_they_are_many(flickr: FlickrServer, obama: Path) -> None:
    one, other = flickr.account.add_photos([obama], 2)
    pictures = {requests.get(flickr.url + photo.original_path(), timeout=5).content for photo in (one, other)}
    assert len(pictures) == 2


@pytest.mark.parametrize(
    "kind", ["429", "500", "502", "503", "half", "short", "stall", "html", "empty", "hang", "reset"]
)
def test_a_call_fails_as_it_is_told(flickr: FlickrServer, connect: Connect, kind: str) -> None:
    flickr.faults.hang_seconds = 1
    flickr.faults.next(kind, method="flickr.test.login")
    api = connect(timeout=0.2)
    with pytest.raises((FlickrError, requests.RequestException, ValueError)):
        api.test.login()
    assert api.test.login()["stat"] == "ok"
    assert [entry.fault for entry in flickr.record.calls()] == [kind, None]


@pytest.mark.parametrize("code", [105, 106, 98])
def test_a_call_fails_with_any_code(flickr: FlickrServer, connect: Connect, code: int) -> None:
    flickr.faults.next(f"error:{code}")
    assert refused(connect().test.login) == code


@pytest.mark.parametrize("kind", ["lost", "lost-hang", "lost-500", "short", "html"])
def test_an_answer_gets_lost_when_the_tag_was_added(
    flickr: FlickrServer, connect: Connect, obama: Path, kind: str
) -> None:
    flickr.faults.hang_seconds = 1
    photo = flickr.account.add_photo(obama)
    flickr.faults.next(kind, method="flickr.photos.addTags")
    with pytest.raises((FlickrError, requests.RequestException, ValueError)):
        connect(timeout=0.2).photos.addTags(photo_id=photo.id, tags='"Ana"')
    assert [tag.raw for tag in photo.tags] == ["Ana"]
    assert flickr.record.calls()[0].applied


def test_a_call_that_is_told_to_wait_is_told_how_long(flickr: FlickrServer) -> None:
    flickr.faults.next("429-retry-after", method="image")
    answer = requests.get(f"{flickr.url}/65535/1_2.jpg", timeout=5)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


@pytest.mark.parametrize("kind", ["half", "short", "stall", "html", "disguised", "empty", "png", "slow"])
def test_a_picture_arrives_as_it_is_told(flickr: FlickrServer, obama: Path, kind: str) -> None:
    flickr.faults.hang_seconds = 1
    photo = flickr.account.add_photo(obama)
    flickr.faults.next(kind, method="image")
    address = flickr.url + photo.original_path()
    if kind in {"short", "stall"}:
        with pytest.raises(requests.RequestException):
            requests.get(address, timeout=0.2)
    else:
        assert (requests.get(address, timeout=5).content == obama.read_bytes()) == (kind == "slow")
    assert flickr.record.downloads()[photo.original_path()] == (kind == "slow")


def test_random_faults_come_as_often_as_they_should(flickr: FlickrServer, connect: Connect) -> None:
    flickr.faults.at_random(0.1, seed=1, kinds=["error:105"])
    api = connect()
    codes = []
    for _ in range(200):
        try:
            api.test.login()
        except FlickrError as error:
            codes.append(error.code)
    assert 10 <= len(codes) <= 30
    assert set(codes) == {105}


def test_calls_above_the_limit_of_an_hour_are_refused(flickr: FlickrServer, connect: Connect) -> None:
    flickr.quirks.hourly_limit = 2
    api = connect()
    for _ in range(2):
        api.test.login()
    with pytest.raises(FlickrError, match="429"):
        api.test.login()
    flickr.clock.advance(3601)
    api.test.login()
    assert flickr.record.busiest_hour() == 3
    assert flickr.record.violations == ["call 3 within an hour, of 2 allowed"]


def test_the_server_runs_in_a_process_of_its_own(obama: Path) -> None:
    with RemoteFlickr() as remote:
        photo_id = remote.do("add_photo", file=str(obama), tags=["garden"])
        remote.do("set", name="missing_pictures", value="410")
        remote.do("fault", kind="503", method="image")
        statuses = [requests.get(f"{remote.login.url}/1/2_3.jpg", timeout=5).status_code for _ in range(2)]
        assert statuses == [503, 410]
        assert remote.do("tags", photo_id=photo_id) == ["garden"]
        assert [entry["fault"] for entry in remote.do("record")["entries"]] == ["503", None]


@pytest.mark.parametrize(("drops_symbols", "tags"), [(False, ["Ana 🌷", "🌷"]), (True, ["Ana 🌷"])])
def test_emoji_count_in_tags_or_not(
    flickr: FlickrServer, connect: Connect, obama: Path, drops_symbols: bool, tags: list[str]
) -> None:
    flickr.account.drops_symbols = drops_symbols
    photo = flickr.account.add_photo(obama)
    for tag in ("Ana 🌷", "🌷"):
        connect().photos.addTags(photo_id=photo.id, tags=f'"{tag}"')
    assert [tag.raw for tag in photo.tags] == tags
