"""Imports point one way: from the command line down to the values."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "daemon" / "familiar"
LAYERS = (
    {"__main__"},
    {"cli"},
    {"review"},
    {"api"},
    {"service"},
    {"arrivals", "flickr", "folders", "jobs"},
    {"library"},
    {"sources", "vision", "effects", "store"},
    {"xmp"},
    {"identity", "rules", "plots"},
    {"settings"},
    {"albums", "companions", "yaml_models", "clip_names", "private_files"},
    {"yaml_source", "names", "file_names", "path_patterns", "tags", "state", "media"},
    {"filesystem"},
    {"logs"},
    {
        "model",
        "embedding_models",
        "errors",
        "events",
        "arithmetic",
        "backoff",
        "closing",
        "durations",
        "lines",
        "missing_parts",
        "plurals",
        "remote_state",
        "storable",
        "systemd_journal",
        "vision_options",
    },
    {"event_fields", "mean_directions", "photo_details"},
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
PURE = {"identity", "rules", "names", "file_names", "path_patterns", "clip_names", "tags", "model", "errors", "backoff"}
PURE |= {"albums", "companions", "embedding_models", "mean_directions", "photo_details", "storable"}
IMPURE = {
    "os",
    "io",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "time",
    "logging",
    "structlog",
    "random",
    "sqlite_utils",
}


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.fixture(scope="module")
def imports() -> dict[Path, set[str]]:
    """What each module imports, by its path."""
    return {path: imported(path) for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"}


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_a_module_imports_only_from_its_own_room_and_below(imports: dict[Path, set[str]]) -> None:
    wrong = []
    for module, names in imports.items():
        own = room_of(module)
        allowed = {room for room, level in LEVEL.items() if level > LEVEL[own]} | {own}
        if own == "store":
            allowed |= {"effects"}  # its journal implements their contract
        rooms = {name.split(".")[1] for name in names if name.startswith("familiar.")} & LEVEL.keys()
        wrong += [(str(module), room) for room in rooms - allowed]
    assert wrong == []


def test_there_are_no_import_cycles(imports: dict[Path, set[str]]) -> None:
    names = {"familiar." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in imports}
    graph = {path: {names[name] for name in found & names.keys()} for path, found in imports.items()}
    assert list(TopologicalSorter(graph).static_order())


def test_the_pure_rooms_touch_nothing_outside(imports: dict[Path, set[str]]) -> None:
    touched = {
        str(path): {name.split(".")[0] for name in names} & IMPURE
        for path, names in imports.items()
        if room_of(path) in PURE
    }
    assert {path: names for path, names in touched.items() if names} == {}


def test_only_the_store_speaks_sql(imports: dict[Path, set[str]]) -> None:
    speakers = {room_of(path) for path, names in imports.items() if {"sqlite3", "sqlite_utils"} & names}
    assert speakers == {"store"}


def test_the_page_on_the_architecture_has_the_layers_in_their_order(imports: dict[Path, set[str]]) -> None:
    page = (PACKAGE.parents[1] / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| \d+ \| (.*?) \|", page, flags=re.MULTILINE)
    there = {room_of(path) for path in imports}
    layers = [rooms & there for rooms in LAYERS]  # some are planned
    assert [set(re.findall(r"`(\w+)`", row)) for row in rows] == layers
    assert there == set().union(*layers)
