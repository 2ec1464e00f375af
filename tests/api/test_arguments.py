"""What callers pass to any call: odd paths and names are errors that name them, and nothing is done."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from familiar import Library
from familiar.api.clusters import ClusterPictures, FaceClusters
from familiar.api.configuration import ConfigurationFiles
from familiar.api.disks import FolderDisks
from familiar.api.flickr import FlickrAccount, LoginAttempt
from familiar.api.models import FaceModels
from familiar.api.people import RegisteredPeople
from familiar.api.rules import PhotoRules
from familiar.api.service import Service
from familiar.api.sidecars import PhotoSidecars
from familiar.errors import UsageError
from familiar.flickr.api.credentials import Key, Login
from familiar.library.photo_scores import PhotoScores
from support.household import Household

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


PARTS = (
    Library,
    RegisteredPeople,
    FaceClusters,
    ClusterPictures,
    PhotoSidecars,
    PhotoRules,
    FlickrAccount,
    LoginAttempt,
    FaceModels,
    FolderDisks,
    ConfigurationFiles,
    PhotoScores,
    Service,
)

RIGHT: dict[str, object] = {
    "beyond": True,
    "cluster": 1,
    "distance": 0.4,
    "face": 1,
    "faces": [1],
    "file": "a.npy",
    "folder": "here",
    "image": "a.jpg",
    "into": "Joe Biden",
    "key": Key(key="k", secret="s"),
    "login": Login(token="t", secret="s", perms="read", nsid="1@N00", username="ann"),
    "name": "Ann",
    "names": ["Ann"],
    "number": "123-456",
    "other": 1,
    "out": "photos.csv",
    "people": "Ann",
    "percent": 50,
    "person": "Ann",
    "photos": ["a.jpg"],
    "rule": "a test",
    "scores": {"a.jpg": 0.5},
    "subject": "mine",
    "to": "out",
    "action": "copy",
    "table": "photos",
    "wanted": None,
}
"""What each parameter without a default can be, by its name."""

OWN_CHECKS = {"action", "format", "table", "choice", "wanted"}
"""Parameters that are checked by the call itself."""


def methods() -> Iterator[tuple[type, str, inspect.Signature]]:
    for part in PARTS:
        for name, member in vars(part).items():
            call = getattr(member, "__func__", member)
            if not name.startswith("_") and inspect.isfunction(call):
                yield part, name, inspect.signature(call)


def wrong_arguments() -> Iterator[tuple[type, str, str]]:
    for part, name, signature in methods():
        for parameter in list(signature.parameters)[1:]:
            if parameter not in OWN_CHECKS:
                yield part, name, parameter


@pytest.mark.parametrize(("part", "method", "parameter"), list(wrong_arguments()))
def test_an_argument_of_a_wrong_type_is_refused_by_each_call(part: type, method: str, parameter: str) -> None:
    member = vars(part)[method]
    call = getattr(member, "__func__", member)
    values: list[object] = [part]  # nothing is done with it
    options: dict[str, object] = {}
    for name, one in list(inspect.signature(call).parameters.items())[1:]:
        if name != parameter and (one.default is not one.empty or one.kind is one.VAR_POSITIONAL):
            continue
        value = object() if name == parameter else RIGHT[name]
        if name != parameter:  # these two mean something else elsewhere
            value = {(FaceClusters, "into"): 2, (Library, "photos"): []}.get((part, name), value)
        if one.kind is one.KEYWORD_ONLY:
            options[name] = value
        else:
            values.append(value)
    with pytest.raises(UsageError, match=f"The argument {parameter} is .*object.*; it must be "):
        call(*values, **options)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda library: library.collect("Joe Biden", "out", action=5), "The action is 5; it must be one of copy,"),
        (lambda library: library.put([], "out", None, rule="a test"), "The action is None; it must be one of copy,"),
        (lambda library: library.export(5, "a.csv"), "5 is not a table; use one of photos, faces, matches."),
        (lambda library: library.export("photos", "a.csv", format=5), "The format is 5; it must be one of csv,"),
        (lambda library: library.crop("Joe Biden", to="out", format=5), "The format is 5; it must be one of jpg,"),
        (lambda library: library.people.add("Ann", "a.jpg", choice=5), "The choice is 5; it must be one of only,"),
        (lambda library: library.clusters.apply_import("x"), "wanted is 'x'; it must be what plan_import returned."),
        (lambda library: library.history(limit=-1), "The option limit is -1; it must be at least 0."),
        (lambda library: library.clusters.log(limit=-1), "The option limit is -1; it must be at least 0."),
        (lambda library: library.clusters.suggestions(margin=-1), "The option margin is -1; it must be from 0 to 2."),
        (lambda library: library.undo(99999), "operations is 99999; it must be a list, each item a whole number"),
        (lambda library: library.undo([range(5, 1)]), "There is no operation from 5 to 1 that was done"),
        (lambda library: library.people.undo(0), "There is no event 0; `familiar undo --list` shows all events."),
        (lambda library: library.clusters.undo(2**70), f"There is no event {2**70}"),
        (lambda library: library.clusters.find(-1), "There is no cluster -1"),
        (lambda library: library.clusters.not_a_face([2**70]), f"There is no face {2**70}."),
        (lambda library: library.scores("Joe Biden").text_plot(height=0), "The option height is 0; it must be from 1"),
        (lambda library: library.scores("Joe Biden").plot("x"), "A plot can't be written as 'x'"),
    ],
)
def test_a_value_that_can_not_be_right_is_an_error(
    opened: Library, call: Callable[[Any], object], complaint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        call(opened)
    assert complaint in str(caught.value)
    assert [path.name for path in Path().iterdir()] == ["a.jpg"]


def test_the_command_says_of_an_id_what_the_call_says(own: Household) -> None:
    result = own.ask("people", "undo", "0", check=False)
    assert (result.returncode, result.stderr) == (
        2,
        "error: There is no event 0; `familiar undo --list` shows all events.\n",
    )
