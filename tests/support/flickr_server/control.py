"""What a test in another process may do to the server: JSON in, JSON out, at `/control`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.flickr_server.faults import Reply
from support.flickr_server.server import FlickrServer
from support.flickr_server.transport import Incoming

PATH = "/control"


class Control:
    """Commands by their name; each takes what JSON can say, and returns what JSON can say."""

    def __init__(self, server: FlickrServer) -> None:
        self._server = server
        account, faults, record = server.account, server.faults, server.record
        self._commands: dict[str, Callable[..., Any]] = {
            "add_photo": self.add_photo,
            "add_photos": self.add_photos,
            "replace_photo": lambda photo_id, file: account.replace_photo(photo_id, Path(file)),
            "delete_photo": account.delete_photo,
            "set_public": account.set_public,
            "edit_photo": account.edit_photo,
            "add_album": lambda title, photo_ids: account.add_album(title, photo_ids).id,
            "edit_album": account.edit_album,
            "delete_album": account.delete_album,
            "tag": account.tag_by_hand,
            "untag": account.untag_by_hand,
            "tags": self.tags,
            "photos": self.photos,
            "grant": self.grant,
            "revoke": server.logins.revoke,
            "verifier": server.verifier,
            "advance": server.clock.advance,
            "set": self.set,
            "fault": faults.next,
            "random_faults": faults.at_random,
            "no_faults": faults.stop,
            "meanwhile": self.meanwhile,
            "record": record.summary,
            "busiest_hour": record.busiest_hour,
            "clear_record": record.clear,
        }

    def answer(self, request: Incoming) -> Reply:
        wish = json.loads(request.body)
        result = self.do(**wish)
        return Reply(status=200, body=json.dumps(result).encode(), content_type="application/json")

    def do(self, do: str, **arguments: Any) -> Any:
        return self._commands[do](**arguments)

    def add_photo(self, file: str, **options: Any) -> str:
        return self._server.account.add_photo(Path(file), **options).id

    def add_photos(self, files: list[str], number: int, **options: Any) -> list[str]:
        photos = self._server.account.add_photos([Path(file) for file in files], number, **options)
        return [photo.id for photo in photos]

    def tags(self, photo_id: str) -> list[str]:
        return [tag.raw for tag in self._server.account.photos[photo_id].tags]

    def photos(self) -> dict[str, dict[str, Any]]:
        return {
            photo.id: {"secret": photo.secret, "title": photo.title, "tags": [tag.raw for tag in photo.tags]}
            for photo in self._server.account.own_photos()
        }

    def grant(self, permission: str = "write") -> dict[str, str]:
        """Return what a client needs to log in."""
        logins = self._server.logins
        token = logins.grant(permission)
        return {
            "key": logins.key,
            "secret": logins.secret,
            "token": token.key,
            "token_secret": token.secret,
            "nsid": logins.user.nsid,
            "username": logins.user.username,
        }

    def set(self, name: str, value: Any) -> None:
        """Set `skew_seconds`, `denies`, `hang_seconds`, `hourly_limit`, or a quirk."""
        server = self._server
        for thing in (server.account, server.logins, server.faults, server.quirks):
            if name in vars(thing):
                setattr(thing, name, value)
                return
        raise ValueError(f"Nothing is called {name!r}.")

    def meanwhile(self, method: str, after: int, wish: dict[str, Any]) -> None:
        """Carry out another command right after a method was called the given number of times."""
        self._server.meanwhile(method, after=after, do=lambda: self.do(**wish))
