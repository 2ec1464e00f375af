"""familiar models: what there is, and a change from one to another and back."""

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlite_utils import Database

from conftest import put
from familiar.embedding_models import DLIB, DLIB_PLAIN, SFACE
from familiar.store.store import STORE_NAME, Store
from support.household import Household

KNOWN = "the models are 'sface', 'dlib', 'dlib-plain'; your own comes with vision.model: own"
REMEDY = "Remove that line, and run this again to use dlib-plain."


def rows(household: Household, query: str) -> list[tuple[Any, ...]]:
    with closing(Database(household.state / STORE_NAME)) as db:
        return db.execute(query).fetchall()


def counts(household: Household) -> dict[str, tuple[bool, int, int, int]]:
    return {
        one["name"]: (one["in_use"], one["faces"], one["kept_faces"], one["references"])
        for one in household.json("models", "list")
    }


def matches(household: Household) -> list[tuple[Any, ...]]:
    return rows(
        household,
        "SELECT face_id, name, accepted FROM matches JOIN people ON people.id = person_id ORDER BY face_id",
    )


@pytest.fixture
def album(household: Household, obama: Path, obama2: Path, biden: Path, couple: Path) -> Household:
    """A household with five faces in four photos, encoded by dlib, that knows Obama."""
    household.configure({"vision": {"workers": 1, "model": "dlib"}})
    for photo in (obama, obama2, biden, couple):
        put(photo, household.inbox)
    household.scan()
    household.ask("people", "add", "Barack Obama", household.inbox / "obama.jpg")
    household.configure({})
    return household


def test_a_store_keeps_the_model_that_it_began_with(album: Household) -> None:
    assert counts(album)["dlib"] == (True, 5, 0, 1)
    assert counts(album)["dlib-plain"] == (False, 0, 0, 0)
    listed = {one["name"]: one for one in album.json("models", "list")}
    assert (listed["sface"]["licence"], listed["sface"]["dimension"], listed["sface"]["in_use"]) == (
        "Apache-2.0",
        128,
        False,
    )
    shown = album.ask("models", "list").stdout
    assert "\ndlib: dlib's network, the mean of a face and of its mirror image\n" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_dry_run_says_what_there_is_to_do_and_changes_nothing(album: Household) -> None:
    (album.inbox / "biden.jpg").unlink()
    before = album.state.joinpath(STORE_NAME).read_bytes()
    plan = album.json("models", "use", "dlib-plain", "--dry-run")
    assert plan.pop("seconds") > 0
    assert plan == {
        "model": "dlib-plain",
        "faces": 5,
        "photos": 4,
        "unreadable": 1,
        "kept_faces": 0,
        "references_left": 0,
        "sample": 3,
    }
    told = album.ask("models", "use", "dlib-plain", "--dry-run").stdout
    assert told.startswith("To be encoded by dlib-plain: 5 faces in 4 photos.\nIt takes about ")
    assert "1 photo can't be read now" in told
    assert told.endswith("Nothing was changed.\n")
    assert counts(album)["dlib"] == (True, 5, 0, 1)
    assert album.state.joinpath(STORE_NAME).read_bytes() == before


def test_names_stay_when_another_model_is_used_and_going_back_reads_no_photo(album: Household) -> None:
    before, embeddings = matches(album), rows(album, "SELECT id, embedding FROM faces ORDER BY id")
    assert album.json("models", "use", "dlib-plain") == {
        "model": "dlib-plain",
        "daemon": None,
        "photos": 4,
        "restored": 0,
        "left": 0,
        "references_left": 0,
    }
    assert counts(album)["dlib-plain"] == (True, 5, 0, 1)
    assert album.json("models", "use", "DLIB-Plain")["model"] == "dlib-plain"
    assert counts(album)["dlib"] == (False, 0, 5, 0)
    assert matches(album) == before
    shutil.rmtree(album.inbox)
    album.inbox.mkdir()
    told = album.ask("models", "use", "dlib").stdout
    assert told == "dlib is the model in use. Encoded: the faces of 0 photos; 5 faces had been before.\n"
    assert rows(album, "SELECT id, embedding FROM faces ORDER BY id") == embeddings
    assert rows(album, "SELECT DISTINCT engine FROM face_references") == [(DLIB.id,)]
    assert matches(album) == before


def test_faces_whose_photos_are_gone_keep_their_names_and_are_encoded_when_the_photos_are_back(
    album: Household,
) -> None:
    before = matches(album)
    photo = album.inbox / "couple.jpg"
    photo.rename(album.base / "away.jpg")
    told = album.ask("models", "use", "dlib-plain").stdout
    assert "1 photo can't be read now. Those faces keep their names" in told
    assert rows(album, "SELECT engine, count(*) FROM faces GROUP BY engine") == [
        (DLIB_PLAIN.id, 3),
        (DLIB.id, 2),
    ]
    assert matches(album) == before
    (album.base / "away.jpg").rename(photo)
    assert album.json("models", "use", "dlib-plain")["photos"] == 1
    assert counts(album)["dlib-plain"] == (True, 5, 0, 1)
    assert matches(album) == before


def test_a_daemon_that_runs_takes_up_the_model_and_encodes_in_the_background(album: Household) -> None:
    before = matches(album)
    with album.running() as daemon:
        daemon.wait_for("service.ready")
        change = album.json("models", "use", "dlib-plain")
        assert change["daemon"] == daemon.process.pid
        assert daemon.wait_for("model.renewed")["photos"] == 3
        assert counts(album)["dlib-plain"] == (True, 5, 0, 1)
        told = album.ask("models", "use", "dlib").stdout
        assert told.startswith(f"dlib is the model in use. The daemon (pid {daemon.process.pid}) encodes the faces")
        assert daemon.wait_for("model.renewed", restored=4, photos=0)["left"] == 0
    assert counts(album)["dlib"] == (True, 5, 0, 1)
    assert matches(album) == before


def test_settings_that_ask_for_a_model_are_named_where_another_one_is_to_be_used(album: Household) -> None:
    album.configure({"vision": {"model": "dlib"}})
    for arguments in (("use", "dlib-plain"), ("use", "dlib-plain", "--dry-run")):
        result = album.ask("models", *arguments, check=False)
        assert (result.returncode, result.stderr) == (
            2,
            f"error: {album.config}: vision.model is dlib, which asks for the model dlib. {REMEDY}\n",
        )
    assert album.json("models", "use", "dlib")["photos"] == 0
    album.configure({"vision": {"mirror": True}})
    result = album.ask("models", "use", "dlib-plain", check=False)
    assert "vision.mirror is true, which asks for the model dlib." in result.stderr


def test_what_is_no_model_and_a_library_without_a_store_are_refused(household: Household) -> None:
    result = household.ask("models", "use", "arcface", check=False)
    assert (result.returncode, result.stderr) == (
        2,
        f"error: There is no model 'arcface'; {KNOWN}.\n",
    )
    result = household.ask("models", "use", "dlib", check=False)
    assert "no store exists" in result.stderr
    assert [one["faces"] for one in household.json("models", "list")] == [0, 0, 0]


def test_a_model_that_is_not_known_here_is_told_with_what_to_do(album: Household) -> None:
    with closing(Database(album.state / STORE_NAME)) as db:
        db.execute("UPDATE faces SET engine = 'mine'")
        db.execute("UPDATE facts SET value = 'mine' WHERE name = 'model'")
        db.conn.commit()
    result = album.ask("people", "export", "Barack Obama", album.base / "x.npy", check=False)
    assert result.returncode == 2
    assert result.stderr.startswith(
        "error: The faces in the store were encoded by the model 'mine', which is not known"
    )
    listed = album.json("models", "list")[-1]
    assert (listed["name"], listed["faces"], listed["licence"], listed["in_use"]) == ("mine", 5, None, True)


@pytest.fixture
def foreigner(album: Household) -> Household:
    """The album, where dlib-plain is in use, and Biden is known by embeddings of dlib alone."""
    file = album.base / "biden.npy"
    with closing(Database(album.state / STORE_NAME)) as db:
        (blob,) = db.execute(
            "SELECT embedding FROM faces JOIN files USING (photo_id) WHERE files.name = ?", (b"biden.jpg",)
        ).fetchone()
    np.save(file, np.frombuffer(blob, "<f4"))
    album.ask("models", "use", "dlib-plain")
    with closing(Database(album.state / STORE_NAME)) as db:
        db.execute("DELETE FROM face_embeddings")
        db.conn.commit()
    imported = album.json("people", "import", "Joe Biden", file, "--model", "dlib")
    assert (imported["model"], imported["registered"]) == ("dlib", 1)
    return album


def test_faces_are_scored_by_the_model_of_the_persons_references_which_encodes_them_once(foreigner: Household) -> None:
    written = foreigner.json("scores", "write", foreigner.inbox, "--person", "Joe Biden")
    scores = {Path(one["path"]).name: one["score"] for one in written["photos"]}
    assert scores["biden.jpg"] == pytest.approx(1.0)
    assert max(scores["obama.jpg"], scores["obama2.jpg"]) < 1 / (1 + 0.44) < scores["couple.jpg"]
    assert counts(foreigner)["dlib"] == (False, 0, 5, 1)
    shutil.rmtree(foreigner.inbox)
    told = foreigner.json("scores", "stats", "--person", "Joe Biden")
    assert told["maximum"] == pytest.approx(1.0)


def test_an_image_is_compared_with_a_person_of_another_model(foreigner: Household, biden: Path) -> None:
    image = foreigner.base / "image.jpg"
    image.write_bytes(biden.read_bytes() + b"\0")  # not one of the known photos
    (face,) = foreigner.json("find", image)["faces"]
    assert face["person"] is None  # matching knows the model in use alone
    assert [(one["name"], one["distance"] < 0.01) for one in face["people"]] == [("Joe Biden", True)]
    (face,) = foreigner.json("find", foreigner.inbox / "biden.jpg")["faces"]
    assert [(one["name"], one["distance"]) for one in face["people"]] == [("Joe Biden", pytest.approx(0, abs=1e-4))]
    assert counts(foreigner)["dlib"] == (False, 0, 1, 1)  # a known photo is encoded once
    (face,) = foreigner.json("find", image, "--person", "Joe Biden")["faces"]
    assert [Path(photo["path"]).name for photo in face["photos"]] == ["biden.jpg", "couple.jpg"]


def test_faces_of_a_person_of_another_model_are_cropped(foreigner: Household) -> None:
    to = foreigner.base / "crops"
    (folder,) = foreigner.json("crop", foreigner.inbox, "--person", "Joe Biden", "--to", to)["folders"]
    assert sorted(Path(face["source"]).name for face in folder["added"]) == ["biden.jpg", "couple.jpg"]
    assert {face["engine"] for face in folder["added"]} == {DLIB.id}


def test_references_are_exported_as_another_model_has_them(foreigner: Household) -> None:
    file = foreigner.base / "obama.npz"
    told = foreigner.json("people", "export", "Barack Obama", file, "--all", "--model", "dlib")
    assert (told["model"], told["model_id"], told["shape"]) == ("dlib", DLIB.id, [1, 128])
    with np.load(file) as arrays:
        assert str(arrays["model"]) == DLIB.id
        distance = np.linalg.norm(arrays["embeddings"][0] - embedding_in_use(foreigner, b"obama.jpg"))
    assert 0.01 < distance < 0.2
    again = foreigner.json("people", "import", "B. O.", file)
    assert (again["model"], again["registered"]) == ("dlib", 1)
    result = foreigner.ask("people", "export", "Joe Biden", foreigner.base / "x.npy", check=False)
    assert result.stderr == (
        "error: 'Joe Biden' has no reference of the model dlib-plain to export; there are: 1 of dlib.\n"
    )


@pytest.fixture
def halfway(album: Household) -> Household:
    """A household in which a change to SFace was killed before it encoded a face, with references of two models."""
    for name in ("dlib-plain", "dlib"):
        album.ask("models", "use", name)
    with Store(album.state / STORE_NAME) as store:
        store.models.use(SFACE.id)
    return album


def test_after_a_killed_change_each_person_is_named_once_and_it_is_said_how_to_go_on(halfway: Household) -> None:
    (found,) = [row for row in halfway.json("doctor") if row["subject"] == "people"]
    assert (found["detail"], found["remedy"]) == (
        "sface has yet to encode the references of 'Barack Obama'; new faces are not compared with them",
        "familiar models use sface, or start the daemon",
    )
    image = halfway.inbox / "obama.jpg"
    (face,) = halfway.json("find", image, "--nearest")["faces"]
    assert [one["name"] for one in face["people"]] == ["Barack Obama"]
    told = halfway.ask("find", image, "--nearest").stdout
    assert "no known photo has a face that the model in use has encoded." in told
    assert "--nearest" not in told
    halfway.ask("models", "use", "sface")
    assert [row for row in halfway.json("doctor") if row["subject"] == "people"] == []


def test_references_that_the_model_in_use_has_yet_to_encode_are_encoded_to_be_exported(halfway: Household) -> None:
    file = halfway.base / "obama.npy"
    told = halfway.ask("people", "export", "Barack Obama", file).stdout
    assert told == f"{file}: (128,), the mean of 1 reference, of the model sface.\n"
    assert counts(halfway)["dlib"] == (False, 5, 0, 1)
    halfway.ask("models", "use", "sface")
    assert np.abs(np.load(file) - embedding_in_use(halfway, b"obama.jpg")).max() < 1e-6


def embedding_in_use(household: Household, name: bytes) -> Any:
    with closing(Database(household.state / STORE_NAME)) as db:
        (blob,) = db.execute(
            "SELECT embedding FROM faces JOIN files USING (photo_id) WHERE name = ?", (name,)
        ).fetchone()
    return np.frombuffer(blob, "<f4")


def test_rules_status_and_doctor_tell_of_people_whom_the_model_in_use_does_not_know(foreigner: Household) -> None:
    foreigner.rule({"name": "joe", "when": {"person": "joe biden"}, "then": ["stop"]})
    remedy = "familiar people add 'Joe Biden' PHOTO..., or familiar models use dlib"
    detail = "'Joe Biden' has references of dlib only, and is found in no photo"
    assert f"note: {detail}: {remedy}\n" in foreigner.ask("rules", "check").stdout
    assert foreigner.json("rules", "check")["unmatched_people"] == [
        {"name": "Joe Biden", "models": ["dlib"], "awaited": None}
    ]
    (found,) = [row for row in foreigner.json("doctor") if row["subject"] == "people"]
    assert (found["verdict"], found["detail"], found["remedy"]) == ("warning", detail, remedy)
    assert foreigner.json("status")["unmatched_people"] == ["Joe Biden"]
    assert "people with references of other models only: 1" in foreigner.ask("status").stdout
    assert f"note: {detail}: {remedy}\n" in foreigner.ask("people", "list").stdout
    assert f"note: {detail}: {remedy}\n" in foreigner.ask("clusters", "suggest").stdout
    assert f"note: {detail}: {remedy}\n" in foreigner.ask("plan", foreigner.inbox).stdout
    assert foreigner.json("plan", foreigner.inbox)["unmatched_people"] == [
        {"name": "Joe Biden", "models": ["dlib"], "awaited": None}
    ]
    assert f"note: {detail}: {remedy}\n" in foreigner.ask("rules", "apply").stdout
    foreigner.ask("models", "use", "dlib")
    assert foreigner.json("status")["unmatched_people"] == []
    assert foreigner.json("rules", "check")["unmatched_people"] == []
    assert foreigner.json("status")["photos"]["recognised"] == 5


def test_photos_of_people_whom_the_model_in_use_does_not_know_are_not_collected_in_silence(
    foreigner: Household,
) -> None:
    target = foreigner.base / "collected"
    detail = "'Joe Biden' has references of dlib only, and is found in no photo"
    remedy = "familiar people add 'Joe Biden' PHOTO..., or familiar models use dlib"
    alone = ("collect", "--person", "joe biden", "--to", target)
    result = foreigner.ask(*alone, check=False)
    assert (result.returncode, result.stderr) == (
        1,
        f"error: No photo is known to show these people: {detail}: {remedy}.\n",
    )
    both = foreigner.ask(*alone, "--person", "Barack Obama").stdout
    assert both.startswith(f"note: {detail}: {remedy}\n")
    assert "3 copied" in both


def test_faces_that_wait_for_another_model_are_told_with_what_to_run(halfway: Household) -> None:
    told = halfway.ask("clusters", "run").stdout
    remedy = "familiar models use sface, or start the daemon"
    assert f"note: 5 faces left out, which sface has yet to encode: {remedy}\n" in told
    assert halfway.json("clusters", "run")["left_out"] == 5
    told = halfway.ask("status").stdout
    assert "waiting to be encoded by sface: 5 faces; start the daemon, or run `familiar models use sface`\n" in told
    told = halfway.ask("people", "list").stdout
    reason = "sface has yet to encode the references of 'Barack Obama'; new faces are not compared with them"
    assert f"note: {reason}: {remedy}\n" in told
    halfway.ask("models", "use", "sface")
    assert "waiting to be encoded" not in halfway.ask("status").stdout
    assert "note:" not in halfway.ask("clusters", "run").stdout
