"""What can't change by waiting is refused once, with the remedy."""

import shutil
import subprocess
from pathlib import Path

from support.household import Household
from support.mounts import mounted


def refusals(household: Household) -> list[str]:
    events = household.scan(check=False)
    assert not [event for event in events if event["event"] == "operation.failed"]
    return [event["error"] for event in events if event["event"] == "operation.refused"]


def test_a_sidecar_whose_name_would_be_too_long_is_refused_once(household: Household, obama: Path) -> None:
    household.configure({"sidecars": {"read": True, "write": True}})
    photo = Path(shutil.copy(obama, household.inbox / f"{'x' * 249}.jpg"))
    household.scan()
    household.ask("people", "add", "Barack Obama", photo)
    (refused,) = refusals(household)
    assert refused.endswith(".jpg.xmp: the name is too long; use a shorter one")
    assert household.json("status")["operations"] == {"refused": 1}
    assert refusals(household) == []


def test_what_is_to_be_put_on_a_read_only_file_system_is_refused_once_and_done_when_it_is_asked_for_again(
    household: Household, meadow: Path
) -> None:
    shutil.copy(meadow, household.inbox)
    household.rule({"name": "album", "then": [{"copy": f"{household.out}/a/"}]})
    with mounted(household.out):
        subprocess.run(["mount", "-o", "remount,ro", household.out], check=True)
        (refused,) = refusals(household)
        assert refused == (
            f"{household.out}/a: Read-only file system; mount the file system writable (for a service, "
            "name the folder in ReadWritePaths=), then run `familiar rules apply`"
        )
        assert refusals(household) == []
        subprocess.run(["mount", "-o", "remount,rw", household.out], check=True)
        household.ask("rules", "apply")
        assert (household.out / "a" / meadow.name).exists()


def test_a_photo_on_a_read_only_file_system_is_copied_and_not_moved(household: Household, meadow: Path) -> None:
    household.rule({"name": "tidy", "then": [{"copy": f"{household.out}/copy/"}, {"move": f"{household.out}/moved/"}]})
    with mounted(household.base / "card"):
        shutil.copy(meadow, household.base / "card")
        subprocess.run(["mount", "-o", "remount,ro", household.base / "card"], check=True)
        household.configure({"folders": [str(household.base / "card")]})
        (refused,) = refusals(household)
    assert "Read-only file system; mount the file system writable" in refused
    assert [path.parent.name for path in household.out.rglob("*.png")] == ["copy"]
