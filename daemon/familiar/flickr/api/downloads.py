"""Fetch a photo's file from the image servers: under a temporary name until it is complete and synced."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from familiar.flickr.api.errors import MissingError, NoPictureError, PassingError
from familiar.flickr.api.session import USER_AGENT, is_allowed, pieces, proxies_for, raise_for, translated
from familiar.flickr.api.timed_answers import TimedAnswers

_CONNECT = 10.0
_LONGEST = 8 << 30
_UNAVAILABLE = "photo_unavailable"
"""Name of the picture that Flickr shows in place of one that is gone."""


class _Session(requests.Session):
    """A session that follows redirects only to allowed addresses."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return the target of a redirect, or None if there is none; raises MissingError."""
        target = super().get_redirect_target(resp)
        if target is not None:
            _check_address(urljoin(resp.url, target))
        return target


class Downloader:
    """Fetches files; each call uses a connection from a pool, so threads can call it in parallel."""

    def __init__(self, *, timeout: float) -> None:
        """Take the time limit of a file, which is also that without data, in seconds; a long file may take longer."""
        self._session = _Session()
        self._session.mount("http://", TimedAnswers())
        self._session.mount("https://", TimedAnswers())
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        self._timeout = timeout

    def fetch(self, url: str, temporary: Path) -> int:
        """Download an address to a file, and return its size in bytes.

        Raises:
            MissingError: there is no file.
            NoPictureError: it is text.
            PassingError: a retry may succeed; nothing is left behind.
            OSError: the file can't be written.
        """
        _check_address(url)
        options: dict[str, Any] = {"timeout": (_CONNECT, self._timeout), "stream": True, "proxies": proxies_for(url)}
        try:
            with translated(), _expecting_address(url):
                response = self._session.get(url, **options)
            with response:
                self._check(response)
                return self._write(response, temporary)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _check(self, response: requests.Response) -> None:
        _check_address(response.url)
        if PurePosixPath(urlsplit(response.url).path).name.startswith(_UNAVAILABLE):
            raise MissingError("the photo is not available")
        if response.status_code != 200:  # noqa: PLR2004 - HTTP
            with translated():
                raise_for(response)
        if response.headers.get("Content-Type", "").startswith(("text/", "application/json")):
            raise NoPictureError("the answer is text, not a picture")

    def _write(self, response: requests.Response, temporary: Path) -> int:
        told = response.headers.get("Content-Length", "")
        size = 0
        with temporary.open("xb") as file:
            for block in pieces(response):
                file.write(block)
                size += len(block)
                if size > _LONGEST:
                    raise PassingError("the file is too long")
            file.flush()
            os.fsync(file.fileno())
        if not size or (told.isdigit() and int(told) != size):
            raise PassingError(f"truncated: {size} bytes of {told or 'an unknown number'}")
        return size

    def close(self) -> None:
        """Close all idle connections."""
        self._session.close()


@contextmanager
def _expecting_address(url: str) -> Iterator[None]:
    """Use an address; raises MissingError if it can't be one."""
    try:
        yield
    except (requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError) as error:
        raise MissingError(f"{url[:80]!r} is not an address") from error


def _check_address(url: str) -> None:
    if not is_allowed(url):
        raise MissingError(f"{url[:80]!r} is not an https address")
