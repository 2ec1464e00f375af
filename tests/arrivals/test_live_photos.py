"""Stills and videos that come and go in any order."""

import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.arrivals.arrival import Arrival, Stage
from familiar.arrivals.stages.decision import FollowStill, WaitForTurn
from familiar.arrivals.stages.identification import WaitForStill
from familiar.arrivals.stages.operations import Record
from familiar.arrivals.stages.recognition import Recognise
from familiar.arrivals.stages.repeats import LeaveRepeats
from familiar.library.live_photo_pairs import pairs_of
from familiar.library.live_photos import mark_gone
from familiar.library.recognition import Recogniser
from familiar.model import Shot
from familiar.settings import MatchingSettings
from support.arrivals import MODEL, ArrivalBench, passed
from support.stores import put_store

NAMES = (
    "IMG_1.HEIC", "IMG_1.JPG", "img_1.jpg", "IMG_1.MOV", "img_1.mov", "IMG_1_HEVC.MOV", "IMG_1.JPG.MP4", "IMG_1.MP",
)  # fmt: skip
VIDEOS = (".mov", ".mp4", ".mp")


def empty_bench(base: Path) -> AbstractContextManager[ArrivalBench]:
    put_store(base)
    return ArrivalBench.at(base)


def is_video(name: str) -> bool:
    return name.lower().endswith(VIDEOS)


def stages(bench: ArrivalBench) -> tuple[Stage, ...]:
    return (
        WaitForStill(store=bench.store, retries=bench.retries),
        *bench.identifying(),
        LeaveRepeats(bench.repeats),
        Recognise(recogniser=Recogniser(bench.store, MatchingSettings(), MODEL), log=bench.log),
        WaitForTurn(store=bench.store, repeats=bench.repeats),
        FollowStill(bench.store),
        Record(store=bench.store, tally=bench.tally, log=bench.log),
    )


def handle_all(bench: ArrivalBench) -> None:
    """Handle files until none is pending."""
    roots = [root.id for root in bench.store.roots.all()]
    for _ in range(50):
        for file in bench.store.files.settled(float("inf"), roots=roots, limit=100):
            bench.store.files.mark_pending(file.id)
        pending = list(bench.store.files.pending(roots=roots, limit=100))
        if not pending:
            return
        for file in pending:
            passed(stages(bench), Arrival(file=file, turn=cast("Any", Turn())))
    raise AssertionError("files are handled again and again")


class Turn:
    """The turn of a file that is the first one."""

    async def wait(self) -> None:
        """Wait for nothing."""


def kinds(bench: ArrivalBench, names: Sequence[str]) -> dict[str, str | None]:
    rows = {name: bench.row(bench.base / "in" / name) for name in names}
    assert {row.state for row in rows.values()} <= {"done"}
    return {name: bench.store.photos.kind_of(cast("int", row.photo_id)) for name, row in rows.items()}


def expected(names: Sequence[str]) -> dict[str, str]:
    stills = {Path(name): Shot(kind="photo") for name in names if not is_video(name)}
    videos = {Path(name): Shot(kind="video", duration=2.0) for name in names if is_video(name)}
    clips = {path.name for path in pairs_of(stills, videos)}
    return {name: "clip" if name in clips else "video" if is_video(name) else "photo" for name in names}


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=12))
def test_what_is_a_clip_depends_on_the_files_that_are_there_and_not_on_their_order(
    steps: list[tuple[str, bool]],
) -> None:
    """Each step lets a file come, or go if it is there; some are handled at once, others together."""
    with tempfile.TemporaryDirectory() as base, empty_bench(Path(base)) as bench:
        present: list[str] = []
        for name, at_once in steps:
            path = bench.base / "in" / name
            if name in present:
                path.unlink()
                mark_gone(bench.store, path)
                present.remove(name)
            else:
                bench.workers.kinds[path] = "video" if is_video(name) else "photo"
                bench.file(path, name.encode())
                present.append(name)
            if at_once:
                handle_all(bench)
        handle_all(bench)
        assert kinds(bench, present) == expected(present)
