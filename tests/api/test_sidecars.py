"""`Library.sidecars`: names and faces in files beside the photos, written and read."""

import asyncio
from pathlib import Path

import pytest
from PIL import Image

from conftest import put
from familiar import Library
from familiar.errors import UsageError
from familiar.xmp.rdf import Packet
from support.household import Household
from support.sidecars import DIGIKAM, PLAIN


@pytest.fixture
def pictures(own: Household, obama2: Path, meadow: Path) -> Path:
    """A folder with two photos of Obama, of which one has a sidecar, and a meadow."""
    folder = own.base / "pictures"
    folder.mkdir()
    put(obama2, folder, "a.jpg")
    put(obama2, folder, "b.jpg")
    put(meadow, folder)
    (folder / "b.jpg.xmp").write_bytes(PLAIN)
    return folder


def subjects(sidecar: Path) -> list[str]:
    return Packet(sidecar.read_bytes()).items("dc:subject")


def test_a_plan_says_what_would_be_written_and_writes_nothing(own: Household, opened: Library, pictures: Path) -> None:
    before = own.tree(pictures)
    planned = opened.sidecars.plan(str(pictures))
    assert [(one.path.name, one.sidecar.name, one.change, one.names, one.reason) for one in planned] == [
        ("a.jpg", "a.jpg.xmp", "new", ("Barack Obama",), None),
        ("b.jpg", "b.jpg.xmp", "changed", ("Barack Obama",), None),
    ]
    assert own.tree(pictures) == before


def test_sidecars_are_written_once_beside_what_others_wrote_and_undo_takes_them_back(
    own: Household, opened: Library, pictures: Path
) -> None:
    before = own.tree(pictures)
    written = opened.sidecars.write([pictures])
    assert [(step.operation.kind, step.state, step.target) for step in written.steps] == [
        ("sidecar", "done", pictures / "a.jpg.xmp"),
        ("sidecar", "done", pictures / "b.jpg.xmp"),
    ]
    assert (written.failed, written.unchanged) == ((), 0)
    assert subjects(pictures / "b.jpg.xmp") == ["sea", "beach, and more", "Barack Obama"]
    again = opened.sidecars.write([pictures])
    assert (again.steps, again.failed, again.unchanged) == ((), (), 2)
    assert len(opened.undo(last=True).steps) == 2
    assert own.tree(pictures) == before


def test_a_sidecar_that_can_not_be_written_is_a_result_and_stops_no_other(opened: Library, pictures: Path) -> None:
    (pictures / "b.jpg.xmp").write_bytes(b"<broken")
    written = opened.sidecars.write(pictures)
    assert [step.target for step in written.steps] == [pictures / "a.jpg.xmp"]
    ((path, change),) = [(one.sidecar, one.change) for one in written.failed]
    assert (path, change) == (pictures / "b.jpg.xmp", "failed")
    assert written.failed[0].reason is not None
    assert (pictures / "b.jpg.xmp").read_bytes() == b"<broken"


def test_named_faces_in_sidecars_of_others_are_confirmed_once_and_that_can_be_undone(
    opened: Library, pictures: Path, astronaut: Path
) -> None:
    photo = put(astronaut, pictures)
    with Image.open(astronaut) as image:
        size = image.size
    face = opened.find(astronaut)[0].result.face.box
    middle = ((face.left + face.right) / 2 / size[0], (face.top + face.bottom) / 2 / size[1])
    area = (*middle, face.width / size[0], face.height / size[1])
    sidecar = DIGIKAM.replace(
        b'stArea:x="0.3" stArea:y="0.5" stArea:w="0.2" stArea:h="0.25"',
        b'stArea:x="%f" stArea:y="%f" stArea:w="%f" stArea:h="%f"' % area,
    ).replace(b'w="400" stDim:h="300"', b'w="%d" stDim:h="%d"' % (size[0], size[1]))
    (pictures / "astronaut.jpg.xmp").write_bytes(sidecar)
    (pictures / "a.jpg.xmp").write_bytes(b"<broken")
    readings = opened.sidecars.read(pictures)
    assert [(one.path, one.sidecar.name, one.confirmed, one.left) for one in readings.read] == [
        (photo, "astronaut.jpg.xmp", ("Käthe O'Neil",), ())
    ]
    assert [(one.path.name, one.sidecar.name) for one in readings.failed] == [("a.jpg", "a.jpg.xmp")]
    assert opened.people.find("Käthe O'Neil").references == 1
    assert opened.sidecars.read(pictures).read == ()
    opened.clusters.undo()
    assert "Käthe O'Neil" not in {person.name for person in opened.people.all()}


def test_what_is_not_there_is_an_error(opened: Library, own: Household) -> None:
    for call in (opened.sidecars.plan, opened.sidecars.write, opened.sidecars.read):
        with pytest.raises(UsageError, match="no such folder or file"):
            call(own.base / "nowhere")


def test_sidecars_are_written_where_an_event_loop_runs(opened: Library, pictures: Path) -> None:
    async def cell() -> int:
        return len(opened.sidecars.write(pictures / "a.jpg").steps)

    assert asyncio.run(cell()) == 1
