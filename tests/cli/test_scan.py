"""familiar scan, status, doctor and config: one pass, and what is told about it."""

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from conftest import put
from familiar.settings import Settings
from familiar.store.store import STORE_NAME
from familiar.vision.engines.opencv_models import SFACE as NETWORK
from support.household import Household, command
from support.log import events_in
from support.permissions import locked


def test_faces_that_were_found_before_qualities_were_kept_are_rated_by_a_scan_that_reads_no_photo(
    household: Household, obama: Path, meadow: Path
) -> None:
    photo = put(obama, household.inbox)
    put(meadow, household.inbox)
    household.scan()
    photo.unlink()
    with closing(sqlite3.connect(household.state / STORE_NAME)) as db, db:
        ((kept,),) = db.execute("SELECT quality FROM faces").fetchall()
        db.execute("UPDATE faces SET quality = NULL")
    household.scan()
    with closing(sqlite3.connect(household.state / STORE_NAME)) as db:
        ((rated,),) = db.execute("SELECT quality FROM faces").fetchall()
    assert kept > 0.9
    assert rated == pytest.approx(kept, abs=0.15)


def test_a_scan_tells_what_came_of_each_photo(household: Household, obama: Path, meadow: Path) -> None:
    put(obama, household.inbox)
    put(meadow, household.inbox)
    broken = household.inbox / "broken.jpg"
    broken.write_bytes(b"no photo")
    summary = household.json("scan")
    assert summary == {
        "done": 2,
        "set_aside": 1,
        "failed": 0,
        "operations_failed": 0,
        "operations_waiting": 0,
        "offline": [],
        "stopped": False,
        "photos": 2,
        "faces": 1,
        "recognised": 0,
    }
    status = household.json("status")
    assert status["set_aside"] == [{"path": str(broken), "reason": "not a picture in a known format"}]
    assert (status["pid"], status["files"], status["roots"][0]["state"]) == (None, {"done": 3}, "online")
    told = household.ask("scan").stdout
    assert told == "0 handled, 0 set aside, 0 failed; 2 photos with 1 face known, 0 recognised.\n"
    again = household.ask("scan", "--retry").stdout.splitlines()
    assert again[1:] == [
        f"set aside  {broken}  not a picture in a known format",
        "0 handled, 1 set aside, 0 failed; 2 photos with 1 face known, 0 recognised.",
    ]
    shown = household.ask("status").stdout
    assert "photos: 2 seen with 1 face, 0 recognised as one of 0 people; 1 set aside" in shown
    assert f"{broken}  not a picture in a known format" in shown


def test_a_scan_tells_of_operations_that_wait_to_be_tried_again(household: Household, obama: Path) -> None:
    shutil.copy(obama, household.inbox)
    household.rule({"name": "album", "then": [{"copy": f"{household.out}/album/"}]})
    household.out.mkdir()
    household.obeys_permissions = True
    with locked(household.out):
        for _ in range(2):
            told = household.call("scan", check=False)
            assert told.returncode == 1
            assert "1 operation failed and will be retried; `familiar status` shows why.\n" in told.stdout


def test_a_scan_of_one_file_takes_that_file_alone(household: Household, obama: Path, biden: Path) -> None:
    photo = put(obama, household.inbox, "[1] a*b.jpg")
    put(biden, household.inbox)
    assert household.json("scan", photo)["done"] == 1


def test_a_scan_of_nothing_and_of_folders_in_each_other_is_refused(household: Household) -> None:
    inside = household.inbox / "inside"
    inside.mkdir()
    nested = household.ask("scan", household.inbox, inside, check=False)
    assert (nested.returncode, nested.stderr) == (
        2,
        f"error: {inside} is inside {household.inbox}, which is watched with its subfolders; give one.\n",
    )
    household.configure({"folders": []})
    nothing = household.call("run", check=False)
    assert nothing.returncode == 2
    (event,) = events_in(nothing.stderr)
    assert event["event"] == "service.error"
    assert event["error"].startswith("No folder to watch; give one (familiar run ~/Pictures), or set `folders`")
    missing = household.ask("scan", "/nowhere", check=False)
    assert (missing.returncode, missing.stderr) == (2, "error: /nowhere: no such folder or file.\n")


def test_a_damaged_store_is_reported_and_left_as_it_is(household: Household) -> None:
    household.state.mkdir()
    store = household.state / "familiar.db"
    store.write_bytes(b"not a database, and nobody's to write over")
    for arguments in (("scan",), ("run",), ("status",), ("people", "list")):
        result = household.refused(*arguments)
        assert result.returncode == 1
        assert f"{store}: the store is damaged" in result.stderr
    (verdict,) = [
        row for row in json.loads(household.ask("doctor", "--json", check=False).stdout) if row["subject"] == "store"
    ]
    assert verdict["verdict"] == "bad"
    assert store.read_bytes() == b"not a database, and nobody's to write over"


def test_a_state_folder_that_can_not_be_written_is_reported(household: Household) -> None:
    household.state.write_text("a file where the folder should be")
    result = household.ask("scan", check=False)
    assert (result.returncode, result.stderr) == (
        1,
        f"error: {household.state}: the state folder can't be created: File exists.\n",
    )
    assert household.state.read_text() == "a file where the folder should be"


def test_a_healthy_installation_is_good_throughout(household: Household) -> None:
    household.rule({"name": "nothing", "then": ["stop"]})
    findings = {row["subject"]: row for row in household.json("doctor")}
    assert {row["verdict"] for row in findings.values()} == {"good"}
    assert findings["engine"]["detail"] == (
        f"sface onnx yunet upsample=0 max_size=640 works in a worker process, "
        f"with detection on the CPU, embeddings on the CPU with the weights of {NETWORK.source.path()}"
    )
    assert findings["rules"]["detail"] == f"{household.rules}: 1 rule"


def test_the_doctor_says_what_is_wrong_and_how_to_fix_it(household: Household) -> None:
    household.configure({"folders": ["/nowhere"]})
    result = household.ask("doctor", check=False)
    assert result.returncode == 1
    assert "bad     folder /nowhere: it is missing" in result.stdout
    household.config.write_text("settle: soon")
    findings = json.loads(household.ask("doctor", "--json", check=False).stdout)
    (configuration,) = [row for row in findings if row["subject"] == "configuration"]
    assert configuration["detail"].startswith(f"{household.config}:1:9: settle: 'soon' is wrong; it should be a valid")


def test_the_example_configuration_is_written_once_and_is_good(household: Household) -> None:
    folder = household.base / "fresh"
    written = household.json("config", "init", folder)["written"]
    assert written == [str(folder / "familiar.yaml"), str(folder / "rules.yaml")]
    household.call("--config", written[0], "config", "check")
    Path(written[0]).write_text("settle: 9\n")
    again = household.ask("config", "init", folder, check=False)
    assert (again.returncode, again.stderr) == (2, f"error: {written[0]} already exists; it was left unchanged.\n")
    assert household.json("--config", written[0], "config", "show")["settings"]["settle"] == 9


def test_what_config_show_prints_is_a_configuration_of_the_same_meaning(household: Household) -> None:
    text = household.ask("config", "show").stdout
    assert Settings.model_validate(yaml.safe_load(text)).folders[0].path == household.inbox
    copy = household.base / "copy.yaml"
    copy.write_text(text)
    shown = [household.json(*place, "config", "show")["settings"] for place in ((), ("--config", copy))]
    assert shown[0] == shown[1]


def test_the_schema_knows_every_setting(household: Household) -> None:
    assert set(household.json("config", "schema")["properties"]) == set(Settings.model_fields)


def test_of_a_mistyped_command_the_likely_one_is_named(household: Household) -> None:
    result = household.call("satus", check=False)
    assert (result.returncode, result.stderr.splitlines()[-1]) == (
        2,
        "Error: No such command 'satus'. Did you mean 'status'?",
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_learns_to_complete_commands(household: Household, shell: str) -> None:
    assert "_FAMILIAR_COMPLETE" in household.call("completion", shell).stdout


def test_commands_are_completed(household: Household) -> None:
    environment = {"_FAMILIAR_COMPLETE": "bash_complete", "COMP_WORDS": "familiar pe", "COMP_CWORD": "1"}
    completed = subprocess.run(command(), env=os.environ | environment, capture_output=True, text=True, check=False)
    assert completed.stdout == "plain,people\n"


def test_the_usual_places_are_those_of_the_environment(household: Household) -> None:
    state, configuration = household.base / "st", household.base / "cf"
    configuration.mkdir()
    (configuration / "familiar.yaml").write_text("settle: 7\n")
    environment = {"STATE_DIRECTORY": f"{state}:/other", "CONFIGURATION_DIRECTORY": str(configuration)}
    whole = {name: value for name, value in os.environ.items() if not name.startswith("FAMILIAR_")} | environment
    shown = subprocess.run(command("config", "show", "--json"), env=whole, capture_output=True, text=True, check=True)
    told = json.loads(shown.stdout)
    assert (told["state"], told["settings"]["settle"]) == (str(state), 7)


def test_files_that_are_no_photos_by_their_names_are_counted_by_suffix(household: Household, obama: Path) -> None:
    put(obama, household.inbox, "a.jpg")
    (household.inbox / "below").mkdir()
    for name in ("b.psd", "below/c.PSD", "below/notes", "d.xmp", ".hidden.psd", "e.jpg.part"):
        (household.inbox / name).write_bytes(b"-")
    (household.inbox / "f.mp3").write_bytes(b"-")
    text = household.ask("scan").stdout
    assert "Skipped by name: 2 .psd, 1 without a suffix, 1 .mp3." in text
    assert household.json("scan")["passed_by"] == {".psd": 2, ".mp3": 1, "": 1}
    (root,) = household.json("status")["roots"]
    assert root["passed_by"] == {".psd": 2, ".mp3": 1, "": 1}
    assert "2 .psd, 1 without a suffix, 1 .mp3" in household.ask("status").stdout
