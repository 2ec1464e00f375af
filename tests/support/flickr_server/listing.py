"""What the API tells of a photo: in a listing, alone, and of its sizes."""

from collections.abc import Callable, Collection, Mapping

from support.flickr_server.account import Album, Photo
from support.flickr_server.answers import Tree
from support.flickr_server.logins import User
from support.flickr_server.sizes import ORIGINAL, RESIZED, UNDOCUMENTED_EXTRAS, Size

FARM = 66
UNKNOWN_SIZE = "Huge 16K"
_NUMBER_WIDTHS = ("sq", "n", "c")


def entry(photo: Photo, extras: frozenset[str], *, user: User, base: str) -> Tree:
    """Return a photo as a listing shows it; Flickr mixes numbers and numbers in quotes, and so does this."""
    tree: Tree = {
        "id": photo.id,
        "owner": photo.owner,
        "secret": photo.secret,
        "server": photo.server,
        "farm": FARM,
        "title": photo.title,
        **_visibility(photo),
    }
    return tree | _extras(photo, extras, user) | _addresses(photo, extras, base)


def info(photo: Photo, *, user: User) -> Tree:
    """Return everything about a photo."""
    original = {"originalsecret": photo.original_secret, "originalformat": photo.measures.format}
    return {
        "id": photo.id,
        "secret": photo.secret,
        "server": photo.server,
        "farm": FARM,
        "dateuploaded": str(photo.uploaded),
        "isfavorite": 0,
        "license": photo.license,
        "safety_level": str(photo.safety - 1),
        "rotation": 0,
        **(original if photo.has_original else {}),
        "owner": {
            "nsid": photo.owner,
            "username": user.username,
            "realname": user.fullname,
            "location": "",
            "iconserver": "0",
            "iconfarm": 0,
            "path_alias": user.path_alias,
        },
        "title": {"_content": photo.title},
        "description": {"_content": photo.description},
        "visibility": _visibility(photo),
        "dates": {
            "posted": str(photo.uploaded),
            "taken": photo.shown_taken,
            "takengranularity": photo.granularity,
            "takenunknown": str(int(photo.taken is None)),
            "lastupdate": str(photo.updated),
        },
        "permissions": {"permcomment": 3, "permaddmeta": 2},
        "views": "0",
        "editability": {"cancomment": 1, "canaddmeta": 1},
        "comments": {"_content": "0"},
        "notes": {"note": []},
        "people": {"haspeople": 0},
        "tags": {"tag": tag_list(photo)},
        "urls": {
            "url": [
                {"type": "photopage", "_content": f"https://www.flickr.com/photos/{user.path_alias}/{photo.id}/"},
            ]
        },
        "media": photo.media,
        **({"video": _video(photo)} if photo.video else {}),
    }


def _video(photo: Photo) -> Tree:
    states = {
        "ready": int(photo.film_state == "ready"),
        "failed": int(photo.film_state == "failed"),
        "pending": int(photo.film_state == "processing"),
    }
    return {**states, "duration": "3", "width": "640", "height": "360"}


def tag_list(photo: Photo) -> list[Tree]:
    return [
        {
            "id": tag.id,
            "author": tag.author,
            "authorname": tag.author_name,
            "raw": tag.raw,
            "_content": tag.clean,
            "machine_tag": int(tag.is_machine),
        }
        for tag in photo.tags
    ]


def sizes(photo: Photo, base: str, *, unknown: bool) -> list[Tree]:
    """Return the sizes of a photo, as `getSizes` lists them; those of a video end with its player and films."""
    found = [_size(size.label, *size.fit(*photo.measures.upright()), base + photo.path(size)) for size in photo.sizes()]
    measures = photo.measures
    if photo.has_original:
        found.append(_size("Original", measures.width, measures.height, base + photo.original_path()))
    if unknown:
        side = 2 * max(measures.upright())
        found.append(_size(UNKNOWN_SIZE, side, side, base + photo.original_path()))
    if photo.video:
        player = f"{base}/apps/video/stewart.swf?v=2&photo_id={photo.id}&photo_secret={photo.secret}"
        found.append(_size("Video Player", 640, 360, player, media="video"))
        films = (("Site MP4", "site"), ("Video Original", "orig"))
        for label, name in films if photo.is_processed and photo.has_films else ():
            address = f"{base}/photos/{photo.owner}/{photo.id}/play/{name}/{photo.secret}/"
            found.append(_size(label, measures.width, measures.height, address, media="video"))
    return found


def _size(label: str, width: int, height: int, source: str, media: str = "photo") -> Tree:
    return {"label": label, "width": width, "height": height, "source": source, "url": source, "media": media}


def _visibility(photo: Photo) -> Tree:
    return {
        "ispublic": int(photo.is_public),
        "isfriend": int(photo.is_friend),
        "isfamily": int(photo.is_family),
    }


def _original_dimensions(photo: Photo, _user: User) -> Tree:
    return {"o_width": str(photo.measures.width), "o_height": str(photo.measures.height)} if photo.has_original else {}


def _original_format(photo: Photo, _user: User) -> Tree:
    if not photo.has_original:
        return {}
    return {"originalsecret": photo.original_secret, "originalformat": photo.measures.format}


def _geo(photo: Photo) -> Tree:
    """Return where a photo was taken; a photo without a place has numbers, one with a place has texts and more."""
    if photo.place is None:
        return {"latitude": 0, "longitude": 0, "accuracy": 0, "context": 0}
    latitude, longitude = photo.place
    return {
        "latitude": f"{latitude:.6f}",
        "longitude": f"{longitude:.6f}",
        "accuracy": "16",
        "context": 0,
        "place_id": "",
        "woeid": "0",
        "geo_is_family": 0,
        "geo_is_friend": 0,
        "geo_is_contact": 0,
        "geo_is_public": 1,
    }


_EXTRAS: dict[str, Callable[[Photo, User], Tree]] = {
    "description": lambda photo, _user: {"description": {"_content": photo.description}},
    "license": lambda photo, _user: {"license": photo.license},
    "o_dims": _original_dimensions,
    "date_upload": lambda photo, _user: {"dateupload": str(photo.uploaded)},
    "last_update": lambda photo, _user: {"lastupdate": str(photo.updated)},
    "date_taken": lambda photo, _user: {
        "datetaken": photo.shown_taken,
        "datetakengranularity": str(photo.granularity),
        "datetakenunknown": int(photo.taken is None) if photo.taken is None else "0",
    },
    "owner_name": lambda _photo, user: {"ownername": user.username},
    "icon_server": lambda _photo, _user: {"iconserver": "0", "iconfarm": 0},
    "views": lambda _photo, _user: {"views": "0"},
    "tags": lambda photo, _user: {"tags": " ".join(tag.clean for tag in photo.tags)},
    "machine_tags": lambda photo, _user: {"machine_tags": " ".join(tag.clean for tag in photo.tags if tag.is_machine)},
    "original_format": _original_format,
    "geo": lambda photo, _user: _geo(photo),
    "media": lambda photo, _user: {"media": photo.media, "media_status": photo.film_state},
    "path_alias": lambda _photo, user: {"pathalias": user.path_alias},
}


def _extras(photo: Photo, extras: frozenset[str], user: User) -> Tree:
    tree: Tree = {}
    for name, fields in _EXTRAS.items():
        if name in extras:
            tree |= fields(photo, user)
    return tree


def _addresses(photo: Photo, extras: frozenset[str], base: str) -> Tree:
    tree: Tree = {}
    upright = photo.measures.upright()
    for size in RESIZED:
        if f"url_{size.extra}" in extras and size.exists(*upright) and size.extra not in photo.without:
            tree |= _address(size, *size.fit(*upright), base + photo.path(size))
    if f"url_{ORIGINAL}" in extras and photo.has_original:
        measures = photo.measures
        tree |= {
            "url_o": base + photo.original_path(),
            "height_o": str(measures.height),
            "width_o": str(measures.width),
        }
    return tree


def _address(size: Size, width: int, height: int, url: str) -> Tree:
    name = size.extra
    is_number = name in _NUMBER_WIDTHS
    return {f"url_{name}": url, f"height_{name}": str(height), f"width_{name}": width if is_number else str(width)}


def album(found: Album, *, photos: Mapping[str, Photo], asked: Collection[str], user: User) -> Tree:
    """Return an album as a list of albums shows it; with ids of photos, those of them that are in it are told."""
    videos = sum(photos[photo_id].video is not None for photo_id in found.photos)
    cover = found.photos[0] if found.photos else "0"
    return {
        "id": found.id,
        "owner": user.nsid,
        "username": user.username,
        "primary": cover,
        "secret": photos[cover].secret if found.photos else "",
        "server": "65535",
        "farm": FARM,
        "count_views": "0",
        "count_comments": "0",
        "count_photos": len(found.photos) - videos,
        "count_videos": videos,
        "title": {"_content": found.title},
        "description": {"_content": ""},
        "can_comment": 1,
        "date_create": str(found.created),
        "date_update": str(found.updated),
        "photos": len(found.photos) - videos,
        "videos": videos,
        "visibility_can_see_set": 1,
        "needs_interstitial": 0,
        **({"has_requested_photos": [one for one in found.photos if one in asked]} if asked else {}),
    }


def known_extras(text: str, *, undocumented: bool) -> frozenset[str]:
    """Return the extras that are requested, without those that Flickr's documents don't name unless they count."""
    named = frozenset(part.strip() for part in text.split(","))
    return named if undocumented else named - {f"url_{name}" for name in UNDOCUMENTED_EXTRAS}
