"""Python's process that removes semaphores after the process that made them was killed."""

import sys
from multiprocessing import resource_tracker


def start_quietly() -> None:
    """Start it, if it does not run, so that it does its work without a warning: a user can do nothing about that."""
    before = sys.warnoptions
    sys.warnoptions = [*before, "ignore::UserWarning:multiprocessing.resource_tracker"]  # what it inherits
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions = before
