"""The system's Chromium, for tests that look at pages."""

import shutil

_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first one has no window at all: a page costs it a fifth of the processor time."""


def find_chromium() -> str | None:
    """Return the path of the browser, if there is one."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)
