"""Sidecars as the daemon writes, reads and carries them."""

import asyncio
import json
import shutil
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from conftest import put
from familiar import Library
from familiar.library.pictures import PlacedFace
from familiar.store.store import Store
from familiar.xmp.document import read
from familiar.xmp.rdf import Packet
from support.household import Household
from support.sidecars import DIGIKAM, LIGHTROOM, PLAIN, turning

BOTH = {"sidecars": {"write": True, "read": True}}


def says(sidecar: Path) -> list[str]:
    return Packet(sidecar.read_bytes()).items("dc:subject")


def turned(photo: Path, target: Path) -> Path:
    """Store a photo on its side, with the orientation that makes it upright."""
    with Image.open(photo) as image:
        exif = Image.Exif()
        exif[0x0112] = 6
        image.convert("RGB").transpose(Image.Transpose.ROTATE_90).save(target, exif=exif, quality=92)
    return target


def drawn(name: str, sidecar: bytes, area: tuple[float, float, float, float], size: tuple[int, int]) -> bytes:
    """Return digiKam's sidecar with another name and place."""
    sides = (f'stArea:{side}="{share}"' for side, share in zip("xywh", area, strict=True))
    text = sidecar.decode().replace("Käthe O'Neil", name).replace('w="400"', f'w="{size[0]}"')
    old = 'stArea:x="0.3" stArea:y="0.5" stArea:w="0.2" stArea:h="0.25"'
    return text.replace('h="300"', f'h="{size[1]}"').replace(old, " ".join(sides)).encode()


def test_names_and_faces_are_written_kept_true_and_undone(
    household: Household, obama: Path, obama2: Path, biden: Path
) -> None:
    household.configure({"sidecars": {"write": True}})
    household.ask("people", "add", "Barack Obama", obama)
    photo = turned(obama2, household.inbox / "a.jpg")
    theirs = put(obama, household.inbox, "b.jpg").with_name("b.jpg.xmp")
    theirs.write_bytes(PLAIN)
    put(biden, household.inbox, "c.jpg")
    before = household.tree(household.inbox)
    household.scan()
    written = photo.with_name("a.jpg.xmp")
    assert not (household.inbox / "c.jpg.xmp").exists()
    assert says(written) == ["Barack Obama"]
    assert says(theirs) == ["sea", "beach, and more", "Barack Obama"]
    found = read(written.read_bytes())
    with Image.open(photo) as image:
        assert found.size == image.size
    (region,) = found.regions
    assert 0.25 < region.area.x < 0.45  # the face is above the middle of the upright picture, so left of it here
    assert 0.4 < region.area.y < 0.6
    with Store(household.state / "familiar.db") as store:
        looks = written.stat()
        assert store.sidecars.looks(written) == (looks.st_size, looks.st_mtime_ns)
        assert store.sidecars.wrote(written) == store.sidecars.wanted(written)
    once = household.tree(household.inbox)
    assert "operation.done" not in [event["event"] for event in household.scan()]
    assert household.tree(household.inbox) == once

    household.ask("people", "rename", "Barack Obama", "Barack")
    household.scan()
    assert says(written) == ["Barack"]
    assert says(theirs) == ["sea", "beach, and more", "Barack"]
    household.ask("undo", "--since", "1h")
    assert household.tree(household.inbox) == before
    household.scan()
    assert household.tree(household.inbox) == before


def test_faces_that_others_named_are_confirmed_and_what_familiar_wrote_is_not(
    household: Household, obama: Path, obama2: Path, biden: Path
) -> None:
    household.configure(BOTH)
    put(obama, household.inbox, "a.jpg")
    put(biden, household.inbox, "b.jpg")
    (household.inbox / "b.jpg.xmp").write_bytes(b"<broken")
    with Image.open(obama) as image:
        size = image.size
    face = (0.52, 0.25, 0.3, 0.25)
    (household.inbox / "a.xmp").write_bytes(drawn("Barack", DIGIKAM, face, size))
    events = household.scan()
    (told,) = [event for event in events if event["event"] == "sidecar.read"]
    assert (told["confirmed"], told["left"]) == (["Barack"], [])
    (failed,) = [event for event in events if event["event"] == "sidecar.failed"]
    assert failed["reason"].startswith("it is not readable XML")
    assert (household.inbox / "b.jpg.xmp").read_bytes() == b"<broken"
    assert [person["references"] for person in household.json("people", "list")] == [1]
    assert [region.ours for region in read((household.inbox / "a.xmp").read_bytes()).regions] == [False]

    # A photo that is recognised by that gets a sidecar, which is no word of a person.
    put(obama2, household.inbox, "c.jpg")
    household.scan()
    ours = household.inbox / "c.jpg.xmp"
    assert [region.ours for region in read(ours.read_bytes()).regions] == [True]
    ours.write_bytes(ours.read_bytes().replace(b"familiar:wrote", b"familiar:other") + b"\n")
    assert "sidecar.read" not in [event["event"] for event in household.scan()]
    assert [event["kind"] for event in household.json("clusters", "log")] == ["confirm"]

    # It can be undone, and is not confirmed again by the same word.
    household.ask("clusters", "undo")
    assert household.json("people", "list") == []
    (household.inbox / "a.xmp").write_bytes(drawn("Barack", DIGIKAM, face, size) + b"\n")
    household.scan()
    assert household.json("people", "list") == []
    assert ours.exists()
    assert says(ours) == []


def test_a_photo_without_a_date_has_that_of_its_sidecar(household: Household, obama: Path) -> None:
    household.configure({"sidecars": {"read": True}})
    household.rule({"name": "r", "then": [{"copy": f"{household.out}/{{taken:%Y|undated}}/"}]})
    with Image.open(obama) as image:
        image.convert("RGB").save(household.inbox / "a.jpg")
    dated = DIGIKAM.replace(b'xmp:Rating="4"', b'xmp:Rating="4" xmp:CreateDate="1987-05-06T07:08:09Z"')
    (household.inbox / "a.jpg.xmp").write_bytes(dated)
    household.scan()
    (photo,) = [json.loads(line) for line in household.ask("export", "photos", "--format", "jsonl").stdout.splitlines()]
    assert (photo["taken"], photo["taken_source"]) == ("1987-05-06T07:08:09", "sidecar")
    assert (household.out / "1987/a.jpg").exists()


def test_a_region_that_somebody_renamed_stays_theirs_when_its_reading_is_undone(
    household: Household, obama: Path, obama2: Path
) -> None:
    household.configure(BOTH)
    household.ask("people", "add", "Barack", obama)
    put(obama2, household.inbox, "a.jpg")
    household.scan()
    sidecar = household.inbox / "a.jpg.xmp"
    renamed = sidecar.read_bytes().replace(b"<mwg-rs:Name>Barack<", b"<mwg-rs:Name>Uncle Bob<")
    sidecar.write_bytes(renamed)
    household.scan()
    assert says(sidecar) == ["Uncle Bob"]
    household.ask("clusters", "undo")
    household.scan()
    (region,) = read(sidecar.read_bytes()).regions
    assert (region.name, region.ours) == ("Uncle Bob", False)
    assert says(sidecar) == []


def test_a_sidecar_that_comes_later_is_read_by_the_daemon(household: Household, obama: Path) -> None:
    household.configure({"sidecars": {"read": True}})
    put(obama, household.inbox, "a.jpg")
    with Image.open(obama) as image:
        size = image.size
    with household.running() as daemon:
        daemon.wait_for("photo.recognised")
        sidecar = household.inbox / "a.jpg.xmp"
        sidecar.write_bytes(drawn("Barack", DIGIKAM, (0.52, 0.25, 0.3, 0.25), size))
        assert daemon.wait_for("sidecar.read")["confirmed"] == ["Barack"]
        sidecar.write_bytes(drawn("Nobody", DIGIKAM, (0.05, 0.05, 0.05, 0.05), size))
        left = daemon.wait_for("sidecar.read", confirmed=[])["left"]
        assert left == ["Nobody: no face found in that area"]
        sidecar.write_bytes(drawn("Eve", DIGIKAM, (0.52, 0.25, 0.3, 0.25), size))
        left = daemon.wait_for("sidecar.read", confirmed=[], count=2)["left"]
        assert left == ["Eve: it is known to be 'Barack'"]
        sidecar.write_bytes(drawn("Eve", DIGIKAM, (0.52, 0.25, 0.3, 0.25), (size[0] * 2, size[1])))
        left = daemon.wait_for("sidecar.read", confirmed=[], count=3)["left"]
        assert left == ["1 face area for a picture of another shape"]


def test_sidecars_go_where_their_photos_go_and_come_back_with_them(household: Household, obama: Path) -> None:
    household.rule(
        {"name": "r", "when": {"faces": {"min": 1}}, "then": [{"copy": "~/out/copy/"}, {"move": "~/out/moved/"}]}
    )
    put(obama, household.inbox, "a.jpg")
    for name, sidecar in (("a.jpg.xmp", DIGIKAM), ("a.xmp", LIGHTROOM)):
        (household.inbox / name).write_bytes(sidecar)
    taken = household.out / "moved" / "a.jpg"
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"another")
    before = household.tree()
    household.scan()
    assert sorted(household.tree()) == [
        "out/copy/a.jpg", "out/moved/a (2).jpg", "out/moved/a (2).jpg.xmp", "out/moved/a (2).xmp", "out/moved/a.jpg",
    ]  # fmt: skip
    assert (household.out / "moved/a (2).jpg.xmp").read_bytes() == DIGIKAM
    assert (household.out / "moved/a (2).xmp").read_bytes() == LIGHTROOM
    household.ask("undo", "--last")
    assert household.tree() == before


def test_where_sidecars_are_heeded_a_copy_has_one_too_and_each_is_kept_true(household: Household, obama: Path) -> None:
    household.configure({"sidecars": {"write": True}})
    household.rule({"name": "r", "when": {"person": "Barack"}, "then": [{"copy": "~/out/"}]})
    household.ask("people", "add", "Barack", shutil.copy(obama, household.base / "me.jpg"))
    put(obama, household.inbox, "a.jpg")
    (household.inbox / "a.jpg.xmp").write_bytes(PLAIN)
    household.scan()
    for sidecar in (household.inbox / "a.jpg.xmp", household.out / "a.jpg.xmp"):
        assert says(sidecar) == ["sea", "beach, and more", "Barack"]
    household.ask("undo", "--since", "1h")
    assert household.tree(household.inbox)["inbox/a.jpg.xmp"] == PLAIN
    assert not list(household.out.iterdir())


def on_its_side(photo: Path, target: Path) -> Path:
    """Store a photo on its side, and do not say so."""
    with Image.open(photo) as image:
        image.convert("RGB").transpose(Image.Transpose.ROTATE_90).save(target, quality=95)
    return target


def upright_difference(one: Path, other: Path) -> float:
    with Image.open(one) as left, Image.open(other) as right:
        return float(max(ImageStat.Stat(ImageChops.difference(left.convert("RGB"), right.convert("RGB"))).mean))


def test_a_photo_that_its_sidecar_alone_turns_is_seen_cropped_and_described_as_it_is_meant(
    household: Household, obama: Path, obama2: Path
) -> None:
    household.configure(BOTH)
    household.ask("people", "add", "Barack Obama", obama)
    crop = {"crop": {"to": f"{household.out}/", "size": 64, "format": "png"}}
    household.rule({"name": "faces", "when": {"person": "Barack Obama"}, "then": [crop]})
    put(obama2, household.inbox, "plain.jpg")
    photo = on_its_side(obama2, household.inbox / "aside.jpg")
    sidecar = photo.with_name("aside.jpg.xmp")
    sidecar.write_bytes(turning(6))
    events = household.scan()
    assert "photo.turned" not in [event["event"] for event in events]
    assert upright_difference(household.out / "plain.png", household.out / "aside.png") < 12
    described = read(sidecar.read_bytes())
    with Image.open(photo) as image:
        assert described.size == image.size
    (region,) = described.regions
    assert 0.25 < region.area.x < 0.45  # the face is above the middle of the upright picture, so left of it here
    assert 0.4 < region.area.y < 0.6
    assert b'tiff:Orientation="6"' in sidecar.read_bytes()
    assert "sidecar.read" not in [event["event"] for event in household.scan()]


def test_a_sidecar_that_turns_a_photo_otherwise_has_it_looked_at_again_and_nothing_is_lost(
    household: Household, obama: Path
) -> None:
    household.configure({"sidecars": {"read": True}})
    photo = on_its_side(obama, household.inbox / "a.jpg")
    sidecar = photo.with_name("a.jpg.xmp")
    sidecar.write_bytes(turning(1))
    household.scan()
    assert household.json("status")["photos"]["faces"] == 0
    sidecar.write_bytes(turning(6))
    (told,) = [event for event in household.scan() if event["event"] == "photo.turned"]
    assert (told["orientation"], told["faces"]) == (6, 1)
    with Store(household.state / "familiar.db") as store:
        (face,) = store.photos.load(1).faces
        assert face.id is not None
        _, cluster = store.decisions.faces.gather([face.id])
        store.decisions.clusters.name(cluster, "Barack Obama", references=[face.id])
    for orientation in (8, 1, 6):
        sidecar.write_bytes(turning(orientation) + b"\n" * orientation)
        assert "photo.turned" in [event["event"] for event in household.scan()]
        with Store(household.state / "familiar.db") as store:
            assert [one.id for one in store.photos.load(1).faces] == [face.id]
    assert [(one["name"], one["faces"]) for one in household.json("people", "list")] == [("Barack Obama", 1)]


def test_a_daemon_looks_again_at_a_photo_whose_sidecar_comes_later(household: Household, obama: Path) -> None:
    household.configure({"sidecars": {"read": True}})
    household.ask("people", "add", "Barack Obama", obama)
    photo = on_its_side(obama, household.inbox / "a.jpg")
    with household.running() as daemon:
        daemon.wait_for("photo.seen", path=str(photo))
        daemon.wait_for("file.pending", path=str(photo))
        photo.with_name("a.jpg.xmp").write_bytes(turning(6))
        daemon.wait_for("photo.turned", path=str(photo), orientation=6)
    assert [(one["name"], one["faces"]) for one in household.json("people", "list")] == [("Barack Obama", 2)]


def test_sidecars_that_are_read_on_request_turn_photos_too(household: Household, obama: Path) -> None:
    photo = on_its_side(obama, household.inbox / "a.jpg")
    photo.with_name("a.jpg.xmp").write_bytes(turning(6))
    household.scan()
    assert household.json("status")["photos"]["faces"] == 0
    household.ask("people", "add", "Barack Obama", obama)
    household.ask("sidecars", "read", household.inbox)
    assert [(one["name"], one["faces"]) for one in household.json("people", "list")] == [("Barack Obama", 2)]


def test_a_turned_photo_is_shown_as_it_is_meant_with_its_faces(household: Household, obama2: Path) -> None:
    household.configure({"sidecars": {"read": True}})
    photo = on_its_side(obama2, household.inbox / "a.jpg")
    photo.with_name("a.jpg.xmp").write_bytes(turning(6))
    plain = put(obama2, household.inbox, "b.jpg")
    household.scan()
    with household.library() as library:
        (turned_face, face) = library.faces.place([1, 2])
        shown, meant = library.faces.photo_of(turned_face.id), library.faces.photo_of(face.id)
        assert (shown.photo.width, shown.photo.height) == (meant.photo.width, meant.photo.height)
        assert [abs(shown.faces[0].box.left - meant.faces[0].box.left) < 9, shown.faces[0].box.width > 30] == [True] * 2
        pictures = asyncio.run(_pictures(library, turned_face, face))
    for number, picture in enumerate(pictures):
        (household.base / f"{number}.webp").write_bytes(picture or b"")
    assert plain.exists()
    assert upright_difference(household.base / "0.webp", household.base / "1.webp") < 12
    assert upright_difference(household.base / "2.webp", household.base / "3.webp") < 12


async def _pictures(library: Library, one: PlacedFace, other: PlacedFace) -> list[bytes | None]:
    cutter = library.faces.cutter()
    try:
        faces = [await cutter.cut(face, size=64) for face in (one, other)]
        return [*faces, *[await cutter.show(face.photo, size=200) for face in (one, other)]]
    finally:
        cutter.close()
