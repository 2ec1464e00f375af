"""Which faces become crops, why others do not, and what the crops are called."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from familiar.errors import FamiliarError, UsageError
from familiar.library.crops.folder import CropFolder
from familiar.library.crops.manifest import MANIFEST_NAME, Unmatched, write_manifests
from familiar.library.crops.options import RecordedOptions
from familiar.library.crops.recorder import Recorder
from familiar.library.crops.reference import PersonToCrop
from familiar.library.crops.selection import CropSelection, FaceSelector
from familiar.library.recognition import Recogniser
from familiar.library.scoring import Scorer
from familiar.model import Embedding
from familiar.settings import MatchingSettings
from support.album import ANN, EVE, MODEL, Album, embedding

MATCHED = RecordedOptions(
    threshold=0.44,
    faces="matched",
    all_faces=False,
    min_size=0,
    min_sharpness=0,
    margin=0.4,
    shape="square",
    aligned=False,
    size=None,
    enlarge=True,
    format="jpg",
    quality=90,
)
WITHIN = replace(MATCHED, faces="within")
EVERY = replace(MATCHED, threshold=1, faces="every")


def sought(album: Album, name: str = "Ann") -> PersonToCrop:
    scorer = Scorer(album.store, MatchingSettings(), MODEL)
    return PersonToCrop(album.store, scorer, name, threshold=0.44, is_matched=True)


def choose(album: Album, settings: RecordedOptions, name: str = "Ann") -> CropSelection:
    Recogniser(album.store, MatchingSettings(), MODEL).rematch()
    photos = album.store.candidates.photos(MODEL)
    return FaceSelector(album.store).choose(sought(album, name), settings, photos)


def faces(found: CropSelection) -> dict[int, list[int | None]]:
    return {photo: [one.face.id for one in chosen] for photo, chosen in found.found.items()}


def test_faces_that_count_as_the_person_are_taken_and_every_other_photo_has_a_reason(album: Album) -> None:
    found = choose(album, MATCHED)
    assert faces(found) == {1: [1], 2: [2]}
    assert set(found.reasons) == {3, 4}
    assert all(reason.startswith("the nearest face has a distance of ") for reason in found.reasons.values())


def test_a_face_that_was_named_is_taken_however_far_it_is(album: Album) -> None:
    stranger = album.photo(embedding(EVE, 1))
    album.store.decisions.clusters.name(album.cluster([*stranger, 5]), "Ann", references=[])
    assert set(faces(choose(album, MATCHED))) == {1, 2, 4, 5}
    assert set(faces(choose(album, WITHIN))) == {1, 2}


def test_a_face_that_is_nearer_to_somebody_else_is_taken_only_by_its_distance(album: Album) -> None:
    found = choose(album, replace(MATCHED, threshold=3))
    assert found.reasons[3] == "the face is nearer to 'Bob'"
    assert found.reasons[4] == "the face matches no person"
    assert set(faces(choose(album, replace(WITHIN, threshold=3)))) == {1, 2, 3, 4}


def test_a_face_that_could_be_two_people_is_left_out(album: Album) -> None:
    album.register(album.photo(embedding(ANN, 7))[0], "Ann's sister")
    between: Embedding = ((embedding(ANN) + embedding(ANN, 7)) / 2).astype(np.float32)
    album.photo(between)
    found = choose(album, MATCHED)
    assert found.reasons[6] == "the face is ambiguous: a second person is equally near"


def test_a_face_that_was_refused_is_taken_with_every_other_one_but_comes_last(album: Album) -> None:
    twin, _ = album.photo(embedding(ANN, 2), embedding(EVE, 5))
    other = album.photo(embedding(ANN, 3))
    album.store.decisions.clusters.refuse(album.cluster([twin, *other]), "Ann")
    assert choose(album, WITHIN).reasons[6] == "the face was rejected as 'Ann'"
    every = choose(album, EVERY)
    assert faces(every)[5] == [twin + 1]
    assert faces(choose(album, replace(EVERY, all_faces=True)))[5] == [twin + 1, twin]
    assert faces(every)[6] == other


def test_a_photo_whose_faces_another_model_encoded_says_so(album: Album) -> None:
    album.photo(embedding(ANN, 3), model="another")
    album.photo()
    album.store.photos.set_aside("f" * 64, "damaged")
    album.photo(kind="clip")
    reasons = choose(album, MATCHED).reasons
    assert reasons[5] == "its faces were encoded with another model; `familiar run` encodes them again"
    assert reasons[6] == "no face found"
    assert reasons[7] == "set aside: damaged"
    assert 8 not in reasons


def test_a_face_that_can_not_be_aligned_is_left_out_with_the_reason(album: Album) -> None:
    found = choose(album, replace(MATCHED, aligned=True))
    assert (found.found, found.reasons[1]) == ({}, "a face with 0 landmarks can't be aligned; 5 are needed")


def test_the_threshold_of_the_person_is_their_own(album: Album) -> None:
    assert sought(album).threshold == 0.44
    album.store.decisions.people.set_threshold("Ann", 0.3)
    assert sought(album).threshold == 0.3


def names(album: Album, to: Path, *sources: Path, settings: RecordedOptions = MATCHED) -> list[str]:
    folder = CropFolder(to, sought(album), settings)
    found = choose(album, settings).found
    photos = album.store.candidates.photos(MODEL)
    return [
        crop.target.name
        for photo, source in zip(found, sources, strict=True)
        for crop in folder.plan(photos[photo], source, found[photo])
    ]


def test_photos_of_one_name_give_crops_of_different_names_and_odd_names_are_made_plain(
    album: Album, tmp_path: Path
) -> None:
    for photo in (1, 2):
        digits = f"{photo}".ljust(64, "a")
        album.store._db.conn.execute("UPDATE photos SET hash = ? WHERE id = ?", (digits, photo))
    assert names(album, tmp_path, Path("/a/x.jpg"), Path("/b/x.png")) == ["x-1aaaaaaa.jpg", "x-2aaaaaaa.jpg"]
    odd = Path(os.fsdecode(b"/a/.caf\xe9\n.jpg")), Path(f"/a/{'ü' * 126}.jpg")
    hidden, long = names(album, tmp_path, *odd)
    assert hidden == "_caf\ufffd_-1aaaaaaa.jpg"
    assert long == f"{'ü' * 100}-2aaaaaaa.jpg"


def test_a_photo_that_is_readable_again_is_no_longer_recorded_as_unreadable(album: Album, tmp_path: Path) -> None:
    folder = CropFolder(tmp_path / "to", sought(album), MATCHED)
    broken = [Unmatched(path=f"/a/{number}.jpg", hash=None, reason="can't be read") for number in (1, 2)]
    for one in broken:
        folder.leave_out(one)
    write_manifests({folder.path: folder.manifest})
    again = CropFolder(tmp_path / "to", sought(album), MATCHED)
    for one in broken:
        again.leave_out(one)
    assert again.manifest == folder.manifest
    again.leave_out(Unmatched(path="/a/1.jpg", hash="ab", reason="no face found"))
    assert [one.path for one in again.manifest.unmatched] == ["/a/2.jpg", "/a/1.jpg"]


def test_a_damaged_list_is_refused_with_its_place(album: Album, tmp_path: Path) -> None:
    write_manifests({tmp_path / "to": CropFolder(tmp_path / "to", sought(album), MATCHED).manifest})
    file = tmp_path / "to" / MANIFEST_NAME
    file.write_text(file.read_text().replace('"familiar faces 1"', '"familiar faces 9"'))
    with pytest.raises(UsageError, match=r"faces.json: is damaged or was not written by familiar \(format: Input"):
        CropFolder(tmp_path / "to", sought(album), MATCHED)


@pytest.mark.parametrize("theirs", ["notes of somebody else", "another run's"])
def test_a_list_that_somebody_else_has_written_meanwhile_is_left_as_it_is(
    album: Album, tmp_path: Path, theirs: str
) -> None:
    folder = CropFolder(tmp_path / "to", sought(album), MATCHED)
    recorder = Recorder([folder], lambda: 0.0)
    recorder.save()
    file = folder.path / MANIFEST_NAME
    if theirs == "another run's":
        other = CropFolder(folder.path, sought(album), MATCHED)
        other.leave_out(Unmatched(path="/a/2.jpg", hash=None, reason="can't be read"))
        write_manifests({folder.path: other.manifest})
        message = "faces.json: was changed by another program in the meantime, and was left unchanged"
    else:
        file.write_text(theirs)
        message = "faces.json: is damaged or was not written by familiar"
    before = file.read_bytes()
    folder.leave_out(Unmatched(path="/a/1.jpg", hash=None, reason="can't be read"))
    with pytest.raises(FamiliarError, match=message):
        recorder.save()
    assert file.read_bytes() == before
    file.unlink()
    recorder.save()
    assert file.exists()
