"""The methods of the API, with the error codes that their documents name."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from support.flickr_server import listing, tags
from support.flickr_server.account import Account, Photo, TooManyTagsError
from support.flickr_server.answers import RefusalError, Tree
from support.flickr_server.logins import Token
from support.flickr_server.quirks import Quirks
from support.flickr_server.record import Record

MOST_PER_PAGE = 500
MOST_FOUND = 4000
_QUOTED = re.compile(r'"[^"]+"( "[^"]+")*')


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a method, with everything that it may need."""

    account: Account
    record: Record
    quirks: Quirks
    token: Token | None
    parameters: Mapping[str, str]
    base: str

    def needed(self, name: str, *, code: int, message: str) -> str:
        value = self.parameters.get(name)
        if not value:
            raise RefusalError(code, message)
        return value

    def number(self, name: str, default: int) -> int:
        text = self.parameters.get(name, "")
        return max(1, int(text)) if text.isdigit() else default

    def photo(self) -> Photo:
        """Return the photo that is requested, if the caller may see it."""
        photo = self.account.photos.get(self.parameters.get("photo_id", ""))
        is_own = self.token is not None and photo is not None and photo.owner == self.account.user.nsid
        if photo is None or not (photo.is_public or is_own):
            raise RefusalError(1, "Photo not found")
        return photo

    def own_photo(self) -> Photo:
        """Return the photo that is to be changed, if the caller may do that."""
        photo = self.photo()
        if photo.owner != self.account.user.nsid:
            raise RefusalError(1, "Photo not found")
        return photo


def test_login(call: Call) -> Tree:
    user = call.account.user
    return {"user": {"id": user.nsid, "username": {"_content": user.username}, "path_alias": user.path_alias}}


def check_token(call: Call) -> Tree:
    if call.token is None:
        raise RefusalError(98, "Invalid auth token")
    user = call.account.user
    return {
        "oauth": {
            "token": {"_content": call.token.key},
            "perms": {"_content": call.token.permission},
            "user": {"nsid": user.nsid, "username": user.username, "fullname": user.fullname},
        }
    }


def get_photos(call: Call) -> Tree:
    user_id = call.needed("user_id", code=1, message="Required arguments missing")
    return _page(call, _visible(call, user_id))


def search(call: Call) -> Tree:
    """List the photos of a user; behind the 4,000th the first ones come again."""
    photos = _visible(call, call.parameters.get("user_id", "me"))
    if text := call.parameters.get("tags"):
        wanted = {call.account.clean(part) for part in text.split(",")}
        photos = [photo for photo in photos if wanted & {tag.clean for tag in photo.tags}]
    return _page(call, photos, most=MOST_FOUND)


def recently_updated(call: Call) -> Tree:
    """List what changed since `min_date`, the latest change first."""
    text = call.needed("min_date", code=1, message="Required argument missing.")
    if not text.isdigit():
        raise RefusalError(2, "Not a valid date")
    since = int(text) + call.quirks.excludes_min_date
    found = [photo for photo in call.account.own_photos() if photo.updated >= since]
    found.sort(key=lambda photo: (photo.updated, photo.id), reverse=True)
    return _page(call, found, extras="last_update")


def get_info(call: Call) -> Tree:
    return {"photo": listing.info(call.photo(), user=call.account.user)}


def get_sizes(call: Call) -> Tree:
    photo = call.photo()
    download = int(photo.has_original)
    return {
        "sizes": {
            "canblog": 1,
            "canprint": 1,
            "candownload": download,
            "size": listing.sizes(photo, call.base, unknown=call.quirks.unknown_sizes),
        },
    }


def get_stream_info(call: Call) -> Tree:
    photo = call.photo()
    if not photo.streams:
        raise RefusalError(1, "Photo not found")
    address = f"{call.base}/{photo.server}/{photo.id}_{photo.secret}.mp4"
    playlist = {"type": "hls", "_content": f"{call.base}/playlist.m3u8"}
    return {"streams": {"stream": [playlist, *({"type": type_, "_content": address} for type_ in photo.streams)]}}


def get_people(call: Call) -> Tree:
    people = [
        {"nsid": f"{number}@N01", "username": user, "realname": name, "x": 10, "y": "20", "w": 30, "h": "30"}
        for number, (user, name) in enumerate(call.photo().people)
    ]
    return {"people": {"total": len(people), "photo_width": 500, "photo_height": "375", "person": people}}


def get_list_photo(call: Call) -> Tree:
    photo = call.photo()
    return {"photo": {"id": photo.id, "tags": {"tag": listing.tag_list(photo)}}}


def get_albums(call: Call) -> Tree:
    """List the albums of a user; without a page all of them."""
    albums = list(call.account.albums.values())
    per_page = min(call.number("per_page", 500), MOST_PER_PAGE) if "page" in call.parameters else max(len(albums), 1)
    page, pages = call.number("page", 1), math.ceil(len(albums) / per_page)
    asked = frozenset(filter(None, call.parameters.get("photo_ids", "").split(",")))
    if call.quirks.ignores_photo_ids:
        asked = frozenset()
    shown = albums[(page - 1) * per_page : page * per_page]
    tree = [listing.album(one, photos=call.account.photos, asked=asked, user=call.account.user) for one in shown]
    return {
        "photosets": {
            "cancreate": 1,
            "page": page,
            "pages": pages,
            "perpage": str(per_page),
            "total": len(albums),
            "photoset": tree,
        }
    }


def get_album_photos(call: Call) -> Tree:
    """List the photos of an album."""
    album = call.account.albums.get(call.parameters.get("photoset_id", ""))
    if album is None:
        raise RefusalError(1, "Photoset not found")
    found = _page(call, [call.account.photos[photo_id] for photo_id in album.photos])["photos"]
    user = call.account.user
    cover = album.photos[0] if album.photos else "0"
    return {"photoset": {"id": album.id, "primary": cover, "owner": user.nsid, "title": album.title, **found}}


def get_raw_tags(call: Call) -> Tree:
    """List all tags of the account, each in its cleaned form with all forms in which it was written."""
    raws: dict[str, dict[str, None]] = {}
    for photo in call.account.own_photos():
        for tag in photo.tags:
            raws.setdefault(tag.clean, {})[tag.raw] = None
    tags_ = [{"clean": clean, "raw": [{"_content": raw} for raw in found]} for clean, found in sorted(raws.items())]
    return {"who": {"id": call.account.user.nsid, "tags": {"tag": tags_}}}


def get_licenses(call: Call) -> Tree:
    """List the licences; the numbers are not in order, and one has no address."""
    return {
        "licenses": {
            "license": [
                {"id": "0", "name": "All Rights Reserved", "url": ""},
                {"id": "4", "name": "CC BY 2.0", "url": "https://creativecommons.org/licenses/by/2.0/"},
                {"id": 10, "name": "Public Domain Mark", "url": "https://creativecommons.org/publicdomain/mark/1.0/"},
                {"id": 11, "name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"},
            ]
        }
    }


def add_tags(call: Call) -> Tree:
    photo = call.own_photo()
    text = call.parameters.get("tags", "")
    parts = tags.split(text)
    if not _QUOTED.fullmatch(text):
        call.record.violation(f"addTags has a tag without quotes: {text}")
    try:
        added = call.account.add_tags(photo, parts)
    except TooManyTagsError:
        raise RefusalError(2, "Maximum number of tags reached") from None
    call.record.tags_sent.update((photo.id, call.account.clean(part)) for part in parts)
    call.record.tags_added.update((photo.id, tag.clean) for tag in added)
    return {}


def set_tags(call: Call) -> Tree:
    call.record.violation("setTags replaces the user's own tags")
    call.account.set_tags(call.own_photo(), tags.split(call.parameters.get("tags", "")))
    return {}


def remove_tag(call: Call) -> Tree:
    tag = call.account.remove_tag(call.needed("tag_id", code=1, message="Tag not found"))
    if tag is None:
        raise RefusalError(1, "Tag not found")
    if not tag.by_application:
        call.record.violation(f"removeTag removed a tag of the user's own: {tag.raw}")
    call.record.tags_removed.append((tag.id, tag.clean))
    return {}


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method: its name, what it does, the permission that it asks for."""

    name: str
    do: Callable[[Call], Tree]
    permission: str | None = None


METHODS = {
    method.name: method
    for method in (
        Method(name="flickr.test.login", do=test_login, permission="read"),
        Method(name="flickr.auth.oauth.checkToken", do=check_token),
        Method(name="flickr.people.getPhotos", do=get_photos),
        Method(name="flickr.photos.search", do=search),
        Method(name="flickr.photos.recentlyUpdated", do=recently_updated, permission="read"),
        Method(name="flickr.photos.getInfo", do=get_info),
        Method(name="flickr.photos.getSizes", do=get_sizes),
        Method(name="flickr.photos.licenses.getInfo", do=get_licenses),
        Method(name="flickr.photosets.getList", do=get_albums),
        Method(name="flickr.photosets.getPhotos", do=get_album_photos),
        Method(name="flickr.photos.people.getList", do=get_people),
        Method(name="flickr.video.getStreamInfo", do=get_stream_info),
        Method(name="flickr.tags.getListPhoto", do=get_list_photo),
        Method(name="flickr.tags.getListUserRaw", do=get_raw_tags),
        Method(name="flickr.photos.addTags", do=add_tags, permission="write"),
        Method(name="flickr.photos.setTags", do=set_tags, permission="write"),
        Method(name="flickr.photos.removeTag", do=remove_tag, permission="write"),
    )
}


def answer(call: Call) -> Tree:
    """Do what a call asks for, and return the answer.

    Raises:
        RefusalError: with the code that the documents of the method name.
    """
    name = call.parameters.get("method", "")
    method = METHODS.get(name)
    if method is None:
        raise RefusalError(112, f'Method "{name}" not found')
    _check_permission(method, call.token)
    with call.account.lock:
        return method.do(call)


def _check_permission(method: Method, token: Token | None) -> None:
    if method.permission and token is None:
        raise RefusalError(99, "User not logged in")
    if method.permission and token and not token.may(method.permission):
        wanted = f"Method requires {method.permission} privileges; {token.permission} granted."
        raise RefusalError(99, f"Insufficient permissions. {wanted}")


def _visible(call: Call, user_id: str) -> list[Photo]:
    """Return the user's photos that the caller may see, by the date asked for."""
    user = call.account.user
    if user_id == "me" and call.token is None:
        raise RefusalError(99, "User not logged in")
    if user_id not in {"me", user.nsid}:
        raise RefusalError(2, "Unknown user")
    shown = call.number("safe_search", 1)
    photos = [photo for photo in call.account.own_photos() if photo.safety <= shown and (photo.is_public or call.token)]
    if start := call.parameters.get("min_upload_date"):
        photos = [photo for photo in photos if photo.uploaded >= int(start)]
    if end := call.parameters.get("max_upload_date"):
        photos = [photo for photo in photos if photo.uploaded <= int(end)]
    if call.parameters.get("privacy_filter") == "1":
        photos = [photo for photo in photos if photo.is_public]
    if call.parameters.get("sort") == "date-posted-asc":
        photos.reverse()
    return photos


def _page(call: Call, photos: list[Photo], *, most: int | None = None, extras: str = "") -> Tree:
    """Return one page of a listing; a listing with a limit starts again behind it."""
    per_page = min(call.number("per_page", 100), MOST_PER_PAGE)
    if call.number("per_page", 100) > MOST_PER_PAGE:
        call.record.violation("per_page is above 500")
    page = call.number("page", 1)
    pages = math.ceil(len(photos) / per_page)
    shown = page
    if most is not None:
        shown = (page - 1) % (most // per_page) + 1
    elif call.quirks.repeats_last_page and pages:
        shown = min(page, pages)
    wanted = listing.known_extras(
        f"{call.parameters.get('extras', '')},{extras}", undocumented=call.quirks.undocumented_extras
    )
    user, base = call.account.user, call.base
    entries = [
        listing.entry(photo, wanted, user=user, base=base)
        for photo in photos[(shown - 1) * per_page : shown * per_page]
    ]
    for entry in entries:
        for name in call.quirks.missing_fields:
            entry.pop(name, None)
    if call.quirks.numbers_as_text:
        entries = [{name: _as_text(value) for name, value in entry.items()} for entry in entries]
    counted = len(photos) + call.quirks.uncounted
    total: int | str = str(counted) if call.quirks.totals_as_text else counted
    return {"photos": {"page": page, "pages": pages, "perpage": per_page, "total": total, "photo": entries}}


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) else value
