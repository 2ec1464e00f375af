"""What can go wrong with Flickr, by what is to be done about it."""

from familiar.errors import FamiliarError, RetryError


class FlickrError(FamiliarError):
    """Base of what Flickr says no to."""


class StoppedError(FlickrError):
    """Nothing works until a person fixes it; photos in folders are handled anyway."""


class LoginLostError(StoppedError):
    """Flickr does not accept the login any more (its error 98)."""

    def __init__(self, detail: str) -> None:
        """Say what to do; `detail` is what Flickr said."""
        super().__init__(f"Flickr refuses the login ({detail}); log in again: familiar flickr login")


class NoLoginError(StoppedError):
    """Nobody is logged in."""


class KeyRejectedError(StoppedError):
    """Flickr does not accept the key of the application, or its secret."""

    def __init__(self, detail: str) -> None:
        """Say what to do; `detail` is what Flickr said."""
        super().__init__(
            f"Flickr refuses the API key or its secret ({detail}); enter the right ones with familiar flickr login "
            "--new-key"
        )


class ClockError(StoppedError):
    """The clock of this machine is off (timestamp_refused)."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "Flickr refuses the time of this machine (timestamp_refused): the clock is wrong; set it, for example "
            "with NTP"
        )


class NotAllowedError(FlickrError):
    """The login is good, but does not reach so far (error 99)."""

    def __init__(self, detail: str) -> None:
        """Say what to do; `detail` is what Flickr said."""
        super().__init__(
            f"the login may not do this ({detail}); log in with more access: familiar flickr login --perms write"
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
    """Something else than a picture or a film is at the address of a photo."""


class NoFileError(FlickrError):
    """Flickr offers no size of a photo, or no film of a video."""


class PassingError(FlickrError, RetryError):
    """It may work later: too many calls, a server that fails, a network that is slow, an answer that is broken.

    `wait` are the seconds that the server asks for; `maybe_done` says that the call may have been carried out, though
    its answer was lost. `throttled` says that it was one call too many.
    """

    def __init__(
        self, message: str, *, wait: float | None = None, maybe_done: bool = True, throttled: bool = False
    ) -> None:
        """Take the message, and what is known of the call."""
        super().__init__(message)
        self.wait = wait
        self.maybe_done = maybe_done
        self.throttled = throttled
