"""Companions follow their photo, and stay with the others that share them."""

import asyncio
import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import cast

import pytest

from familiar.companions.forms import Form
from familiar.effects.kinds.move_companion import MoveCompanion
from familiar.library.companions import CompanionRules
from familiar.library.operations import OperationRunner
from familiar.model import Box, Copy, Crop, Link, Move, Operation
from familiar.settings import CompanionSettings, Settings
from familiar.store.journal import OperationJournal
from familiar.vision.workers.pool import Workers
from support.log import CheckedLog
from support.mounts import mounted
from support.permissions import obey_permissions
from support.studio import Studio
from support.workbench import Death, Workbench, dies_at, undo_of

DEFAULT = CompanionSettings()
PAIRS = CompanionSettings(pairs=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    made = Workbench.at(tmp_path)
    yield made
    made.close()


def perform(bench: Workbench, plan_id: int, settings: CompanionSettings = DEFAULT) -> list[tuple[str, str | None]]:
    """Carry out what a plan has to do, as the daemon does; return the state of each step with its error."""
    runner = OperationRunner(
        store=bench.store,
        workers=cast("Workers", Studio()),
        disks=bench.disks(),
        log=CheckedLog(),
        companions=CompanionRules.of(Settings(companions=settings)),
    )
    asyncio.run(runner.perform(plan_id, {}))
    return [(step.state, step.error) for step in bench.store.journal.steps(plan_id)]


def put(bench: Workbench, *names: str) -> dict[str, bytes | str]:
    """Put files with contents of their own into the folder of arrivals; return the tree."""
    for name in names:
        bench.photo(f"in/{name}", f"content of {name}".encode())
    return bench.tree()


def move(bench: Workbench, name: str, to: str = "", settings: CompanionSettings = DEFAULT) -> list[str]:
    """Move a photo to another name; return the states of its steps."""
    plan = bench.plan(bench.base / "in" / name, Move(target=bench.base / "out" / (to or name), rule="r"))
    return [state for state, _ in perform(bench, plan, settings)]


def names(bench: Workbench, folder: str) -> set[str]:
    top = bench.base / folder
    return set(os.listdir(top)) if top.exists() else set()  # noqa: PTH208


ALONG = [
    ("IMG_1234.HEIC", "b.HEIC", {"IMG_1234.AAE": "b.AAE", "IMG_O1234.AAE": "b_O.AAE"}),
    ("IMG_1.JPG", "b.JPG", {"img_1.aae": "b.aae"}),
    ("é.jpg", "b.jpg", {unicodedata.normalize("NFD", "é") + ".aae": "b.aae"}),
    ("a.jpg", "b.jpg", {"a.jpg.json": "b.jpg.json"}),
    ("a.jpg", "b.jpg", {"a.jpg.supplemental-metadata.json": "b.jpg.supplemental-metadata.json"}),
    ("a(1).jpg", "b.jpg", {"a.jpg.suppl(1).json": "b.jpg.supplemental-metadata.json"}),
    ("a-edited.jpg", "b.jpg", {"a.jpg.json": "b.jpg.json"}),
    ("a.NEF", "b.NEF", {"a.xmp": "b.xmp", "a.NEF.xmp": "b.NEF.xmp", "a_01.NEF.xmp": "b_01.NEF.xmp"}),
    ("a.NEF", "b.NEF", {"a.NEF.pp3": "b.NEF.pp3", "a.NEF.dop": "b.NEF.dop", "a.on1": "b.on1", "a.WAV": "b.WAV"}),
    ("IMG_1.JPG", "b.JPG", {"img_1.xmp": "b.xmp"}),
    ("MVI_0001.AVI", "b.AVI", {"MVI_0001.THM": "b.THM"}),
    ("GX010123.MP4", "b.MP4", {"GL010123.LRV": "b.LRV", "GX010123.THM": "b.THM"}),
    ("DJI_0001.MP4", "b.MP4", {"DJI_0001.SRT": "b.SRT", "DJI_0001.LRF": "b.LRF"}),
]


@pytest.mark.parametrize(("photo", "to", "along"), ALONG)
def test_what_belongs_to_a_photo_follows_its_move_and_its_undo(
    bench: Workbench, photo: str, to: str, along: Mapping[str, str]
) -> None:
    others = ("z.jpg", "z.jpg.json", "notes.txt", "aa.jpg.json", "IMG_12345.AAE", "b.NEF.xmp")
    before = put(bench, photo, *along, *others)
    assert set(move(bench, photo, to)) == {"done"}
    assert names(bench, "out") == {to, *along.values()}
    assert names(bench, "in") == set(others)
    assert undo_of(bench).obstacles(bench.store.journal.select_last()) == ()
    bench.undo_all()
    assert bench.tree() == before


@pytest.mark.parametrize(("photo", "to", "along"), ALONG)
def test_in_another_folder_under_the_same_name_companions_keep_theirs(
    bench: Workbench, photo: str, to: str, along: Mapping[str, str]
) -> None:
    put(bench, photo, *along)
    move(bench, photo)
    assert names(bench, "out") == {photo, *along}


def test_a_photo_that_gets_a_number_gives_it_to_its_companions(bench: Workbench) -> None:
    put(bench, "a.jpg", "a.jpg.json", "a.aae")
    bench.photo("out/a.jpg", b"of another")
    move(bench, "a.jpg")
    assert names(bench, "out") == {"a.jpg", "a (2).jpg", "a (2).jpg.json", "a (2).aae"}


def test_a_photo_that_is_moved_again_takes_its_companions_along_again(bench: Workbench) -> None:
    before = put(bench, "IMG_1234.HEIC", "IMG_O1234.AAE", "IMG_1234.HEIC.suppl.json")
    move(bench, "IMG_1234.HEIC", "Ann.HEIC")
    perform(bench, bench.plan(bench.base / "out/Ann.HEIC", Move(target=bench.base / "two/Eve.HEIC", rule="r")))
    assert names(bench, "two") == {"Eve.HEIC", "Eve_O.AAE", "Eve.HEIC.supplemental-metadata.json"}
    assert names(bench, "out") == set()
    bench.undo_all()
    assert bench.tree() == before


SHARED = [
    ("a.jpg", "a-edited.jpg", "a.jpg.json"),
    ("a.jpg", "a-edited.jpg", "a.jpg.supplemental-metadata.json"),
    ("a.dng", "a.jpg", "a.xmp"),
    ("a.NEF", "a.JPG", "a.WAV"),
    ("IMG_1234.DNG", "IMG_1234.JPG", "IMG_1234.AAE"),
]


@pytest.mark.parametrize(("first", "second", "shared"), SHARED)
def test_what_two_photos_share_stays_with_the_one_that_stays_and_a_copy_goes_along(
    bench: Workbench, first: str, second: str, shared: str
) -> None:
    before = put(bench, first, second, shared)
    move(bench, first)
    assert names(bench, "in") == {second, shared}
    assert names(bench, "out") == {first, shared}
    bench.undo_all()
    assert bench.tree() == before


@pytest.mark.parametrize(("first", "second", "shared"), SHARED)
@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_the_last_of_the_photos_that_share_a_companion_takes_it_along_and_each_is_undone_by_itself(
    bench: Workbench, first: str, second: str, shared: str, order: tuple[int, int]
) -> None:
    before = put(bench, first, second, shared)
    assert set(move(bench, first) + move(bench, second)) == {"done"}
    assert names(bench, "in") == set()
    assert names(bench, "out") == {first, second, shared}
    plans = bench.plans()
    for plan in (plans[place] for place in order):
        steps = [step for step in reversed(bench.store.journal.steps(plan)) if step.state == "done"]
        assert undo_of(bench).obstacles(steps) == ()
        for step in steps:
            undo_of(bench).undo(step)
        for folder in ("in", "out"):
            assert names(bench, folder) == set() or shared in names(bench, folder)
    assert bench.tree() == before


@pytest.mark.parametrize(("first", "second", "shared"), SHARED)
def test_moves_of_photos_that_share_a_companion_are_undone_together(
    bench: Workbench, first: str, second: str, shared: str
) -> None:
    before = put(bench, first, second, shared)
    move(bench, first)
    move(bench, second)
    steps = bench.store.journal.select_since(bench.store.now().replace(year=1999))
    assert undo_of(bench).obstacles(steps) == ()
    bench.undo_all()
    assert bench.tree() == before


def test_the_sidecar_of_a_raw_file_does_not_follow_the_picture_beside_it(bench: Workbench) -> None:
    put(bench, "a.dng", "a.jpg", "a.xmp")
    move(bench, "a.jpg")
    assert names(bench, "out") == {"a.jpg"}
    assert names(bench, "in") == {"a.dng", "a.xmp"}


def test_a_companion_of_a_still_and_its_clip_follows_the_still(bench: Workbench) -> None:
    put(bench, "IMG_1.HEIC", "IMG_1.MOV", "IMG_1.AAE")
    move(bench, "IMG_1.HEIC")
    assert names(bench, "out") == {"IMG_1.HEIC", "IMG_1.AAE"}
    move(bench, "IMG_1.MOV")
    assert names(bench, "in") == set()


@pytest.mark.parametrize("order", list(permutations(["still", "clip"])))
def test_a_still_its_edits_and_its_clip_come_back_in_each_order(bench: Workbench, order: tuple[str, ...]) -> None:
    before = put(bench, "IMG_1.HEIC", "IMG_1.MOV", "IMG_1.AAE")
    still = bench.plan(bench.base / "in/IMG_1.HEIC", Move(target=bench.base / "out/IMG_1.HEIC", rule="r"))
    clip = bench.plan(bench.base / "in/IMG_1.MOV", Move(target=bench.base / "out/IMG_1.MOV", rule="r"))
    assert perform(bench, still) == [("done", None)] * 2
    assert perform(bench, clip) == [("done", None)]
    for each in order:
        plan = {"still": still, "clip": clip}[each]
        steps = bench.store.journal.select([step.id for step in bench.store.journal.steps(plan)])
        undoing = undo_of(bench)
        assert undoing.obstacles(steps) == ()
        for step in steps:
            undoing.undo(step)
    assert bench.tree() == before


def test_a_companion_that_somebody_has_taken_away_or_put_back_does_not_hold_up_the_undo_of_its_photo(
    bench: Workbench,
) -> None:
    before = put(bench, "a.jpg", "a.aae", "a.jpg.json")
    move(bench, "a.jpg")
    (bench.base / "out/a.aae").rename(bench.base / "in/a.aae")
    (bench.base / "out/a.jpg.json").unlink()
    assert undo_of(bench).obstacles(bench.store.journal.select_last()) == ()
    bench.undo_all()
    del before["in/a.jpg.json"]
    assert bench.tree() == before
    assert {step.state for plan in bench.plans() for step in bench.store.journal.steps(plan)} == {"undone"}


def test_an_undo_leaves_no_companion_beside_a_photo_that_did_not_bring_it(bench: Workbench) -> None:
    put(bench, "IMG_1.jpg", "IMG_1.aae", "IMG_1.xmp", "IMG_1.jpg.json")
    bench.photo("out/IMG_1.png", b"of another")
    before = bench.tree()
    move(bench, "IMG_1.jpg")
    assert len(names(bench, "out")) == 5
    bench.undo_all()
    assert bench.tree() == before


def test_a_video_does_not_take_the_companions_of_a_photo_of_its_name_along(bench: Workbench) -> None:
    put(bench, "IMG_1.HEIC", "IMG_1.MOV", "IMG_1.AAE", "IMG_1.xmp", "IMG_1.MOV.json")
    move(bench, "IMG_1.MOV")
    assert names(bench, "out") == {"IMG_1.MOV", "IMG_1.MOV.json"}


def test_the_sidecar_of_another_photo_is_not_one_of_a_version_of_this_one(bench: Workbench) -> None:
    put(bench, "a.NEF", "a_01.NEF", "a_01.NEF.xmp")
    move(bench, "a.NEF")
    assert names(bench, "in") == {"a_01.NEF", "a_01.NEF.xmp"}


@pytest.mark.parametrize("content", [b"of another", b"content of a.aae"])
def test_nothing_is_put_onto_a_taken_name(bench: Workbench, content: bytes) -> None:
    put(bench, "a.jpg", "a.aae")
    taken = bench.photo("out/a.aae", content)
    before = bench.tree()
    plan = bench.plan(bench.base / "in/a.jpg", Move(target=bench.base / "out/a.jpg", rule="r"))
    _, (state, error) = perform(bench, plan)
    if content == b"of another":
        stays = bench.base / "in/a.aae"
        assert (state, error) == ("refused", f"{taken}: already exists; the companion stays at {stays}")
    else:
        assert (state, error) == ("kept", None)
    assert names(bench, "out") == {"a.jpg", "a.aae"}
    assert names(bench, "in") == {"a.aae"}
    bench.undo_all()
    assert bench.tree() == before


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()
    (path / "a file").touch()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (pipe, "is not a regular file"),
        (link, "is a symbolic link, which is neither moved nor copied"),
        (folder, "is not a regular file"),
    ],
)
def test_only_regular_files_follow_and_the_others_stay_with_the_reason(
    bench: Workbench, make: Callable[[Path], None], reason: str
) -> None:
    put(bench, "a.jpg", "a.jpg.json")
    odd = bench.base / "in/a.aae"
    make(odd)
    plan = bench.plan(bench.base / "in/a.jpg", Move(target=bench.base / "out/a.jpg", rule="r"))
    assert perform(bench, plan) == [("done", None), ("refused", f"{odd}: {reason}"), ("done", None)]
    assert names(bench, "out") == {"a.jpg", "a.jpg.json"}
    bench.undo_all()
    assert names(bench, "in") == {"a.jpg", "a.jpg.json", "a.aae"}


def test_what_comes_and_goes_between_plan_and_act_is_judged_when_the_photo_is_moved(bench: Workbench) -> None:
    put(bench, "a.jpg", "a.aae", "b.jpg", "b.aae")
    plans = [
        bench.plan(bench.base / f"in/{name}.jpg", Move(target=bench.base / f"out/{name}.jpg", rule="r"))
        for name in "ab"
    ]
    (bench.base / "in/a.aae").unlink()
    (bench.base / "in/b.aae").write_bytes(b"edited")
    bench.photo("in/b.jpg.json")
    assert [perform(bench, plan) for plan in plans] == [[("done", None)], [("done", None)] * 3]
    assert (bench.base / "out/b.aae").read_bytes() == b"edited"
    assert names(bench, "out") == {"a.jpg", "b.jpg", "b.aae", "b.jpg.json"}


class Between:
    """The journal; does something once after the photo has moved, and before its companions do."""

    def __init__(self, bench: Workbench, act: Callable[[], None]) -> None:
        self._journal, self._plans, self._act = bench.store.journal, bench.plans(), [act]

    def __getattr__(self, name: str) -> object:
        if name == "steps" and self._act and self._journal.steps(self._plans[0])[0].state == "done":
            self._act.pop()()
        return getattr(self._journal, name)


@pytest.mark.parametrize(
    ("act", "state", "out"),
    [
        (lambda path: path.unlink(), "refused", {"a.jpg"}),
        (lambda path: path.write_bytes(b"edited"), "done", {"a.jpg", "a.aae"}),
        (lambda path: path.with_name("a.png").write_bytes(b"shares it"), "done", {"a.jpg", "a.aae"}),
    ],
    ids=["vanishes", "changes", "is shared"],
)
def test_what_happens_to_a_companion_after_its_photo_has_moved_harms_nothing(
    bench: Workbench, act: Callable[[Path], None], state: str, out: set[str]
) -> None:
    put(bench, "a.jpg", "a.aae")
    companion = bench.base / "in/a.aae"
    plan = bench.plan(bench.base / "in/a.jpg", Move(target=bench.base / "out/a.jpg", rule="r"))
    bench.store.journal = cast("OperationJournal", Between(bench, lambda: act(companion)))
    assert [found for found, _ in perform(bench, plan)] == ["done", state]
    assert names(bench, "out") == out
    assert companion.exists() == (companion.with_name("a.png").exists())


def test_a_companion_that_changes_while_it_is_moved_is_tried_again(bench: Workbench) -> None:
    put(bench, "a.jpg", "a.aae")
    companion, edits = bench.base / "in/a.aae", iter([b"edited"])

    def edit() -> None:
        if "a.jpg" not in names(bench, "in"):
            for content in edits:
                companion.write_bytes(content)

    out = bench.base / "out"
    along = MoveCompanion(target=out / "a.aae", rule="r", file=companion, behind=0, moves=True, form=Form("{stem}.aae"))
    plan = bench.plan(bench.base / "in/a.jpg", Move(target=out / "a.jpg", rule="r"), along)
    assert [outcome.state for outcome in bench.perform(plan, pulse=edit)] == ["done", "failed"]
    assert perform(bench, plan) == [("done", None)] * 2
    assert (out / "a.aae").read_bytes() == b"edited"


def test_a_companion_whose_name_would_be_too_long_is_refused_once_and_stays(bench: Workbench) -> None:
    put(bench, "a.jpg", "a.jpg.supplemental-metadata.json", "a.aae")
    name = "x" * 250 + ".jpg"
    plan = bench.plan(bench.base / "in/a.jpg", Move(target=bench.base / "out" / name, rule="r"))
    (moved, _), (aae, _), (json, error) = perform(bench, plan)
    assert (moved, aae, json) == ("done", "done", "refused")
    stays = bench.base / "in/a.jpg.supplemental-metadata.json"
    assert error is not None
    assert error.endswith(f": File name too long; use a shorter name; it stays at {stays}")
    bench.undo_all()
    assert names(bench, "in") == {"a.jpg", "a.jpg.supplemental-metadata.json", "a.aae"}


def test_a_companion_that_may_not_be_read_waits_and_the_next_one_does_not(bench: Workbench) -> None:
    put(bench, "a.jpg", "a.aae", "a.jpg.json")
    plan = bench.plan(bench.base / "in/a.jpg", Move(target=bench.base / "out/a.jpg", rule="r"))
    (bench.base / "in/a.aae").chmod(0)
    child = os.fork()
    if child == 0:
        try:
            obey_permissions()
            own = Workbench.at(bench.base)
            perform(own, plan)
            own.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    _, aae, json = bench.store.journal.steps(plan)
    assert (aae.state, json.state) == ("failed", "done")
    assert aae.error == f"{bench.base}/in/a.aae: Permission denied"
    (bench.base / "in/a.aae").chmod(0o600)
    assert perform(bench, plan) == [("done", None)] * 3


@pytest.mark.parametrize("shared", [False, True])
def test_companions_follow_to_another_disk_and_back(bench: Workbench, *, shared: bool) -> None:
    before = put(bench, "a.jpg", "a.aae", "a.jpg.json", *(["a-edited.jpg"] if shared else []))
    with mounted(bench.base / "far"):
        plan = bench.plan(bench.base / "in/a.jpg", Move(target=bench.base / "far/a.jpg", rule="r"))
        assert perform(bench, plan) == [("done", None)] * 3
        assert names(bench, "far") == {"a.jpg", "a.aae", "a.jpg.json"}
        assert names(bench, "in") == ({"a-edited.jpg", "a.jpg.json"} if shared else set())
        bench.undo_all()
        assert bench.tree() == before


def test_from_a_read_only_disk_companions_are_copied_and_not_moved(bench: Workbench) -> None:
    with mounted(bench.base / "in"):
        put(bench, "a.jpg", "a.aae")
        copy = bench.plan(bench.base / "in/a.jpg", Copy(target=bench.base / "out/a.jpg", rule="r"))
        moved = bench.plan(bench.base / "in/a.jpg", Move(target=bench.base / "two/a.jpg", rule="r"))
        os.system(f"mount -o remount,ro {bench.base / 'in'}")  # noqa: S605
        assert perform(bench, copy, CompanionSettings(copies=True)) == [("done", None)] * 2
        assert [state for state, _ in perform(bench, moved)] == ["refused", "kept"]
        assert names(bench, "in") == {"a.jpg", "a.aae"}
        assert names(bench, "out") == {"a.jpg", "a.aae"}
        assert names(bench, "two") == set()


def test_companions_are_copied_where_the_settings_say_so_and_their_copies_are_undone(bench: Workbench) -> None:
    before = put(bench, "a.jpg", "a.aae", "a.jpg.json", "a-edited.jpg")
    wishes = [(name, Copy(target=bench.base / "out" / name, rule="r")) for name in ("a.jpg", "a-edited.jpg")]
    assert perform(bench, bench.plan(bench.base / "in/a.jpg", wishes[0][1])) == [("done", None)]
    bench.undo_all()
    for name, wish in wishes:
        states = perform(bench, bench.plan(bench.base / "in" / name, wish), CompanionSettings(copies=True))
        assert set(states) == {("done", None)}
    assert names(bench, "out") == {"a.jpg", "a.aae", "a.jpg.json", "a-edited.jpg"}
    undo = undo_of(bench)
    for step in bench.store.journal.select_last():
        undo.undo(step)
    assert names(bench, "out") == {"a.jpg", "a.aae", "a.jpg.json"}
    bench.undo_all()
    assert bench.tree() == before


@pytest.mark.parametrize(
    "make",
    [
        partial(Link, rule="r", symbolic=True),
        partial(Link, rule="r", symbolic=False),
        partial(Crop, rule="r", box=Box(left=0, top=0, right=5, bottom=5), margin=0.0, size=None),
    ],
)
def test_links_and_crops_have_no_companions(bench: Workbench, make: Callable[..., Operation]) -> None:
    put(bench, "a.jpg", "a.aae")
    wish = make(target=bench.base / "out/a.jpg")
    perform(bench, bench.plan(bench.base / "in/a.jpg", wish), CompanionSettings(copies=True))
    assert len(names(bench, "out")) == 1


def test_without_forms_only_sidecars_follow(bench: Workbench) -> None:
    put(bench, "a.jpg", "a.aae", "a.jpg.xmp")
    move(bench, "a.jpg", settings=CompanionSettings(forms=()))
    assert names(bench, "out") == {"a.jpg", "a.jpg.xmp"}


def test_forms_of_ones_own_are_used(bench: Workbench) -> None:
    put(bench, "a.jpg", "a.txt", "a.jpg.md", "b.txt")
    move(bench, "a.jpg", settings=CompanionSettings(forms=("{stem}.txt", "{name}.md")))
    assert names(bench, "out") == {"a.jpg", "a.txt", "a.jpg.md"}


def test_a_raw_file_and_its_picture_go_their_own_ways_by_default(bench: Workbench) -> None:
    put(bench, "a.NEF", "a.JPG")
    move(bench, "a.JPG")
    assert names(bench, "in") == {"a.NEF"}


@pytest.mark.parametrize("first", ["a.NEF", "a.JPG"])
def test_a_raw_file_and_its_picture_go_together_where_the_settings_say_so(bench: Workbench, first: str) -> None:
    everything = {"a.NEF", "a.JPG", "a.xmp", "a.NEF.pp3", "a.JPG.xmp", "a.WAV", "a.aae"}
    before = put(bench, *everything)
    raw = bench.plan(bench.base / "in/a.NEF")
    photo_id = bench.store.photos.find(bench_hash(bench, "in/a.NEF"))
    assert photo_id is not None
    assert set(move(bench, first, first.replace("a.", "b."), PAIRS)) == {"done"}
    assert names(bench, "in") == set()
    assert names(bench, "out") == {name.replace("a.", "b.") for name in everything}
    assert bench.store.files.paths_of(photo_id.id) == [bench.base / "out/b.NEF"]
    steps = bench.store.journal.select_last()
    assert undo_of(bench).obstacles(steps) == ()
    bench.undo_all()
    assert bench.tree() == before
    assert bench.store.files.paths_of(photo_id.id) == [bench.base / "in/a.NEF"]
    assert bench.store.journal.steps(raw) == []


def bench_hash(bench: Workbench, name: str) -> str:
    return hashlib.sha256((bench.base / name).read_bytes()).hexdigest()


def test_the_undo_of_a_photo_by_its_number_brings_back_its_companions(bench: Workbench) -> None:
    before = put(bench, "a.jpg", "a.aae", "a.jpg.json")
    move(bench, "a.jpg")
    (plan,) = bench.plans()
    number = bench.store.journal.steps(plan)[0].id
    for step in bench.store.journal.select([number]):
        undo_of(bench).undo(step)
    assert bench.tree() == before


def test_a_companion_that_was_edited_since_goes_back_as_it_is(bench: Workbench) -> None:
    before = put(bench, "a.jpg", "a.aae")
    move(bench, "a.jpg")
    (bench.base / "out/a.aae").write_bytes(b"edited")
    bench.undo_all()
    assert bench.tree() == before | {"in/a.aae": b"edited"}


def test_where_something_has_the_former_name_of_a_companion_nothing_is_undone(bench: Workbench) -> None:
    put(bench, "a.jpg", "a.aae")
    move(bench, "a.jpg")
    other = bench.photo("in/a.aae", b"of another")
    (obstacle,) = undo_of(bench).obstacles(bench.store.journal.select_last())
    assert (obstacle.kind, obstacle.reason) == ("companion", f"{other} already exists")


def shared_world(base: Path) -> list[int]:
    bench = Workbench.at(base)
    put(bench, "a.jpg", "a-edited.jpg", "a.jpg.json")
    plans = [
        bench.plan(bench.base / "in" / name, Move(target=bench.base / "out" / f"b{name}", rule="r"))
        for name in ("a.jpg", "a-edited.jpg")
    ]
    bench.close()
    return plans


def act(bench: Workbench, plans: list[int], death: Death | None = None) -> None:
    if death is not None:
        bench.store.journal = cast("OperationJournal", death)
    runner = OperationRunner(
        store=bench.store,
        workers=cast("Workers", Studio()),
        disks=bench.disks(),
        log=CheckedLog(),
        companions=CompanionRules.of(Settings()),
    )
    for plan in plans:
        asyncio.run(runner.perform(plan, {}))


def test_killed_at_any_instant_all_companions_are_with_their_photos_in_the_end(tmp_path: Path) -> None:
    instant, died = 0, True
    while died:
        base = tmp_path / str(instant)
        plans = shared_world(base)
        died = dies_at(base, lambda bench, death, plans=plans: act(bench, plans, death), instant)
        bench = Workbench.at(base)
        act(bench, plans)
        assert names(bench, "in") == set()
        assert names(bench, "out") == {"ba.jpg", "ba-edited.jpg", "ba.jpg.json"}
        bench.undo_all()
        assert names(bench, "in") == {"a.jpg", "a-edited.jpg", "a.jpg.json"}
        assert names(bench, "out") == set()
        bench.close()
        instant += 1
    assert instant > 30


def test_killed_at_any_instant_of_an_undo_all_companions_are_back_in_the_end(tmp_path: Path) -> None:
    instant, died = 0, True
    while died:
        base = tmp_path / str(instant)
        plans = shared_world(base)
        bench = Workbench.at(base)
        before = bench.tree()
        act(bench, plans)
        bench.close()
        died = dies_at(base, lambda bench, death: bench.undo_all(death, death.pulse), instant)
        bench = Workbench.at(base)
        bench.undo_all()
        assert bench.tree() == before
        bench.close()
        instant += 1
    assert instant > 20
