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
    summary = gathered(Campaign(seed="1", every=("move-far",), share=0.4, thorough=False).divided(2))
    assert summary.fired["kill"] > 10
    assert summary.fired["error"] > 40
    assert not summary.found, found_in(summary)


def test_nothing_is_lost_whatever_goes_wrong_at_random() -> None:
    rest = tuple(name for name in SMALL if name != "move-far")
    summary = gathered(Campaign(seed="2", every=rest, share=0.002, kills=20, errors=20, stops=20, storms=5).divided(2))
    assert min(summary.fired[kind] for kind in ("kill", "error", "stop")) >= 20
    assert not summary.found, found_in(summary)
