"""The image server: which picture or film is at an address."""

from support.flickr_server import pictures
from support.flickr_server.account import Account, Photo
from support.flickr_server.faults import Reply
from support.flickr_server.sizes import BY_SUFFIX

UNAVAILABLE = "/pw/images/en-us/photo_unavailable.png"
_FILM_PARTS = 6


def find(account: Account, path: str, *, base: str, missing: str) -> Reply:
    """Return the answer to a request for a path.

    Args:
        account: Whose photos there are.
        path: `/SERVER/ID_SECRET_SIZE.jpg`, or what `getSizes` gives for a film: `/photos/NSID/ID/play/site/SECRET/`.
        base: The address of the server.
        missing: What there is for an address that leads nowhere: `404`, `410`, or `placeholder`.
    """
    if path == UNAVAILABLE:
        return Reply(status=200, body=pictures.tiny_png(), content_type="image/png")
    parts = path.strip("/").split("/")
    if parts[0] == "photos" and len(parts) == _FILM_PARTS:
        return _film_address(account.photos.get(parts[2]), name=parts[4], secret=parts[5], base=base)
    if found := _file(account, path):
        content, content_type = found
        return Reply(status=200, body=content, content_type=content_type)
    if missing == "placeholder":
        return _redirect(UNAVAILABLE)
    return Reply(status=int(missing), body=b"Not found", content_type="text/plain")


def _file(account: Account, path: str) -> tuple[bytes, str] | None:
    """Return bytes and type of the file at a path, if the secret in it is the present one."""
    name, _, ending = path.rpartition("/")[2].partition(".")
    photo = account.photos.get(name.partition("_")[0])
    if photo is None:
        return None
    if photo.video and path == _film_path(photo):
        return photo.video.read_bytes(), "video/mp4"
    if path == photo.original_path() and photo.has_original:
        return photo.picture(None), f"image/{ending.replace('jpg', 'jpeg')}"
    size = next((size for suffix, size in BY_SUFFIX.items() if suffix and name.endswith(suffix)), BY_SUFFIX[""])
    if size in photo.sizes() and path == photo.path(size):
        return photo.picture(size), "image/jpeg"
    return None


def _film_address(photo: Photo | None, *, name: str, secret: str, base: str) -> Reply:
    """Send on to where a film is, as Flickr does for the addresses that `getSizes` gives."""
    if photo is None or photo.video is None or photo.secret != secret or name not in {"site", "orig"}:
        return Reply(status=404, body=b"Not found", content_type="text/plain")
    if name in photo.withheld:
        return Reply(status=photo.withheld[name], body=b"Log in", content_type="text/html")
    return _redirect(base + _film_path(photo))


def _film_path(photo: Photo) -> str:
    return f"/{photo.server}/{photo.id}_{photo.secret}.mp4"


def _redirect(address: str) -> Reply:
    return Reply(status=302, body=b"", content_type="text/plain", headers=(("Location", address),))
