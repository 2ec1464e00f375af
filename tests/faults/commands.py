"""The real commands, killed at their calls: a scan that copies, links and moves to another disk, and its undo."""

import itertools
import random
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from faults.armings import Arming
from faults.shim import Call, armed, build, calls_in
from support.disks import other_than
from support.household import Household, command

SCAN = ("scan", "--log-format", "json", "--log-level", "info")
UNDO = ("undo", "--since", "1h")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A household with a second disk."""

    household: Household
    far: Path
    library: Path

    @classmethod
    def at(cls, base: Path, far: Path, library: Path, *, photos: int = 3) -> "Home":
        base.mkdir()
        far.mkdir(parents=True)
        household = Household(base=base, settle=0.1)
        for number in range(photos):
            Image.new("RGB", (32, 32), (number * 40, 90, 200)).save(household.inbox / f"{number}.png")
            (household.inbox / f"{number}.png.xmp").write_text(f"<x>{number}</x>")
        household.configure({"folders": [str(household.inbox)], "vision": {"workers": 1}})
        household.rule(
            {"name": "album", "then": [{"copy": f"{household.out}/album/"}]},
            {"name": "tidy", "then": [{"move": f"{far}/done/photo.png"}, {"link": f"{household.out}/links/"}]},
        )
        return cls(household=household, far=far, library=library)

    @property
    def tops(self) -> tuple[Path, Path, Path]:
        return (self.household.inbox, self.household.out, self.far)

    def run(self, *arguments: str, arming: Arming | None = None, in_state: bool = False) -> tuple[int, list[Call]]:
        """Run a command, with something that goes wrong; return its status, and its calls.

        With `in_state` the calls in the state folder are counted, too: those of SQLite.
        """
        log = self.household.base / "calls.log"
        log.unlink(missing_ok=True)
        tops = (*self.tops, self.household.state) if in_state else self.tops
        added = armed(self.library, [*map(Path.resolve, tops)], arming, log)
        done = subprocess.run(
            command(*arguments), env=self.household.whole_environment() | added, capture_output=True, check=False
        )
        return done.returncode, list(calls_in(log))

    def sorted(self) -> dict[str, bytes | str]:
        """Return what an undisturbed scan leaves."""
        found: dict[str, bytes | str] = {}
        for number, photo in enumerate(sorted(self.household.inbox.glob("*.png"))):
            name = f"photo ({number + 1}).png" if number else "photo.png"
            data, sidecar = photo.read_bytes(), Path(f"{photo}.xmp").read_bytes()
            found |= {f"disk/done/{name}": data, f"disk/done/{name}.xmp": sidecar}
            found |= {f"out/album/{photo.name}": data, f"out/links/{photo.name}": name}
        return found

    def tree(self) -> dict[str, bytes | str]:
        """Return each file by its path below the two disks, with its content or where it leads."""
        found: dict[str, bytes | str] = {}
        for top in self.tops:
            for path in sorted(top.rglob("*")):
                if path.is_symlink():
                    found[f"{top.name}/{path.relative_to(top)}"] = path.readlink().name
                elif path.is_file():
                    found[f"{top.name}/{path.relative_to(top)}"] = path.read_bytes()
        return found


def disturb(home: Home, chance: random.Random) -> tuple[int, list[str]]:
    """Scan and then undo, each killed twice before it is left in peace; return the number of kills, and what is wrong.

    The second time it may be at a call of SQLite, in the state folder.
    """
    before, killed = home.tree(), 0
    wrong: list[str] = []
    for arguments, wanted in ((SCAN, home.sorted()), (UNDO, before)):
        for most, in_state in ((200, False), (1000, True)):
            arming = Arming(chance.choice(("kill", "kill-after")), chance.randrange(1, most))
            status, _ = home.run(*arguments, arming=arming, in_state=in_state)
            killed += status == -signal.SIGKILL
            lost = {*before.values()} - {*home.tree().values()}
            wrong += [f"{arguments[0]} {arming}: lost {len(lost)}"] if lost else []
        home.run(*arguments)
        home.run(*SCAN)  # what an undo had asked for that was killed
        wrong += [] if home.tree() == wanted else [f"{arguments[0]} left {sorted(home.tree())}"]
    return killed, wrong


def killed_again_and_again(kills: int, seed: str, on_progress: Callable[[int], None]) -> tuple[int, list[str]]:
    """Disturb the commands of one home after the other; return how often they were killed, and what is wrong."""
    chance, done = random.Random(f"commands {seed}"), 0
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as near, tempfile.TemporaryDirectory(dir=other_than(Path(near))) as far:
        library = build(Path(near))
        for number in itertools.count():
            if done >= kills:
                return done, wrong
            home = Home.at(Path(near, str(number)), Path(far, str(number), "disk"), library)
            killed, found = disturb(home, chance)
            done += killed
            wrong += [f"home {number}: {one}" for one in found]
            on_progress(done)
    raise AssertionError
