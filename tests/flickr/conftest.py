"""A Flickr of our own, and flickrapi that talks to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.flickr_server.server import ACCESS_TOKEN, AUTHORIZE, REQUEST_TOKEN, REST, FlickrServer


@pytest.fixture
def flickr() -> Iterator[FlickrServer]:
    with FlickrServer() as server:
        yield server


@pytest.fixture
def connect(flickr: FlickrServer) -> Iterator[Callable[..., Any]]:
    """Return clients of flickrapi, logged in with a permission or not at all; nothing global is changed."""
    from flickrapi import FlickrAPI  # noqa: PLC0415 - it takes a while to import
    from flickrapi.auth import FlickrAccessToken  # noqa: PLC0415
    from requests import Session  # noqa: PLC0415

    session = Session()
    session.headers["User-Agent"] = "familiar-tests/1"

    def client(permission: str | None = "write", *, key: str = "", secret: str = "", timeout: float = 5) -> Any:
        token = None
        if permission:
            granted = flickr.logins.grant(permission)
            token = FlickrAccessToken(granted.key, granted.secret, permission)
        api = FlickrAPI(
            key or flickr.logins.key,
            secret or flickr.logins.secret,
            token=token,
            store_token=False,
            format="parsed-json",
            timeout=timeout,
        )
        api.REST_URL = flickr.url + REST
        api.flickr_oauth.REQUEST_TOKEN_URL = flickr.url + REQUEST_TOKEN
        api.flickr_oauth.AUTHORIZE_URL = flickr.url + AUTHORIZE
        api.flickr_oauth.ACCESS_TOKEN_URL = flickr.url + ACCESS_TOKEN
        api.flickr_oauth.session = session
        return api

    yield client
    session.close()
