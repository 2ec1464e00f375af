"""What the benchmarks that kill commands share: a household with shared photos, and people who are known."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.household import Household
from support.photos import shared_folder

_PEOPLE = ("Aaron_Peirsol", "Abdullah_Gul")


def shared_faces() -> Path:
    """The folder with the faces of one person in each folder; ends the program if it is missing."""
    shared = shared_folder("photos")
    if shared is None:
        sys.exit("the shared photos are missing")
    return shared / "lfw"


def household_with(base: Path, photos: Sequence[Path], vision: Mapping[str, Any]) -> Household:
    """Return a new household with photos, each in the folder of its person."""
    base.mkdir()
    household = Household(base=base, settle=0.1)
    household.configure({"vision": {"workers": 2, **vision}})
    for photo in photos:
        folder = household.inbox / photo.parent.name
        folder.mkdir(exist_ok=True)
        shutil.copy2(photo, folder)
    return household


def add_people(household: Household, faces: Path) -> None:
    """Register two people by two photos each."""
    for name in _PEOPLE:
        photos = sorted((faces / name).glob("*.jpg"))[:2]
        household.call("people", "add", "--largest", name, *photos, check=False)


def kill(process: "subprocess.Popen[bytes]") -> bool:
    """Kill a process; return whether it was still running."""
    was_running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return was_running
