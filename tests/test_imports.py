"""Imports point one way: from the command line down to the values."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "daemon" / "familiar"
LAYERS = (
    {"cli", "review"},
    {"service"},
    {"sources", "vision", "effects", "flickr", "store"},
    {"identity", "rules"},
    {"settings"},
    {"yaml_source"},
    {"model", "errors", "logs"},
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
PURE = {"identity", "rules", "model", "errors"}
IMPURE = {"os", "io", "shutil", "socket", "sqlite3", "subprocess", "time", "logging", "structlog", "random", "sqlite_utils"}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(module: Path) -> set[str]:
    return {name.split(".")[1] for name in imported(module) if name.startswith("familiar.")}


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_room_and_below(module: Path) -> None:
    own = room_of(module)
    allowed = {room for room, level in LEVEL.items() if level > LEVEL[own]} | {own}
    if own == "store":
        allowed |= {"effects"}  # the journal implements the contract of the effects
    assert imported_rooms(module) <= allowed


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_two_modules_import_each_other(module: Path) -> None:
    graph = {path: imported(path) for path in modules()}
    names = {path: "familiar." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in graph}
    reached, rest = set[Path](), [module]
    while rest:
        current = rest.pop()
        for other in graph:
            if names[other] in graph[current] and other not in reached:
                reached.add(other)
                rest.append(other)
    assert module not in reached


@pytest.mark.parametrize(
    "module", [path for path in modules() if room_of(path) in PURE], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_the_pure_rooms_touch_nothing_outside(module: Path) -> None:
    assert not {name.split(".")[0] for name in imported(module)} & IMPURE


def test_only_the_store_speaks_sql() -> None:
    speakers = {room_of(path) for path in modules() if {"sqlite3", "sqlite_utils"} & imported(path)}
    assert speakers == {"store"}
