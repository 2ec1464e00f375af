"""Photos in the order of their dates, and faces that were missed."""

from pathlib import Path

import pytest

from familiar import Library
from familiar.errors import ChangedError, GoneError, StaleError, UsageError
from familiar.model import Box
from familiar.store.views.photo_filters import PhotoFilter
from familiar.store.views.timeline import TimelinePlace
from support.household import Household
from support.videos import write_video


@pytest.fixture
def far(own: Household, tmp_path: Path, astronaut: Path) -> Path:
    """A photo of an astronaut who is too far away to be found: at (1580, 1230) to (1640, 1300)."""
    from PIL import Image  # noqa: PLC0415

    folder = tmp_path / "far"
    folder.mkdir()
    with Image.open(astronaut) as image:
        canvas = Image.new("RGB", (3200, 2400), (120, 130, 140))
        canvas.paste(image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS), (1500, 1200))
        canvas.save(folder / "far.png")
    return folder / "far.png"


@pytest.fixture
def known(own: Household, far: Path) -> int:
    """The id of that photo, in which nobody was found."""
    own.configure({"folders": [str(far.parent)]})
    own.scan()
    with own.library() as library:
        (photo,) = library.photos.part("", wanted=PhotoFilter(folder=far.parent))
        assert library.photos.find(photo.id).faces == ()
    return photo.id


BOX = Box(left=1570, top=1220, right=1650, bottom=1310)


def test_months_and_their_photos_are_found_by_place(opened: Library) -> None:
    months = opened.photos.months()
    assert sum(month.photos for month in months) == 6
    places = opened.photos.places(months[0].month, every=2)
    found = [photo for place in places for photo in opened.photos.part(months[0].month, start=place, most=2)]
    assert found == opened.photos.part(months[0].month)
    with pytest.raises(UsageError, match=r"year is 0; it must be from 1 to 9999"):
        opened.photos.months(PhotoFilter(year=0))
    with pytest.raises(UsageError, match=r"which is 'none'; it must be one of all, any, only"):
        opened.photos.months(PhotoFilter(which="none"))  # type: ignore[arg-type]


def test_a_missed_face_is_added_matched_named_and_survives_another_model(own: Household, known: int, far: Path) -> None:
    with own.library() as library:
        before = library.photos.find(known)
        added = library.photos.add_face(known, BOX)
        (face,) = library.photos.find(known).faces
        assert (face.id, face.name) == (added.face, None)
        assert BOX.left < face.box.left < face.box.right < BOX.right
        with pytest.raises(StaleError):
            library.photos.check_seen({known: before.version})
        with pytest.raises(UsageError, match="This face is known already: it has no name yet"):
            library.photos.add_face(known, BOX)
        library.people.confirm("Eileen Collins", [added.face])
        with pytest.raises(UsageError, match="can't be undone yet: event"):
            library.undo_decision(added.event.id)
        library.models.use("dlib")
    with own.library() as library:
        (again,) = library.photos.find(known).faces
        assert (again.id, again.box, again.name) == (face.id, face.box, "Eileen Collins")
        assert library.status().outdated_faces == 0


def test_a_missed_face_is_added_to_a_frame_of_a_video_and_survives_another_model(own: Household, far: Path) -> None:
    clips = far.parent / "clips"
    clips.mkdir()
    write_video(clips / "far.mp4", [(None, 1), (far, 1)], size=(1600, 1200))  # the face is half as large there
    own.configure({"folders": [str(clips)]})
    own.scan()
    with own.library() as library:
        (video,) = library.photos.part("", wanted=PhotoFilter(kind="video"))
        box = Box(left=785, top=610, right=825, bottom=655)
        with pytest.raises(UsageError, match="No face can be aligned in this box"):
            library.photos.add_face(video.id, box)  # the first frame is black
        added = library.photos.add_face(video.id, box, time=1.75)  # at which a player shows that of 1.6 s
        (face,) = library.photos.find(video.id).faces
        assert (face.id, face.time) == (added.face, 1.6)
        assert box.left < face.box.left < face.box.right < box.right
        library.models.use("dlib")
    with own.library() as library:
        assert library.photos.find(video.id).faces == (face,)
        assert library.status().outdated_faces == 0
        library.undo_decision(added.event.id)
        assert library.photos.find(video.id).faces == ()


def test_an_added_face_is_undone_and_its_number_is_not_given_again(own: Household, known: int) -> None:
    with own.library() as library:
        added = library.photos.add_face(known, BOX)
        library.undo_decision(added.event.id)
        assert library.photos.find(known).faces == ()
        assert library.status().photos["faces"] == 6
        again = library.photos.add_face(known, BOX)
        assert again.face == added.face  # the same face
        library.clusters.not_a_face([again.face])
        assert library.photos.find(known).faces == ()
        library.photos.add_face(known, BOX)
        assert [face.id for face in library.photos.find(known).faces] == [added.face]


def test_a_box_without_a_face_or_outside_of_the_photo_is_refused(own: Household, known: int, far: Path) -> None:
    with own.library() as library:
        with pytest.raises(UsageError, match="No face can be aligned in this box: eyes, nose and mouth"):
            library.photos.add_face(known, Box(left=100, top=100, right=300, bottom=300))
        with pytest.raises(UsageError, match=r"must be inside of the photo, which has 3200 × 2400 pixels"):
            library.photos.add_face(known, Box(left=3100, top=100, right=3300, bottom=300))
        with pytest.raises(UsageError, match="The box has 5 × 90 pixels; a face needs 16 × 16"):
            library.photos.add_face(known, Box(left=0, top=0, right=5, bottom=90))
        with pytest.raises(UsageError, match="There is no photo 999"):
            library.photos.add_face(999, BOX)
        assert library.history(limit=1)[0].what != "a face that was not found was added to a photo"
        far.write_bytes(far.read_bytes() + b"\0")
        with pytest.raises(ChangedError):
            library.photos.add_face(known, BOX)
        far.unlink()
        with pytest.raises(GoneError):
            library.photos.add_face(known, BOX)
        assert library.photos.find(known).faces == ()


def test_photos_are_found_by_their_faces(opened: Library) -> None:
    shown = opened.photos.of_face(1)
    assert opened.photos.find(shown.photo.id) == shown
    assert [place.root is None for place in shown.places] == [False]
    with pytest.raises(UsageError, match="There is no face 999"):
        opened.photos.of_face(999)
    assert opened.photos.place([shown.photo.id, 999])[0].paths == (shown.places[0].path,)
    assert TimelinePlace.parse(str(opened.photos.part("")[0].place)) == opened.photos.part("")[0].place
