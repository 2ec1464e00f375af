"""Disturb familiar at work, and look whether anything is lost.

    uv run python tests/faults --kills 5000 --errors 5000 --stops 5000 --seed 1     # random workloads
    uv run python tests/faults --every all                                # every call of the small workloads
    uv run python tests/faults --replay "move-far 1:ENOENT-after@52"              # what one of its lines says

Kills the process at a system call, lets a call fail, or lets a person do something while it stands still at one. Then
familiar is started again until nothing is open, and everything is undone. It is looked whether each content that no
person took away is there, whole, and would be after a loss of power; whether anything was written outside, and whether
anything temporary is left.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.campaigns import Campaign
from faults.commands import killed_again_and_again
from faults.oracle import KINDS
from faults.parts import Summary, gathered
from faults.shim import compiler
from faults.workloads import SMALL

_COLUMNS = ("stat", "open", "read", "write", "copy", "fsync", "rename", "link", "unlink", "lease")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--stops", type=int, default=0)
    parser.add_argument("--storms", type=int, default=0, help="so many with a process that swaps names")
    parser.add_argument("--commands", type=int, default=0, help="so many kills of the real scan and undo")
    parser.add_argument("--every", action="append", default=[], choices=["all", *SMALL], help="a small workload")
    parser.add_argument("--share", type=float, default=1.0, help="how much of what --every gives")
    parser.add_argument("--thorough", action="store_true", help="let --every have looking calls fail in all ways, too")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--base", default="", help="a folder on the first disk; by default in memory")
    parser.add_argument("--replay", action="append", default=[], metavar="ATTEMPT")
    parser.add_argument("--shown", type=int, default=20, help="how many attempts in which something was found")
    wanted = parser.parse_args()
    if compiler() is None:
        sys.exit("there is no C compiler: apt-get install gcc libc6-dev")
    whole = Campaign(
        seed=wanted.seed,
        every=tuple(SMALL) if "all" in wanted.every else tuple(wanted.every),
        share=wanted.share,
        thorough=wanted.thorough,
        kills=wanted.kills,
        errors=wanted.errors,
        stops=wanted.stops,
        storms=wanted.storms,
        replay=tuple(wanted.replay),
        base=wanted.base,
    )
    started = time.monotonic()
    summary = gathered(whole.divided(1 if wanted.replay else wanted.jobs), _progress)
    killed, wrong = killed_again_and_again(wanted.commands, wanted.seed, _progress_of_commands)
    print(file=sys.stderr)
    _show(summary, seed=wanted.seed, seconds=time.monotonic() - started, shown=wanted.shown)
    if wanted.commands:
        print(f"scan and undo killed {killed} times: {len(wrong)} times something was wrong", *wrong, sep="\n  ")
    sys.exit(bool(summary.found or wrong))


def _progress(summary: Summary) -> None:
    print(f"\r{_counts(summary)}; found in {len(summary.found)}", end="", file=sys.stderr, flush=True)


def _progress_of_commands(killed: int) -> None:
    print(f"\r{killed} kills of commands", end="", file=sys.stderr, flush=True)


def _counts(summary: Summary) -> str:
    fired = summary.fired
    counts = ", ".join(f"{fired[kind]} {kind}s" for kind in ("kill", "error", "stop", "storm"))
    return f"{summary.attempts} attempts: {counts}"


def _show(summary: Summary, *, seed: str, seconds: float, shown: int) -> None:
    small = {name: calls for name, calls in summary.calls.items() if name in SMALL}
    if small:
        print(f"{'calls':20}" + "".join(f"{label:>8}" for label in _COLUMNS) + f"{'all':>8}")
    for name, commands in small.items():
        for counted, command in zip(commands, ("do", "undo"), strict=False):
            row = "".join(f"{counted[label]:8}" for label in _COLUMNS)
            print(f"{name + ' ' + command:20}{row}{counted.total():8}")
    print(f"seed {seed}, {_counts(summary)}, in {seconds:.0f} s")
    for attempt, lines in list(summary.found.items())[:shown]:
        print(f'  --replay "{attempt}"', *lines, sep="\n      ")
    found = summary.kinds()
    for kind, meaning in KINDS.items():
        print(f"{found[kind]:6}  {kind + ':':15} {meaning}")


if __name__ == "__main__":
    main()
