"""A campaign in several processes, each with the shim: started, and their results brought together."""

import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from faults.attempts import Result
from faults.campaigns import Campaign, conduct, kind_of
from faults.shim import build, preloaded


@dataclass(slots=True)
class Summary:
    """The result of a campaign: how much went wrong on purpose, what was found, and the calls of undisturbed runs."""

    attempts: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    found: dict[str, list[str]] = field(default_factory=dict)
    calls: dict[str, list[Counter[str]]] = field(default_factory=dict)

    def add(self, line: str) -> None:
        told = json.loads(line)
        self.attempts += 1
        self.fired.update(kind_of(one) for one in told["fired"])
        if told["findings"]:
            self.found[told["attempt"]] = [*told["fired"], *told["findings"]]
        if "calls" in told:
            self.calls[told["attempt"]] = [Counter(labels) for labels in told["calls"]]

    def kinds(self) -> Counter[str]:
        """Count the attempts in which something of a kind was found."""
        findings = ((attempt, line.partition(":")[0]) for attempt, lines in self.found.items() for line in lines)
        return Counter(kind for _, kind in {(attempt, kind) for attempt, kind in findings if not kind.isdigit()})


def gathered(campaigns: Sequence[Campaign], on_progress: Callable[[Summary], None] = lambda _: None) -> Summary:
    """Run campaigns side by side, each in a process of its own; return the result of all.

    Raises:
        ChildProcessError: one of them broke down.
    """
    lines: queue.Queue[str | None] = queue.Queue()
    summary = Summary()
    with tempfile.TemporaryDirectory(prefix="familiar-faults-") as folder:
        environment = preloaded(build(Path(folder))) | {"PYTHONPATH": str(Path(__file__).parents[1])}
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "faults.parts", json.dumps(asdict(campaign))],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            for campaign in campaigns
        ]
        readers = [threading.Thread(target=_read, args=(process, lines)) for process in started]
        for reader in readers:
            reader.start()
        running = len(readers)
        while running:
            line = lines.get()
            if line is None:
                running -= 1
                continue
            summary.add(line)
            on_progress(summary)
        for reader in readers:
            reader.join()
        broken = [process.args for process in started if process.wait() != 0]
    if broken:
        raise ChildProcessError(f"broke down: {broken}")
    return summary


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    with process.stdout as stdout:
        for line in stdout:
            lines.put(line)
    lines.put(None)


def main() -> None:
    """Conduct the campaign that the argument has; print a line for each attempt."""
    given = json.loads(sys.argv[1])
    conduct(Campaign(**given | {key: tuple(given[key]) for key in ("every", "replay")}), _tell)


def _tell(result: Result) -> None:
    told: dict[str, Any] = {"attempt": str(result.attempt), "fired": result.fired, "findings": result.findings}
    if not result.attempt.armings:
        told["calls"] = [dict(Counter(call.label for call in calls)) for calls in result.calls]
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
