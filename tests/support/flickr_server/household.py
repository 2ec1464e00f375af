"""A household that is logged in to the server."""

import json
from collections.abc import Mapping
from typing import Any

from support.flickr_server.remote import Login
from support.household import Household


def log_in(household: Household, login: Login, *, account: str = "") -> None:
    """Give a household key and token, as `familiar flickr login` would, of the account without a name or of another."""
    folder = household.state / "flickr" / account
    folder.mkdir(parents=True, exist_ok=True)
    token = {
        "token": login.token,
        "secret": login.token_secret,
        "perms": "write",
        "nsid": login.nsid,
        "username": login.username,
    }
    for name, values in (("flickr-key", {"key": login.key, "secret": login.secret}), ("flickr-token", token)):
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(values), encoding="utf-8")


def configure(household: Household, login: Login, **settings: Any) -> None:
    """Let the household's daemon work on Flickr alone, with short waits; `settings` are those of Flickr."""
    flickr: Mapping[str, Any] = {
        "enabled": True,
        "endpoint": login.url,
        "backoff": 0.1,
        "timeout": 2,
        "download_pause": 0,
    }
    household.configure({"folders": [], "flickr": {**flickr, **settings}})
