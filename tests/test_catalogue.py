"""The catalogue of the log, against what all other tests have brought about; this runs last."""

from pathlib import Path

import pytest

from familiar.events import CATALOGUE
from support.log import SEEN_EVENTS

TESTS = Path(__file__).parent


def test_each_event_of_the_catalogue_occurs_in_some_test(request: pytest.FixtureRequest) -> None:
    modules = {item.path for item in request.session.items}
    every = set(TESTS.rglob("test_*.py"))
    if request.config.option.keyword or modules != every:
        pytest.skip("not all tests run")
    assert {event.name for event in CATALOGUE} - SEEN_EVENTS == set()
