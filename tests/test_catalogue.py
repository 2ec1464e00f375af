"""The catalogue of the log, against the code that emits its events and the tests that wait for them or assert them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from familiar.events import CATALOGUE

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "daemon" / "familiar"

EVENTS = frozenset(event.name for event in CATALOGUE)
WAITS = frozenset({"wait_for", "tick_until"})
"""Functions of the tests that fail unless an event occurs."""


def nodes(folder: Path, pattern: str) -> Iterator[ast.AST]:
    for path in sorted(folder.rglob(pattern)):
        yield from ast.walk(ast.parse(path.read_text(), filename=str(path)))


def events_in(node: ast.AST) -> set[str]:
    """Return the events that are named below a node; `f"operation.{state}"` names all that begin so."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            found |= {inner.value}
        elif isinstance(inner, ast.JoinedStr):
            parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+" for part in inner.values]
            found |= {event for event in EVENTS if re.fullmatch("".join(parts), event)}
    return found & EVENTS


def called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "attr", getattr(function, "id", ""))


def emits(node: ast.AST) -> bool:
    """Tell whether a node is a function that emits events, or the log itself, which has one of its own."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return node.name == "emit" or any(map(is_emission, ast.walk(node)))


def is_emission(node: ast.AST) -> bool:
    return called(node) == "emit"


def demands(node: ast.AST) -> bool:
    """Tell whether a statement or call of a test fails where the events that it names do not occur."""
    match node:
        case ast.Assert(test=ast.UnaryOp(op=ast.Not())) | ast.Assert(test=ast.Compare(ops=[ast.NotIn()])):
            return False
        case ast.Assert(test=ast.Compare(comparators=[ast.List(elts=[]) | ast.Constant(value=0)])):
            return False
        case ast.Assert() | ast.Assign(targets=[ast.Tuple() | ast.List()]):  # (event,) = ... takes exactly one
            return True
        case _:
            return called(node) in WAITS


def test_each_event_of_the_catalogue_is_emitted_and_demanded_by_a_test() -> None:
    emitted = set().union(*(events_in(node) for node in nodes(PACKAGE, "*.py") if emits(node)))
    demanded = set().union(*(events_in(node) for node in nodes(TESTS, "test_*.py") if demands(node)))
    assert EVENTS - emitted == set()
    assert EVENTS - demanded == set()


@pytest.mark.parametrize(
    ("line", "does"),
    [
        ('daemon.wait_for("rules.loaded")', True),
        ('(event,) = log.of("rules.loaded")', True),
        ('assert log.of("rules.loaded")', True),
        ('assert names(events) == ["rules.loaded"]', True),
        ('assert log.of("rules.loaded") == []', False),
        ('assert not log.of("rules.loaded")', False),
        ('assert "rules.loaded" not in names(events)', False),
        ('log.emit("rules.loaded")', False),
    ],
)
def test_a_test_demands_an_event_where_it_fails_without(line: str, *, does: bool) -> None:
    assert any(demands(node) and events_in(node) == {"rules.loaded"} for node in ast.walk(ast.parse(line))) is does
