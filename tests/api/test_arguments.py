"""What callers pass to any call: odd paths and names are errors that name them, and nothing is done."""

from collections.abc import Callable
from pathlib import Path

import pytest

from familiar import Library
from familiar.errors import UsageError

WITH_PATHS: dict[str, Callable[[Library, str], object]] = {
    "scan": lambda library, path: library.scan(path),
    "plan": lambda library, path: library.plan(path),
    "find": lambda library, path: library.find(path),
    "collect": lambda library, path: library.collect("Joe Biden", path),
    "collect from": lambda library, path: library.collect("Joe Biden", "out", folders=path),
    "copy": lambda library, path: library.copy(path, "out"),
    "copy to": lambda library, path: library.copy(["a.jpg"], path),
    "put": lambda library, path: library.put([], path, "copy", rule="a test"),
    "crop": lambda library, path: library.crop("Joe Biden", to=path),
    "crop from": lambda library, path: library.crop("Joe Biden", to="out", folders=path),
    "crop like": lambda library, path: library.crop(to="out", reference=path),
    "scores": lambda library, path: library.scores(source=path),
    "write scores": lambda library, path: library.write_scores(path, "Joe Biden"),
    "export": lambda library, path: library.export("photos", path, format="csv"),
    "report": lambda library, path: library.report(path),
    "sidecars": lambda library, path: library.sidecars.plan(path),
    "clusters": lambda library, path: library.clusters.export(path),
    "import": lambda library, path: library.clusters.plan_import(path),
    "people": lambda library, path: library.people.add("Ann", path),
    "data set": lambda library, path: library.people.add_each(path),
    "embeddings": lambda library, path: library.people.import_embeddings("Ann", path),
    "rules": lambda library, path: library.rules.check(path),
    "disks": lambda library, path: library.disks.trust(path),
    "configuration": lambda library, path: library.config.write_examples(path),
    "open": lambda _library, path: Library.open(path),
}

WITH_NAMES: dict[str, Callable[[Library, str], object]] = {
    "find": lambda library, name: library.find("a.jpg", person=name),
    "collect": lambda library, name: library.collect(name, "out"),
    "crop": lambda library, name: library.crop(name, to="out"),
    "scores": lambda library, name: library.scores(name),
    "people": lambda library, name: library.people.find(name),
    "merge": lambda library, name: library.people.merge("Joe Biden", name),
}


@pytest.fixture(autouse=True)
def _stand_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, obama: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "a.jpg").symlink_to(obama)
    monkeypatch.chdir(folder)


@pytest.mark.parametrize("call", WITH_PATHS)
@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("", "The path is empty."),
        ("a\0b", r"'a\\x00b': no file can have this name"),
        ("~nobody-here", "no such home folder"),
    ],
)
def test_a_path_that_names_nothing_is_an_error(opened: Library, call: str, path: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        WITH_PATHS[call](opened, path)
    assert [path.name for path in Path().iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("call", WITH_NAMES)
@pytest.mark.parametrize("name", ["", "Eve", "\udcff", "a\0b"])
def test_a_name_that_nobody_has_is_an_error(opened: Library, call: str, name: str) -> None:
    with pytest.raises(UsageError):
        WITH_NAMES[call](opened, name)
    assert {person.name for person in opened.people.all()} == {"Barack Obama", "Joe Biden"}
    assert [path.name for path in Path().iterdir()] == ["a.jpg"]


def test_a_person_without_a_photo_is_an_error(opened: Library) -> None:
    with pytest.raises(UsageError, match="No photo is named that shows 'Ann'"):
        opened.people.add("Ann", [])
