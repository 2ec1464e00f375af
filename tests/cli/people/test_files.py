"""familiar people export, import: references for other programs, and from them."""

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from conftest import put
from familiar.embedding_models import SFACE
from familiar.store.store import STORE_NAME, Store
from support.album import embedding
from support.household import Household, command
from support.people import add_person

MODEL = SFACE.id


@pytest.fixture
def registered(household: Household, obama: Path, obama2: Path, couple: Path) -> Household:
    """A household that knows Barack Obama by two photos, and a third one with him and somebody else."""
    put(couple, household.inbox)
    household.scan()
    household.ask("people", "add", "Barack Obama", obama, obama2)
    return household


def distances(household: Household) -> list[tuple[float, bool]]:
    """What the faces of the inbox match with."""
    plans = household.json("plan", household.inbox)["plans"]
    return [(face["distance"], face["person"] is not None) for plan in plans for face in plan["faces"]]


def test_exported_references_do_the_same_under_another_name_in_an_empty_household(
    registered: Household, tmp_path: Path, couple: Path, obama: Path, obama2: Path
) -> None:
    registered.rule({"name": "all", "when": {"person": "any"}, "then": [{"copy": f"{registered.out}/"}]})
    file = tmp_path / "obama.npz"
    told = registered.json("people", "export", "barack obama", file, "--all")
    assert told == {
        "person": "Barack Obama",
        "file": str(file),
        "shape": [2, 128],
        "model": "sface",
        "model_id": MODEL,
        "references": 2,
    }
    (tmp_path / "other").mkdir()
    other = Household(base=tmp_path / "other")
    put(couple, other.inbox)
    other.rule({"name": "all", "when": {"person": "any"}, "then": [{"copy": f"{other.out}/"}]})
    assert other.json("people", "import", "B. O.", file) == {
        "person": "B. O.",
        "model": "sface",
        "registered": 2,
        "known": 0,
        "warning": None,
    }
    assert distances(other) == distances(registered)
    shown = other.json("people", "show", "B. O.")
    assert [(row["origin"], row["face_id"], row["engine"]) for row in shown["reference_list"]] == [
        (str(obama), None, MODEL),
        (str(obama2), None, MODEL),
    ]
    assert other.ask("people", "import", "b. o.", file).stdout == "B. O.: 0 registered, 2 known already.\n"
    assert registered.ask("people", "import", "Barack Obama", file).stdout.endswith("0 registered, 2 known already.\n")


def test_the_mean_of_a_person_is_exported_and_known_faces_are_matched_with_imported_ones_at_once(
    registered: Household, tmp_path: Path
) -> None:
    file = tmp_path / "obama.npy"
    told = registered.ask("people", "export", "Barack Obama", file).stdout
    assert told == f"{file}: (128,), the mean of 2 references, of the model sface.\n"
    registered.ask("people", "export", "Barack Obama", tmp_path / "all.npy", "--all")
    both = np.load(tmp_path / "all.npy")
    assert (both.shape, both.dtype.str) == ((2, 128), "<f4")
    assert np.abs(np.load(file) - both.mean(axis=0)).max() < 1e-6
    streamed = subprocess.run(
        command("people", "export", "Barack Obama", "-"),
        env=registered.whole_environment(),
        capture_output=True,
        check=True,
    )
    assert (np.load(io.BytesIO(streamed.stdout)) == np.load(file)).all()
    registered.ask("people", "remove", "Barack Obama", "--yes")
    assert registered.json("status")["photos"]["recognised"] == 0
    np.save(tmp_path / "paths.npy", np.array(["/somewhere.jpg"]))
    registered.ask("people", "import", "Obama", file, tmp_path / "paths.npy")
    assert registered.json("status")["photos"]["recognised"] == 3
    shown = registered.ask("people", "show", "Obama").stdout.splitlines()
    assert shown[0] == "Obama: 3 faces in 3 photos"
    assert shown[2] == "references: 1 of the model sface"
    assert shown[4].split()[0] == "/somewhere.jpg"


def test_a_file_that_is_there_is_only_replaced_by_force(household: Household, tmp_path: Path) -> None:
    import_one(household, tmp_path)
    file = tmp_path / "mine.npy"
    file.write_bytes(b"mine")
    refused = household.ask("people", "export", "Ann", file, check=False)
    message = f"error: {file} already exists; choose another file, or replace it with --force.\n"
    assert (refused.returncode, refused.stderr) == (2, message)
    assert file.read_bytes() == b"mine"
    household.ask("people", "export", "Ann", file, "--force")
    assert (np.load(file) == embedding(1)).all()
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"ann.npy", "mine.npy"}


def test_a_file_of_another_kind_or_in_a_missing_folder_is_refused_and_no_folder_is_made(
    household: Household, tmp_path: Path
) -> None:
    import_one(household, tmp_path)
    away = tmp_path / "away" / "ann.npy"
    for file, complaint in {
        tmp_path / "ann.txt": "the suffix '.txt' is not that of a NumPy file; use .npy or .npz.",
        tmp_path / "ann": "the suffix '' is not that of a NumPy file; use .npy or .npz.",
        away: f"the folder {away.parent} does not exist; create it, or choose another file.",
    }.items():
        result = household.ask("people", "export", "Ann", file, check=False)
        assert (result.returncode, result.stderr) == (2, f"error: {file}: {complaint}\n")
    assert not away.parent.exists()


def import_one(household: Household, folder: Path) -> None:
    household.configure({"vision": {"workers": 1, "model": "dlib"}})
    np.save(folder / "ann.npy", embedding(1))
    household.ask("people", "import", "Ann", folder / "ann.npy")


def test_references_of_another_model_are_not_exported_and_it_is_told_which_there_are(
    household: Household, tmp_path: Path
) -> None:
    import_one(household, tmp_path)
    with Store(household.state / STORE_NAME) as store:
        add_person(store, "Bob")
    household.configure({"vision": {"mirror": False}})
    for name, there in {"Ann": "1 of dlib", "Bob": "none at all"}.items():
        result = household.ask("people", "export", name, tmp_path / "x.npy", check=False)
        assert (result.returncode, result.stderr) == (
            1,
            f"error: {name!r} has no reference of the model dlib-plain to export; there are: {there}.\n",
        )
    assert not (tmp_path / "x.npy").exists()


def test_wrong_use_is_refused_and_nothing_is_done(household: Household, tmp_path: Path) -> None:
    import_one(household, tmp_path)
    bad, archive = tmp_path / "bad.npy", tmp_path / "ann.npz"
    np.save(bad, np.ones((2, 64)))
    shape = "the shape of the embeddings is (2, 64); it must be (128,) for one, or (n, 128) for several."
    for arguments, message in {
        ("import", "Bob", bad): f"{bad}: {shape}",
        ("import", "any", bad): "The name 'any' is reserved in rules; choose another.",
        ("import", "Bob", tmp_path / "ann.npy"): "'Ann' has some of these references already, so they can't be those "
        "of 'Bob'.",
        ("export", "Ann", archive): f"{archive}: an .npz file holds all references with their paths; add --all, or "
        "name a .npy file.",
        ("export", "Ann", "-", "--json"): "- and --json can't be used together: both write to standard output.",
    }.items():
        result = household.ask("people", *arguments, check=False)
        said = json.loads(result.stderr)["error"] if "--json" in arguments else result.stderr[len("error: ") : -1]
        assert (result.returncode, said, result.stdout) == (2, message, "")
    assert [person["name"] for person in household.json("people", "list")] == ["Ann"]
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"ann.npy", "bad.npy"}
