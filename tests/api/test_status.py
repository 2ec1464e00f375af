"""`Library.status`: what is done, what waits, and what went wrong."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import put
from familiar import Library
from familiar.errors import NoStoreError
from familiar.library.progress import Count
from support.household import Household


def opened(household: Household) -> Library:
    return household.library()


def test_a_caller_learns_how_far_everything_is(household: Household, obama: Path) -> None:
    put(obama, household.inbox)
    broken = household.inbox / "broken.jpg"
    broken.write_bytes(b"no photo")
    household.scan()
    with opened(household) as library:
        status = library.status()
    assert (status.pid, status.state, status.people) == (None, household.state, 0)
    assert (status.photos["seen"], status.photos["faces"], status.files) == (1, 1, {"done": 2})
    assert [(root.path, root.state) for root in status.roots] == [(household.inbox, "online")]
    assert [(file.path, file.reason) for file in status.set_aside] == [(broken, "not a picture in a known format")]
    assert (status.operations, status.failed, status.flickr) == ({}, (), ())


def test_a_wrong_configuration_does_not_hide_what_is_known(household: Household) -> None:
    household.make_store()
    household.config.write_text("settle: soon\n")
    with opened(household) as library:
        assert library.status().outdated_faces == 0


def test_without_a_store_there_is_nothing_to_tell(household: Household) -> None:
    with opened(household) as library, pytest.raises(NoStoreError, match="no store exists"):
        library.status()
    assert not household.state.exists()


def test_the_progress_of_a_scan_is_told_once_a_second_for_which_all_waiting_files_are_counted(
    household: Household,
) -> None:
    for number in range(60):
        (household.inbox / f"{number}.jpg").write_bytes(b"%d" % number)
    told: list[tuple[int, int]] = []

    @contextmanager
    def progress(_label: str) -> Iterator[Count]:
        yield lambda done, total: told.append((done, total))

    begun = time.monotonic()
    with Library.open(household.state, config=household.config, progress=progress) as library:
        assert library.scan().set_aside == 60
    assert 1 <= len(told) <= time.monotonic() - begun + 1
