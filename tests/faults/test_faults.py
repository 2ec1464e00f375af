"""Familiar is disturbed at work, and loses nothing: the short form of `python tests/faults`."""

import pytest

from faults.campaigns import Campaign
from faults.parts import Summary, gathered
from faults.shim import compiler
from faults.workloads import SMALL

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")


def found_in(summary: Summary) -> str:
    return "\n".join(f"--replay {attempt!r}: {lines}" for attempt, lines in summary.found.items())


SHORT = 0.3
"""The share of the long form that the whole suite runs."""


@pytest.fixture(params=[SHORT, pytest.param(1.0, marks=pytest.mark.long)], ids=["short", "whole"])
def share(request: pytest.FixtureRequest) -> float:
    return float(request.param)


def test_nothing_is_lost_whatever_call_of_a_move_to_another_disk_goes_wrong(share: float) -> None:
    summary = gathered(Campaign(seed="1", every=("move-far",), share=0.4 * share, thorough=False).divided(2))
    assert summary.fired["kill"] > 10 * share
    assert summary.fired["error"] > 40 * share
    assert not summary.found, found_in(summary)


def test_nothing_is_lost_whatever_goes_wrong_at_random(share: float) -> None:
    rest = tuple(name for name in SMALL if name != "move-far")
    each, storms = round(20 * share), round(5 * share)
    campaign = Campaign(seed="2", every=rest, share=0.002 * share, kills=each, errors=each, stops=each, storms=storms)
    summary = gathered(campaign.divided(2))
    assert min(summary.fired[kind] for kind in ("kill", "error", "stop")) >= each
    assert not summary.found, found_in(summary)
