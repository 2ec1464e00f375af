"""Chains of operations on one photo, undone together or in parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from familiar.effects.journal import Step
from familiar.effects.kinds.move_sidecar import MoveSidecar
from familiar.effects.kinds.write_sidecar import WriteSidecar
from familiar.model import Box, Copy, Crop, Link, Move, Operation, SidecarContent
from support.workbench import Workbench, undo_of

LETTERS = "cmshpwb"
"""Copy, move, symbolic link, hard link, crop, write a sidecar, move back to where the photo was."""

CHAINS = st.lists(st.tuples(st.sampled_from(LETTERS), st.sampled_from(["x", "y", "z"])), min_size=1, max_size=7)


@contextmanager
def chain(base: Path, choices: list[tuple[str, str]]) -> Iterator[Workbench]:
    """Carry out one operation after the other, as rules do that change in between."""
    bench = Workbench.at(base)
    path = bench.photo()
    bench.photo("in/a.jpg.xmp", XMP)
    bench.photo("x/a.jpg", b"in the way")
    places = [path]
    for letter, folder in choices:
        target = places[-2] if letter == "b" and len(places) > 1 else bench.base / folder / "a.jpg"
        plan = bench.plan(path, operation(letter, path, target))
        (outcome,) = bench.perform(plan)
        if letter in "mb" and outcome.state == "done" and outcome.target is not None:
            sidecar, beside = path.with_name(f"{path.name}.xmp"), outcome.target.with_name(f"{outcome.target.name}.xmp")
            if sidecar.exists():
                along = MoveSidecar(target=beside, rule="r", file=sidecar, behind=0, moves=True)
                bench.store.journal.append(plan, [along])
                bench.perform(plan)
            path = outcome.target
            places.append(path)
    yield bench
    bench.close()


def operation(letter: str, path: Path, target: Path) -> Operation:
    match letter:
        case "c":
            return Copy(target=target, rule="r")
        case "s" | "h":
            return Link(target=target, rule="r", symbolic=letter == "s")
        case "p":
            box = Box(left=0, top=0, right=9, bottom=9)
            return Crop(target=target.with_suffix(".png"), rule="r", box=box, margin=0.0, size=9)
        case "w":
            sidecar = path.with_name(f"{path.name}.xmp")
            return WriteSidecar(target=sidecar, rule="r", wanted=SidecarContent(names=(target.parent.name,)))
        case _:
            return Move(target=target, rule="r")


XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""/></rdf:RDF></x:xmpmeta>"""


def done(bench: Workbench) -> list[Step]:
    return list(bench.store.journal.select_since(bench.store.now().replace(year=1999)))


@given(choices=CHAINS, first=st.integers(1, 12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_chain_in_any_order_is_undone_together_and_in_parts(
    tmp_path_factory: pytest.TempPathFactory, choices: list[tuple[str, str]], first: int
) -> None:
    """Each obstacle is judged with the files as the newer undos of the same request will have left them."""
    base = tmp_path_factory.mktemp("chain")
    with chain(base / "chain", choices) as bench, chain(base / "none", []) as untouched:
        undo = undo_of(bench)
        assert undo.obstacles(done(bench)) == ()
        for some in (done(bench)[:first], done(bench)):
            assert undo.obstacles(done(bench)[: len(some)]) == ()
            for step in done(bench)[: len(some)]:
                undo.undo(step)
        assert bench.tree() == untouched.tree()


def test_a_copy_in_the_place_that_the_photo_goes_back_to_is_no_obstacle(tmp_path: Path) -> None:
    with chain(tmp_path, [("m", "y"), ("c", "z"), ("m", "x"), ("c", "y")]) as bench:
        steps = done(bench)
        assert undo_of(bench).obstacles(steps) == ()
        for step in steps:
            undo_of(bench).undo(step)
        assert set(bench.tree()) == {"in/a.jpg", "in/a.jpg.xmp", "x/a.jpg"}


def test_what_is_in_the_way_of_the_last_undo_stops_all_of_them(tmp_path: Path) -> None:
    with chain(tmp_path, [("m", "y"), ("c", "z"), ("m", "z")]) as bench:
        bench.photo("in/a.jpg", b"another one")
        (obstacle,) = undo_of(bench).obstacles(done(bench))
        assert obstacle.reason == f"{tmp_path}/in/a.jpg already exists"
