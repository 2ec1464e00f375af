"""A scan that is killed again and again; `tests/benchmarks/killing.py` does it 200 times."""

import signal
import subprocess
from pathlib import Path

from PIL import Image

from support.household import Household, command

MOMENTS = (("photo.seen", 1), ("plan.made", 1), ("operation.done", 2), ("plan.made", 2), ("operation.done", 4))
"""Events after the so manieth of which the scan is killed."""


def prepare(base: Path, portrait: Path) -> Household:
    base.mkdir()
    household = Household(base=base, settle=0.1)
    with Image.open(portrait) as image:
        for number in range(8):
            image.rotate(number, expand=True).save(household.inbox / f"{number}.png")
    out = household.out
    household.rule(
        {"name": "album", "then": [{"copy": f"{out}/album/"}]},
        {"name": "faces", "when": {"faces": {"min": 1}}, "then": [{"crop": {"to": f"{out}/faces/", "size": 64}}]},
        {"name": "tidy", "then": [{"move": f"{out}/done/photo.png"}]},
    )
    return household


def kill_after(household: Household, event: str, count: int) -> bool:
    """Kill a scan after an event has come so many times; return whether it came so far."""
    scan = command("scan", "--log-format", "json", "--log-level", "info")
    with subprocess.Popen(scan, env=household.whole_environment(), stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        for line in process.stderr:
            count -= f'"{event}"'.encode() in line
            if count == 0:
                process.send_signal(signal.SIGKILL)
                return True
    return False


def test_a_scan_that_is_killed_again_and_again_leaves_what_an_undisturbed_one_does(
    tmp_path: Path, astronaut: Path
) -> None:
    calm, disturbed = prepare(tmp_path / "calm", astronaut), prepare(tmp_path / "disturbed", astronaut)
    calm.scan()
    assert [kill_after(disturbed, event, count) for event, count in MOMENTS] == [True] * len(MOMENTS)
    disturbed.scan()
    assert len(calm.tree()) == 24
    assert disturbed.tree() == calm.tree()
    assert disturbed.json("status")["operations"] == {"done": 24}
    assert list(disturbed.base.rglob(".familiar-*")) == []
