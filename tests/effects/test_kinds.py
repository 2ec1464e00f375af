"""A new kind of operation is one class, and one more member of the tuple of kinds."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from familiar.effects.attempt import Attempt
from familiar.effects.journal import Outcome
from familiar.effects.kinds.catalogue import KINDS, Kinds
from familiar.effects.kinds.contract import Parameters
from familiar.effects.kinds.file_kind import FileKind
from familiar.effects.undo import Undo
from familiar.errors import FamiliarError, StoreError
from familiar.model import FileOperation
from familiar.store.store import Store
from support.workbench import Death, Workbench, dies_at

PACKAGE = Path(__file__).parents[2] / "daemon" / "familiar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(FileOperation):
    """Record somewhere where a photo is, and what there is to say of it."""

    text: str
    kind: ClassVar[str] = "note"


class NoteKind(FileKind[Note]):
    name = "note"
    value = Note

    def parameters(self, wish: Note) -> Parameters:
        return super().parameters(wish) | {"text": wish.text}

    def read(self, destination: str, rule: str, parameters: Parameters) -> Note:
        return Note(target=Path(destination), rule=rule, text=parameters["text"])

    def details(self, wish: Note) -> Parameters:
        return {"text": wish.text}

    def carry_out(self, wish: Note, attempt: Attempt) -> Outcome:
        return attempt.put_bytes(wish, f"{attempt.step.path.name}: {wish.text}".encode())


ALL = Kinds((*KINDS, NoteKind()))
BEFORE = {"in/a.jpg": b"a photo", "notes/a.txt": b"another"}
AFTER = BEFORE | {"notes/a (2).txt": b"a.jpg: at the sea"}


def note(base: Path) -> Note:
    return Note(target=base / "notes" / "a.txt", rule="r", text="at the sea")


def bench_at(base: Path) -> Workbench:
    bench = Workbench.at(base, ALL)
    bench.photo("notes/a.txt", b"another")
    return bench


def test_a_new_kind_is_recorded_carried_out_and_undone(tmp_path: Path) -> None:
    bench = bench_at(tmp_path)
    plan = bench.plan(bench.photo(), note(tmp_path))
    assert bench.store.journal.steps(plan)[0].operation == note(tmp_path)
    assert [outcome.state for outcome in bench.perform(plan)] == ["done"]
    assert bench.tree() == AFTER
    assert bench.store.files.paths_of(bench.store.journal.steps(plan)[0].photo_id) == [tmp_path / "in" / "a.jpg"]
    bench.undo_all()
    assert bench.tree() == BEFORE
    assert bench.store.statistics.operations() == [("note", "undone", 1)]
    bench.close()


def test_a_new_kind_is_shown_to_people_and_to_programs(tmp_path: Path) -> None:
    wish = note(tmp_path)
    assert wish.destination == tmp_path / "notes" / "a.txt"
    assert ALL.as_json(wish) == {"kind": "note", "rule": "r", "target": wish.target, "text": "at the sea"}


def test_what_a_new_kind_has_made_and_somebody_has_changed_is_not_taken_back(tmp_path: Path) -> None:
    bench = bench_at(tmp_path)
    bench.done(note(tmp_path))
    bench.photo("notes/a (2).txt", b"my own words")
    undo = Undo(bench.store.journal, bench.disks(), kinds=ALL)
    (obstacle,) = undo.obstacles(bench.store.journal.select_last())
    assert (obstacle.kind, obstacle.reason) == ("note", f"{tmp_path}/notes/a (2).txt was changed since")
    with pytest.raises(FamiliarError, match="was changed since"):
        bench.undo_all()
    assert bench.tree() == AFTER | {"notes/a (2).txt": b"my own words"}
    bench.close()


def test_killed_at_any_instant_a_new_kind_has_happened_exactly_once(tmp_path: Path) -> None:
    instant, died = 0, True
    while died:
        base = tmp_path / str(instant)
        bench = bench_at(base)
        plan = bench.plan(bench.photo(), note(base))
        bench.close()

        def act(own: Workbench, death: Death, plan: int = plan) -> None:
            own.perform(plan, journal=death, pulse=death.pulse)

        died = dies_at(base, act, instant, ALL)
        bench = Workbench.at(base, ALL)
        bench.perform(plan)
        found = instant, bench.tree(), bench.store.journal.counts()
        bench.close()
        assert found == (instant, AFTER, {"done": 1})
        instant += 1
    assert instant > 5


def test_killed_at_any_instant_of_its_undo_nothing_is_left_of_a_new_kind(tmp_path: Path) -> None:
    instant, died = 0, True
    while died:
        base = tmp_path / str(instant)
        bench = bench_at(base)
        bench.done(note(base))
        bench.close()
        died = dies_at(base, lambda own, death: own.undo_all(journal=death, pulse=death.pulse), instant, ALL)
        bench = Workbench.at(base, ALL)
        bench.undo_all()
        found = instant, bench.tree(), bench.store.journal.counts()
        bench.close()
        assert found == (instant, BEFORE, {"undone": 1})
        instant += 1
    assert instant > 5


def test_a_program_that_does_not_know_a_kind_refuses_the_store_and_leaves_it_as_it_is(tmp_path: Path) -> None:
    bench = bench_at(tmp_path)
    bench.plan(bench.photo(), note(tmp_path))
    bench.close()
    store = tmp_path / "state" / "familiar.db"
    before = store.read_bytes()
    with pytest.raises(StoreError, match=r"newer version of familiar \(it has operations of the kind note\)"):
        Store(store)
    assert store.read_bytes() == before


def test_a_kind_that_does_not_say_how_it_is_done_can_not_be_made() -> None:
    class Halfway(FileKind[Note]):
        name = "halfway"
        value = Note

    with pytest.raises(TypeError, match="carry_out"):
        Halfway()  # type: ignore[abstract]


VALUES = {kind.value.__name__ for kind in KINDS}
ASK_ALL_THE_SAME = {"flickr/sync/tag_decisions.py": "tags alone go to Flickr"}


def asks_for_kinds(module: Path) -> bool:
    """Return whether a module tests the class of a value of some kind."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            asked = {part.id for part in ast.walk(node.args[1]) if isinstance(part, ast.Name)}
        elif isinstance(node, ast.MatchClass) and isinstance(node.cls, ast.Name):
            asked = {node.cls.id}
        else:
            continue
        if asked & VALUES:
            return True
    return False


def test_only_the_kinds_themselves_ask_of_which_kind_an_operation_is() -> None:
    modules = (path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")) if asks_for_kinds(path))
    others = [str(path) for path in modules if not path.is_relative_to("effects/kinds")]
    assert others == list(ASK_ALL_THE_SAME)


def test_two_kinds_of_one_name_are_a_mistake() -> None:
    with pytest.raises(AssertionError, match="two kinds have the same name"):
        Kinds((*KINDS, *KINDS[:1]))
