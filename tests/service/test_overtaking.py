"""What overtakes the backlog of a first scan: photos that arrive, and what a person waits for."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.household import Household

BACKLOG = 200

MOST_BEFORE = 12
"""Photos of the backlog that are seen while one that arrived waits for a worker."""


def test_photos_that_arrive_and_what_a_person_waits_for_overtake_the_backlog(
    tmp_path: Path, obama: Path, obama2: Path, biden: Path
) -> None:
    household = Household(base=tmp_path)
    for number in range(BACKLOG):
        (household.inbox / f"{number:03}.jpg").write_bytes(biden.read_bytes() + bytes([number]))
    with household.running() as daemon:
        daemon.wait_for("photo.seen", count=2)
        arrived = household.inbox / "arrived.jpg"
        shutil.copy(obama, arrived)
        daemon.wait_for("photo.seen", path=str(arrived))
        household.ask("people", "add", "Barack Obama", obama2)
        (face, *_) = household.json("find", obama2)["faces"]
        with household.library() as library:
            cutter = library.faces.cutter()
            (placed,) = library.faces.place([1])
            picture = asyncio.run(cutter.cut(placed, size=64))
            cutter.close()
        events = daemon.events()
    pending, seen = (_place(events, name, arrived) for name in ("file.pending", "photo.seen"))
    names = [event["event"] for event in events]
    assert names[pending:seen].count("photo.seen") <= MOST_BEFORE, "it waited for a part of the backlog"
    assert names.count("photo.seen") < BACKLOG, "they came last"
    assert picture is not None
    assert face["person"] == "Barack Obama"


def _place(events: Sequence[Mapping[str, Any]], name: str, path: Path) -> int:
    return next(place for place, event in enumerate(events) if event["event"] == name and event["path"] == str(path))
