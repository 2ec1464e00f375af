"""Libraries for the tests of the Python API: one state that was scanned once, and copies of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from familiar import Library
from support.household import Household
from support.photos import MODELS


@pytest.fixture(autouse=True)
def _find_converted_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_DIRECTORY", str(MODELS.parent))


@pytest.fixture(autouse=True)
def _print_nothing(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """No call prints anything, whatever it does, and neither do its workers."""
    capfd.readouterr()
    yield
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def own(library: Household, tmp_path: Path) -> Household:
    """A household with a copy of the library's state, in which a test can do anything but touch the album."""
    return Household.like(library, tmp_path)


@pytest.fixture
def opened(own: Household) -> Iterator[Library]:
    with own.library() as library:
        yield library


@pytest.fixture
def album(library: Household) -> Path:
    """Obama alone twice, Biden alone, both in one photo, an astronaut and a meadow; Obama and Biden are registered."""
    return library.base / "album"


@pytest.fixture(scope="session")
def _grouped(library: Household, tmp_path_factory: pytest.TempPathFactory) -> Household:
    household = Household.like(library, tmp_path_factory.mktemp("grouped"))
    with household.library() as known:
        for person in known.people.all():
            known.people.remove(person.name)
        known.clusters.run()
    return household


@pytest.fixture
def grouped(_grouped: Household, tmp_path: Path) -> Household:
    """The household of `nameless`, which is that test's own."""
    return Household.like(_grouped, tmp_path)


@pytest.fixture
def nameless(grouped: Household) -> Iterator[Library]:
    """A library in which nobody is known: three faces of Obama are one cluster, two of Biden another one."""
    with grouped.library() as library:
        yield library
