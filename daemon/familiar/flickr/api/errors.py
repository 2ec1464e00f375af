"""Errors of Flickr, by their remedies."""

from collections.abc import Iterator
from contextlib import contextmanager

from familiar.errors import FamiliarError, RetryError


class FlickrError(FamiliarError):
    """Base of all errors of Flickr."""


class StoppedError(FlickrError):
    """Nothing works until a person fixes it; photos in folders are still handled."""


class LoginLostError(StoppedError):
    """Flickr does not accept the login any more (its error 98)."""

    def __init__(self, detail: str) -> None:
        """Take the answer of Flickr as `detail`."""
        super().__init__(f"Flickr refuses the login ({detail}); log in again: familiar flickr login")


class NoLoginError(StoppedError):
    """There is no login."""


class KeyRejectedError(StoppedError):
    """Flickr does not accept the key of the application, or its secret."""

    def __init__(self, detail: str) -> None:
        """Take the answer of Flickr as `detail`."""
        super().__init__(
            f"Flickr refuses the API key or its secret ({detail}); enter the right ones with familiar flickr login "
            "--new-key"
        )


class ClockError(StoppedError):
    """The clock of this machine is wrong (timestamp_refused)."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "Flickr refuses the time of this machine (timestamp_refused): the clock is wrong; set it, for example "
            "with NTP"
        )


class NotAllowedError(FlickrError):
    """The login is valid, but lacks access (error 99)."""

    def __init__(self, detail: str) -> None:
        """Take the answer of Flickr as `detail`."""
        super().__init__(
            f"Flickr does not allow this ({detail}); a login with read access needs more: familiar flickr login "
            "--perms write"
        )


class RefusedError(FlickrError):
    """Flickr refuses this call for this photo, now and later; `code` is its number of the error."""

    def __init__(self, code: int, detail: str) -> None:
        """Take number and text of the error."""
        super().__init__(f"Flickr refuses: {detail} (error {code})")
        self.code = code


class MissingError(FlickrError):
    """There is no file at the address of a photo, or no longer."""


class NoPictureError(FlickrError):
    """The file at the address of a photo is not a picture or video."""


class NoFileError(FlickrError):
    """Flickr has no size of a photo, or no file of a video."""


class PassingError(FlickrError, RetryError):
    """A retry may succeed: too many calls, a failing server, a slow network, an invalid answer.

    `wait` are the seconds that the server asks for; `maybe_done` says that the call may have been carried out, though
    its answer was lost. `throttled` says that there were too many calls, `away` that Flickr did not answer: nobody did,
    or not whole, or something else in its place, or only to say that it is not available. `sent` is false where the
    call has not left this machine.
    """

    def __init__(
        self,
        message: str,
        *,
        wait: float | None = None,
        maybe_done: bool = True,
        throttled: bool = False,
        away: bool = False,
        sent: bool = True,
    ) -> None:
        """Take the message, and the facts about the call."""
        super().__init__(message)
        self.wait = wait
        self.maybe_done = maybe_done
        self.throttled = throttled
        self.away = away
        self.sent = sent


class ForbiddenError(PassingError):
    """The server does not give the file at the address of a photo (HTTP 401, 403), as of the original of a video."""


@contextmanager
def expecting(what: str) -> Iterator[None]:
    """Expect something in an answer of Flickr while it is read.

    Raises:
        PassingError: it is not there, or has another form.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise PassingError(f"invalid answer: no {what}") from error
