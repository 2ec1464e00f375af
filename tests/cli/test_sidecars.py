import json
from pathlib import Path

import pytest
from PIL import Image

from conftest import put
from familiar.xmp.rdf import Packet
from support.household import Household
from support.sidecars import DIGIKAM, PLAIN


@pytest.fixture
def known(household: Household, obama: Path, meadow: Path) -> Household:
    """A household that knows a person, and has photos that were scanned without sidecars."""
    household.ask("people", "add", "Barack", obama)
    for name in ("a.jpg", "b.jpg"):
        put(obama, household.inbox, name).write_bytes(obama.read_bytes() + name.encode())
    put(meadow, household.inbox)
    (household.inbox / "b.jpg.xmp").write_bytes(PLAIN)
    household.scan()
    return household


def test_sidecars_are_planned_written_for_known_photos_and_undone_and_a_broken_one_is_told(known: Household) -> None:
    a, b = known.inbox / "a.jpg.xmp", known.inbox / "b.jpg.xmp"
    before = known.tree()
    planned = known.json("sidecars", "plan")
    assert [(one["sidecar"], one["change"], one["names"]) for one in planned] == [
        (str(a), "new", ["Barack"]),
        (str(b), "changed", ["Barack"]),
    ]
    assert known.tree() == before
    assert "1 written, 0 already there, 0 failed." in known.ask("sidecars", "write", known.inbox / "a.jpg").stdout
    once = known.tree()
    assert once.keys() - before.keys() == {"inbox/a.jpg.xmp"}
    (step,) = known.json("sidecars", "write")["operations"]
    assert (step["kind"], step["target"], step["state"]) == ("sidecar", str(b), "done")
    assert Packet(b.read_bytes()).items("dc:subject") == ["sea", "beach, and more", "Barack"]
    known.ask("undo", "--last")
    assert known.tree() == once
    b.write_bytes(b"<broken")
    result = known.ask("sidecars", "write", check=False)
    assert result.returncode == 1
    assert "not written because" in result.stdout
    assert "0 written, 1 already there, 1 failed." in result.stdout
    assert b.read_bytes() == b"<broken"


def test_what_would_not_be_written_is_not_planned(known: Household) -> None:
    a, b = known.inbox / "a.jpg.xmp", known.inbox / "b.jpg.xmp"
    a.symlink_to(known.inbox / "nowhere.xmp")
    b.chmod(0o444)
    result = known.ask("sidecars", "plan", "--json", check=False)
    assert [(one["sidecar"], one["change"], one["reason"]) for one in json.loads(result.stdout)] == [
        (str(a), "failed", f"{a}: is a link or not a regular file, and was left unchanged"),
        (str(b), "failed", f"{b}: is write-protected, and was left unchanged"),
    ]
    assert result.returncode == 1
    told = known.ask("sidecars", "write", check=False)
    assert "0 written, 0 already there, 2 failed." in told.stdout
    assert told.returncode == 1
    assert b.read_bytes() == PLAIN


def test_a_folder_that_was_never_scanned_is_looked_through_first(household: Household, obama: Path) -> None:
    household.ask("people", "add", "Barack", obama)
    photo = household.base / "elsewhere" / "a.jpg"
    photo.parent.mkdir()
    put(obama, photo.parent, photo.name)
    (planned,) = household.json("sidecars", "plan", photo.parent)
    assert (planned["photo"], planned["change"], planned["names"]) == (str(photo), "new", ["Barack"])
    assert household.json("sidecars", "read", photo.parent) == {"read": [], "failed": []}
    (step,) = household.json("sidecars", "write", photo.parent)["operations"]
    assert (step["target"], step["state"]) == (f"{photo}.xmp", "done")
    assert household.json("sidecars", "plan", photo.parent) == []
    result = household.ask("sidecars", "write", household.base / "nowhere", check=False)
    assert (result.returncode, result.stderr.endswith("no such folder or file.\n")) == (2, True)


def test_sidecars_of_others_are_read_once(known: Household, obama: Path) -> None:
    with Image.open(obama) as image:
        size = image.size
    old = b'stArea:x="0.3" stArea:y="0.5" stArea:w="0.2" stArea:h="0.25"'
    new = b'stArea:x="0.52" stArea:y="0.25" stArea:w="0.3" stArea:h="0.25"'
    sidecar = DIGIKAM.replace(old, new).replace(b'w="400"', b'w="%d"' % size[0])
    (known.inbox / "a.jpg.xmp").write_bytes(sidecar.replace(b'h="300"', b'h="%d"' % size[1]))
    (read,) = known.json("sidecars", "read")["read"]
    assert (read["confirmed"], read["left"]) == (["Käthe O'Neil"], [])
    assert "0 sidecars with confirmed faces, 0 unreadable." in known.ask("sidecars", "read").stdout
    names = {person["name"]: person["references"] for person in known.json("people", "list")}
    assert names == {"Barack": 1, "Käthe O'Neil": 1}
