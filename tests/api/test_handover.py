"""A library beside a daemon that runs: files are acted on by the daemon, and the calls wait for that."""

from pathlib import Path

from conftest import put
from familiar import Library
from support.household import Household


def test_beside_a_daemon_each_call_has_it_act_and_waits_for_what_came_of_it(
    own: Household, album: Path, obama2: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    photo = put(obama2, mine)
    with own.running() as daemon, Library.open(own.state, config=own.config) as library:
        daemon.wait_for("service.ready")
        steps = [
            *library.collect("Joe Biden", tmp_path / "joe").steps,
            *library.move([photo], tmp_path / "moved").steps,
            *library.sidecars.write(tmp_path / "moved").steps,
        ]
        (cropped,) = library.crop("Joe Biden", to=tmp_path / "crops", size=48).folders
        assert [step.state for step in steps] == ["done"] * 4
        assert len(cropped.added) == 2
        daemon.wait_for("operation.done", count=len(steps) + len(cropped.added))
        done = {event["operation"] for event in daemon.events("operation.done")}
        assert done >= {step.id for step in steps}
        library.people.set_threshold("Joe Biden", 0.01)
        assert library.people.find("Joe Biden").faces == 1
        undone = library.undo([step.id for step in steps])
        assert (len(undone.steps), undone.failures) == (4, {})
        daemon.wait_for("operation.undone", count=4)
    assert (photo.read_bytes(), list((tmp_path / "joe").iterdir())) == (obama2.read_bytes(), [])
