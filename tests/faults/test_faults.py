"""Familiar is disturbed at work, and loses nothing: the short form of `python tests/faults`."""

import pytest

from faults.campaigns import Campaign
from faults.parts import Summary, gathered
from faults.shim import compiler
from faults.workloads import SMALL

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")


def found_in(summary: Summary) -> str:
    return "\n".join(f"--replay {attempt!r}: {lines}" for attempt, lines in summary.found.items())


def test_nothing_is_lost_whatever_call_of_a_move_to_another_disk_goes_wrong() -> None:
    summary = gathered(Campaign(seed="1", every=("move-far",), thorough=False).divided(2))
    assert summary.fired["kill"] > 30
    assert summary.fired["error"] > 100
    assert not summary.found, found_in(summary)


def test_nothing_is_lost_whatever_goes_wrong_at_random() -> None:
    rest = tuple(name for name in SMALL if name != "move-far")
    summary = gathered(Campaign(seed="2", every=rest, share=0.005, kills=30, errors=30, stops=30).divided(2))
    assert min(summary.fired[kind] for kind in ("kill", "error", "stop")) >= 30
    assert not summary.found, found_in(summary)
