import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from familiar.errors import FamiliarError
from familiar.model import Copy, Link, Move, Operation
from support.workbench import Workbench, undo_of


def reasons(bench: Workbench) -> list[str]:
    steps = bench.store.journal.select_since(bench.store.now().replace(year=1999))
    return [obstacle.reason for obstacle in undo_of(bench).obstacles(steps)]


def copy(bench: Workbench, name: str = "out/a.jpg") -> Copy:
    return Copy(target=bench.base / name, rule="r")


def move(bench: Workbench, name: str = "out/a.jpg") -> Move:
    return Move(target=bench.base / name, rule="r")


def test_a_move_is_undone_with_its_time(bench: Workbench) -> None:
    path = bench.photo()
    time = path.stat().st_mtime_ns
    bench.done(move(bench), path=path)
    bench.undo_all()
    assert bench.tree() == {"in/a.jpg": b"a photo"}
    assert path.stat().st_mtime_ns == time


def test_a_place_that_is_taken_meanwhile_is_an_obstacle(bench: Workbench) -> None:
    path = bench.photo()
    bench.done(move(bench), path=path)
    path.write_bytes(b"another")
    assert reasons(bench) == [f"{path} already exists"]


def test_a_target_that_changed_or_is_gone_is_an_obstacle(bench: Workbench) -> None:
    bench.done(copy(bench), copy(bench, "out/b.jpg"))
    (bench.base / "out" / "a.jpg").write_bytes(b"edited!")
    (bench.base / "out" / "b.jpg").unlink()
    assert reasons(bench) == [
        f"{bench.base}/out/b.jpg no longer exists",
        f"{bench.base}/out/a.jpg was changed since",
    ]


def test_the_last_copy_of_a_photo_is_never_removed(bench: Workbench) -> None:
    path = bench.photo()
    bench.done(copy(bench), copy(bench, "out/b.jpg"), path=path)
    path.unlink()
    assert reasons(bench) == [
        f"{bench.base}/out/b.jpg is the last known copy of its photo",
        f"{bench.base}/out/a.jpg is the last known copy of its photo",
    ]
    with pytest.raises(FamiliarError):
        for step in bench.store.journal.select_last():
            undo_of(bench).undo(step)
    assert bench.tree() == {"out/a.jpg": b"a photo"}


def test_an_obstacle_that_comes_between_leaves_the_step_done(bench: Workbench) -> None:
    path = bench.photo()
    bench.done(move(bench), path=path)
    (step,) = bench.store.journal.select_last()
    path.write_bytes(b"another")
    with pytest.raises(FamiliarError, match="operation 1: .* already exists"):
        undo_of(bench).undo(step)
    assert bench.store.journal.step(step.id).state == "done"
    assert bench.tree() == {"in/a.jpg": b"another", "out/a.jpg": b"a photo"}


def test_a_link_that_leads_elsewhere_now_is_an_obstacle(bench: Workbench) -> None:
    bench.done(Link(target=bench.base / "link.jpg", rule="r", symbolic=True))
    (bench.base / "link.jpg").unlink()
    (bench.base / "link.jpg").symlink_to(bench.base / "other.jpg")
    assert reasons(bench) == [f"{bench.base}/link.jpg is not the link that familiar created"]


def test_a_kept_step_is_not_undone(bench: Workbench) -> None:
    bench.photo("out/a.jpg")
    bench.done(copy(bench))
    assert bench.store.journal.select_last() == []


@given(choices=st.lists(st.tuples(st.sampled_from("cmsh"), st.sampled_from(["x", "y"])), max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_done_undoing_all_of_it_gives_back_the_tree(
    tmp_path_factory: pytest.TempPathFactory, choices: list[tuple[str, str]]
) -> None:
    bench = Workbench.at(tmp_path_factory.mktemp("undo"))
    path = bench.photo()
    bench.photo("x/a.jpg", b"in the way")
    before = bench.tree()
    for kind, folder in choices:
        target = bench.base / folder / "a.jpg"
        operations: dict[str, Operation] = {
            "c": Copy(target=target, rule="r"),
            "m": Move(target=target, rule="r"),
            "s": Link(target=target, rule="r", symbolic=True),
            "h": Link(target=target, rule="r", symbolic=False),
        }
        outcomes = bench.perform(bench.plan(path, operations[kind]))
        if kind == "m" and outcomes[0].state == "done" and outcomes[0].target is not None:
            path = outcomes[0].target
    bench.undo_all()
    after = bench.tree()
    bench.close()
    assert after == before


def test_files_are_known_where_they_are_after_an_operation_and_after_its_undo(bench: Workbench) -> None:
    path = bench.photo()
    bench.done(copy(bench, "copy.jpg"), move(bench), path=path)
    (step, *_) = bench.store.journal.select_last()
    assert set(bench.store.files.paths_of(step.photo_id)) == {bench.base / "copy.jpg", bench.base / "out/a.jpg"}
    bench.undo_all()
    assert bench.store.files.paths_of(step.photo_id) == [path]
