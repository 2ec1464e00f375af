"""The least quality of faces, in calls on a store that was made before faces had one."""

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from conftest import put
from familiar import Library
from support.household import Household
from support.qualities import make_unrated, unrated

OBAMA = "Barack Obama"


def names(paths: Iterable[Any]) -> set[str]:
    return {Path(path).name for path in paths if path is not None}


def exported(library: Library) -> set[str]:
    stream = io.BytesIO()
    library.export("faces", stream, format="jsonl", min_quality=0.5)
    return names(json.loads(line)["path"] for line in stream.getvalue().splitlines())


CALLS: dict[str, Callable[[Library, Path], set[str]]] = {
    "find": lambda library, out: names(library.find(out / "obama.jpg", min_quality=0.5)[0].paths.values()),
    "scores": lambda library, _: names(library.scores(OBAMA, min_quality=0.5).paths),
    "write_scores": lambda library, out: names(library.write_scores(out, OBAMA, min_quality=0.5).scores),
    "export": lambda library, _: exported(library),
    "crop": lambda library, out: names(
        face.source for face in library.crop(OBAMA, to=out / "crops", min_quality=0.5).folders[0].added
    ),
    "plan": lambda library, _: names(path for path, one in library.plan().plans.items() if one.plan.operations),
    "apply": lambda library, _: names(step.target for step in library.rules.apply().steps),
}


@pytest.mark.parametrize("call", CALLS)
def test_faces_without_a_quality_are_rated_before_one_is_asked_for(
    opened: Library, own: Household, obama: Path, obama2: Path, tmp_path: Path, call: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for photo in (obama, obama2):
        put(photo, out)
    own.rule({"name": "good", "when": {"face": {"min_quality": 0.5}}, "then": [{"copy": f"{out}/copies/"}]})
    make_unrated(own, "obama2.jpg")
    found = CALLS[call](opened, out)
    assert ("obama.jpg" in found, "obama2.jpg" in found, unrated(own)) == (True, False, 0)


def test_exported_clusters_have_no_faces_that_are_rated_too_low(
    nameless: Library, grouped: Household, tmp_path: Path
) -> None:
    make_unrated(grouped, "obama2.jpg")
    exported = nameless.clusters.export(tmp_path / "faces", min_quality=0.5)
    assert (len(exported.manifest.faces), unrated(grouped)) == (4, 0)


def test_nothing_is_rated_if_no_quality_is_asked_for(opened: Library, own: Household) -> None:
    make_unrated(own, "obama2.jpg")
    assert len(opened.scores(OBAMA)) == 5
    assert unrated(own) == 6
