"""A network of one's own, from the settings to the store."""

import hashlib
import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import put
from familiar.embedding_models import SFACE
from familiar.model import Box, Face, Photo
from familiar.store.store import Store
from support.household import Household
from support.log import events_in
from support.own_network import DIMENSION, own_network
from support.worker_processes import kill, processes_of


@pytest.fixture
def own(household: Household) -> Household:
    """A household with a network of its own that has seen nothing yet."""
    file = household.base / "own.onnx"
    file.write_bytes(own_network().SerializeToString())
    configure(household)
    return household


def configure(household: Household, **changes: object) -> None:
    vision = {
        "workers": 1,
        "model": "own",
        "model_file": str(household.base / "own.onnx"),
        "model_dimension": DIMENSION,
    }
    household.configure({"vision": vision | changes})


def engines(household: Household) -> set[tuple[str, int]]:
    with Store(household.state / "familiar.db") as store:
        rows = store._db.conn.execute("SELECT engine, length(embedding) / 4 FROM faces")
        return {(str(row[0]), int(row[1])) for row in rows}


def test_faces_are_encoded_compared_and_exported_with_as_many_numbers_as_the_network_gives(
    own: Household, couple: Path
) -> None:
    put(couple, own.inbox)
    own.scan()
    ((model, dimension),) = engines(own)
    assert model.startswith("own-")
    assert dimension == DIMENSION
    own.ask("people", "add", "Barack Obama", couple, "--largest")
    exported = own.ask("export", "faces", "--embeddings", "--format", "jsonl").stdout.splitlines()
    assert [len(json.loads(line)["embedding"]) for line in exported] == [DIMENSION] * 2


def test_a_file_of_sface_is_known_for_what_it_is(household: Household, couple: Path) -> None:
    from familiar.vision.engines.opencv_models import SFACE as NETWORK  # noqa: PLC0415

    (household.base / "own.onnx").write_bytes(NETWORK.source.path().read_bytes())
    configure(household)
    put(couple, household.inbox)
    household.scan()
    assert engines(household) == {(SFACE.id, 128)}


def test_its_scale_is_measured_on_faces_of_one_photo(own: Household) -> None:
    file = own.base / "own.onnx"
    file.write_bytes(own_network(dimension=128, is_linear=True).SerializeToString())
    configure(own, model_dimension=128)
    noise = own.inbox / "many.png"
    Image.fromarray(np.random.default_rng(2).integers(0, 256, (600, 600, 3), dtype=np.uint8)).save(noise)
    own.make_store()
    with Store(own.state / "familiar.db") as store:
        store.photos.record(crowd(noise, faces=46))
    own.scan()
    measured = own.json("models", "measure")
    assert measured["pairs"] == 46 * 45 / 2
    assert measured["length"] == pytest.approx(0.44 / measured["distance"])
    shown = own.ask("models", "measure").stdout
    assert "Compared 1035 pairs of faces that are in one photo, in 1 photo." in shown
    assert f"Set vision.model_length to {measured['length']:.3f}; 0.44 is" in shown
    assert "How certain that is can't be told from so few photos." in shown


def crowd(path: Path, *, faces: int) -> Photo:
    """Return a photo with so many faces, as if they had been found."""
    places = [(60 + 65 * (number % 8), 60 + 65 * (number // 8)) for number in range(faces)]
    marks = ((26, -8), (14, -7), (-26, -8), (-14, -7), (0, 18))
    found = tuple(
        Face(
            box=Box(left=x - 30, top=y - 30, right=x + 30, bottom=y + 30),
            landmarks=tuple((x + dx, y + dy) for dx, dy in marks),
            embedding=np.ones(DIMENSION, np.float32),
            size=60,
            sharpness=20.0,
            engine="other",
        )
        for x, y in places
    )
    hash_ = hashlib.sha256(path.read_bytes()).hexdigest()
    return Photo(hash=hash_, format="PNG", width=600, height=600, taken=None, engine="other", faces=found)


def test_a_library_with_few_groups_says_that_it_can_not_measure(own: Household, couple: Path) -> None:
    put(couple, own.inbox)
    own.scan()
    result = own.ask("models", "measure", check=False)
    assert result.returncode == 1
    assert "Too few faces are in one photo with others: 1 pair in 1 photo, and 1000 pairs are needed." in result.stderr


def test_only_a_network_of_ones_own_is_measured(household: Household) -> None:
    household.make_store()
    result = household.ask("models", "measure", check=False)
    assert "vision.model is null, but what is measured is a network of your own. Set it to own" in result.stderr


def test_a_file_that_is_no_network_is_told_and_harms_nothing(own: Household, couple: Path) -> None:
    put(couple, own.inbox)
    own.scan()
    before = engines(own)
    file = own.base / "own.onnx"
    file.write_bytes(file.read_bytes()[:5000])
    own.scan(check=False)
    assert engines(own) == before
    findings = {row["subject"]: row for row in json.loads(own.ask("doctor", "--json", check=False).stdout)}
    assert findings["engine"]["verdict"] == "bad"
    assert findings["engine"]["detail"].endswith("own.onnx: not an ONNX file, or not whole")


def test_a_scan_with_a_broken_network_ends_with_one_error_and_all_photos_wait(
    own: Household, couple: Path, obama: Path, biden: Path
) -> None:
    file = own.base / "own.onnx"
    whole = file.read_bytes()
    file.write_bytes(b"no network")
    for photo in (couple, obama, biden):
        put(photo, own.inbox)
    result = own.ask("scan", "--log-format", "json", check=False)
    assert result.returncode == 1
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert errors == [f"error: the model own can't be used: {file}: not an ONNX file, or not whole"]
    assert not any(event["event"] in {"file.failed", "photo.set_aside"} for event in events_in(result.stderr))
    result = own.ask("people", "add", "Ann", own.inbox, check=False)
    assert (result.returncode, result.stderr.count("the model own can't be used")) == (1, 1)
    assert own.json("people", "list") == []
    file.write_bytes(whole)
    assert own.ask("scan").stdout.startswith("3 handled, 0 set aside, 0 failed;")


def test_photos_wait_while_the_network_of_a_running_daemon_is_broken(
    own: Household, couple: Path, obama: Path, biden: Path
) -> None:
    file = own.base / "own.onnx"
    put(couple, own.inbox)
    with own.running() as daemon:
        daemon.wait_for("photo.seen")
        file.write_bytes(own_network(weights=2.0).SerializeToString())
        kill(processes_of(daemon.process.pid))  # the server has read the file, and does not do so again
        for photo in (obama, biden):
            put(photo, own.inbox)
        assert daemon.wait_for("workers.refused")["retry_in"] == 5
        time.sleep(1)
        assert len(daemon.events("workers.refused")) == 1
        assert daemon.events("file.failed") == daemon.events("photo.set_aside") == []
        status = own.json("status")
        assert (status["files"]["pending"], status["photos"]["set aside"]) == (2, 0)
        assert daemon.stop() == 0


@pytest.mark.parametrize("option", ["--dry-run", None])
def test_a_model_whose_network_can_not_be_loaded_is_not_used(
    household: Household, couple: Path, option: str | None
) -> None:
    put(couple, household.inbox)
    household.scan()
    before = household.json("models", "list")
    broken = household.base / "broken.onnx"
    broken.write_bytes(b"no network")
    household.configure({"vision": {"workers": 1, "model": "own", "model_file": str(broken)}})
    result = household.ask("models", "use", "own", *([option] if option else []), check=False)
    assert (result.returncode, "broken.onnx: not an ONNX file, or not whole" in result.stderr) == (1, True)
    household.configure({})
    assert household.json("models", "list") == before


@pytest.fixture
def forgotten(own: Household, couple: Path) -> Household:
    """A household whose faces a network of its own encoded, that the configuration names no longer."""
    put(couple, own.inbox)
    own.configure({"vision": {"workers": 1, "model": "sface"}})
    own.scan()
    configure(own)
    own.ask("models", "use", "own")
    own.configure({})
    return own


def test_a_network_that_the_configuration_names_no_longer_is_told_with_both_ways_out(forgotten: Household) -> None:
    ((own_id, _),) = engines(forgotten)
    problem = (
        f"The faces in the store were encoded by the model '{own_id}', a network of your own that the configuration "
        "does not name"
    )
    remedy = (
        "restore vision.model: own with its model_file and the other settings of that network, or run `familiar models "
        "use sface`, which keeps names and clusters, and encodes the faces that sface has not encoded before"
    )
    result = forgotten.ask("scan", check=False)
    assert (result.returncode, result.stderr) == (2, f"error: {problem}. To go on: {remedy}.\n")
    result = forgotten.ask("doctor", "--json", check=False)
    (found,) = [row for row in json.loads(result.stdout) if row["subject"] == "model"]
    assert (result.returncode, found["verdict"], found["detail"], found["remedy"]) == (1, "bad", problem, remedy)
    assert forgotten.json("status")["model_trouble"] == f"{problem}. To go on: {remedy}."
    assert f"model: can't be used: {problem}." in forgotten.ask("status").stdout
    listed = {row["name"]: row for row in forgotten.json("models", "list")}
    assert (listed[own_id]["in_use"], listed[own_id]["summary"]) == (
        True,
        "a network of your own that the configuration does not name",
    )


def test_both_ways_out_work_and_faces_that_sface_had_encoded_are_kept(forgotten: Household) -> None:
    configure(forgotten)
    assert forgotten.json("status")["model_trouble"] is None
    forgotten.scan()
    forgotten.configure({})
    assert forgotten.json("models", "use", "sface")["restored"] == 2
    assert forgotten.json("status")["model_trouble"] is None
    forgotten.scan()


def test_a_known_file_needs_no_measure_and_settings_of_a_network_have_no_effect_with_it(household: Household) -> None:
    from familiar.vision.engines.opencv_models import SFACE as NETWORK  # noqa: PLC0415

    file = household.base / "own.onnx"
    file.write_bytes(NETWORK.source.path().read_bytes())
    household.make_store()
    configure(household, model_length=0.471)
    result = household.ask("models", "measure", check=False)
    reason = f"{file} is sface, which is known and calibrated"
    no_measure = f"{reason}. There is nothing to measure, and vision.model_length has no effect."
    assert (result.returncode, result.stderr) == (2, f"error: vision.model_file: {no_measure}\n")
    warnings = [f"vision.{key} has no effect: {reason}" for key in ("model_dimension", "model_length")]
    assert household.json("config", "check")["warnings"] == warnings
    found = [row for row in household.json("doctor") if row["subject"] == "model"]
    assert [(row["verdict"], row["detail"]) for row in found] == [("warning", warning) for warning in warnings]


def test_settings_of_a_network_without_one_and_a_file_that_is_not_there_are_told(household: Household) -> None:
    household.configure({"vision": {"model": "sface", "model_mean": 0}})
    assert household.json("config", "check")["warnings"] == [
        "vision.model_mean has no effect: it is for a network of your own (vision.model: own)"
    ]
    configure(household)
    warning = f"vision.model_file: {household.base}/own.onnx: no such file"
    assert household.json("config", "check")["warnings"] == [warning]


def test_a_network_that_needs_too_much_memory_is_named(own: Household, couple: Path) -> None:
    file = own.base / "own.onnx"
    file.write_bytes(own_network(dimension=8192, weights=1e-3).SerializeToString())
    configure(own, model_dimension=8192, memory_limit=500)
    put(couple, own.inbox)
    result = own.ask("scan", check=False)
    assert (
        f"error: the model own can't be used: {file}: it needs more memory than memory_limit (500 MB)" in result.stderr
    )
