"""A real daemon in a process of its own, for tests."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from familiar import Library
from familiar.api.environment import find_environment
from familiar.cli import main
from support.kept_workers import KEPT
from support.log import check_events, events_in
from support.permissions import obeying_permissions
from support.photos import MODELS
from support.stores import put_store


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "familiar", *map(str, arguments)]


@dataclass(slots=True, kw_only=True)
class Household:
    """A state folder, a configuration and the folders of one test."""

    base: Path
    settle: float = 0.2
    environment: dict[str, str] = field(default_factory=dict)
    obeys_permissions: bool = False
    """Whether its processes may not read everything, even as root."""

    def __post_init__(self) -> None:
        self.inbox.mkdir()
        self.config.parent.mkdir()
        self.configure({})

    @classmethod
    def like(cls, other: "Household", base: Path) -> "Household":
        """Return a household with a copy of another one's state and configuration; photos stay where they are."""
        household = cls(base=base)
        shutil.copyfile(other.config, household.config)
        shutil.copytree(other.state, household.state)
        return household

    @property
    def inbox(self) -> Path:
        return self.base / "inbox"

    @property
    def out(self) -> Path:
        return self.base / "out"

    @property
    def state(self) -> Path:
        return self.base / "state"

    @property
    def config(self) -> Path:
        return self.base / "config" / "familiar.yaml"

    @property
    def rules(self) -> Path:
        return self.base / "config" / "rules.yaml"

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Write the configuration; JSON is YAML. A daemon groups no faces unless that is asked for."""
        usual = {"settle": self.settle, "vision": {"workers": 1}, "clustering": {"every": None}}
        whole = {"folders": [str(self.inbox)], **usual, **settings}
        self.config.write_text(json.dumps(whole))

    def rule(self, *rules: Mapping[str, Any]) -> None:
        """Write the rules in one step, as an editor does that renames."""
        fresh = self.rules.with_suffix(".new")
        fresh.write_text(json.dumps({"rules": rules}, ensure_ascii=False), encoding="utf-8")
        fresh.rename(self.rules)

    def make_store(self) -> None:
        """Make a store without a photo, as a scan of an empty folder does."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        put_store(self.state)

    def call(self, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, in a process of its own: what would not end by itself is ended."""
        result = subprocess.run(
            self._command(*arguments),
            capture_output=True,
            text=True,
            env=self.whole_environment(),
            check=False,
            timeout=120,
        )
        check_events(result.stderr)
        if check:
            assert result.returncode == 0, result.stdout + result.stderr
        return result

    def ask(self, *arguments: str | Path, check: bool = True, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end in this process, without the second that a process of its own takes to start."""
        runner = CliRunner(env=self.whole_environment())
        whole = [str(argument) for argument in arguments]
        result = runner.invoke(main, whole, input=given, catch_exceptions=False, prog_name="familiar", obj=KEPT)
        check_events(result.stderr)
        if check:
            assert result.exit_code == 0, result.output
        return subprocess.CompletedProcess(whole, result.exit_code, result.stdout, result.stderr)

    def library(self) -> Library:
        """Open the library of this household in this process; the caller closes it."""
        return Library(find_environment(self.whole_environment(), state=self.state, config=self.config, workers=KEPT))

    def refused(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command that is to be refused; the daemon in a process of its own, as it would go on if it were not."""
        run = self.call if arguments[0] == "run" else self.ask
        return run(*arguments, check=False)

    def json(self, *arguments: str | Path, check: bool = True) -> Any:
        """Run a command with --json in this process and return what it prints."""
        return json.loads(self.ask(*arguments, "--json", check=check).stdout)

    def scan(self, *arguments: str | Path, check: bool = True) -> list[dict[str, Any]]:
        """Scan in this process, and return the log; the first scan finds an empty store."""
        self._begin()
        result = self.ask("scan", "--log-format", "json", "--log-level", "debug", *arguments, check=check)
        return events_in(result.stderr)

    @contextmanager
    def running(self, *arguments: str | Path) -> "Iterator[Running]":
        """Run the daemon for a block, and stop it at the end, if it still runs; the first one finds an empty store."""
        self._begin()
        log = self.base / f"log-{time.monotonic_ns()}.json"
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                self._command("run", "--log-format", "json", "--log-level", "debug", *arguments),
                stderr=stderr,
                env=self.whole_environment(),
            )
        daemon = Running(process=process, log=log)
        try:
            yield daemon
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise
            check_events(log.read_text())

    def tree(self, *folders: Path) -> dict[str, bytes]:
        """Return all files below folders (by default all but state, configuration and logs), with their content."""
        tops = folders or tuple(path for path in self.base.iterdir() if path.is_dir() and path.name not in _OWN)
        files = (path for top in tops for path in sorted(top.rglob("*")) if path.is_file() or path.is_symlink())
        return {str(path.relative_to(self.base)): path.read_bytes() for path in files}

    def _begin(self) -> None:
        """Put an empty store into a state folder that there is not yet: to make one takes as long as a small scan."""
        if not self.state.exists():
            self.make_store()

    def _command(self, *arguments: str | Path) -> list[str]:
        whole = command(*arguments)
        return obeying_permissions(whole) if self.obeys_permissions else whole

    def whole_environment(self) -> dict[str, str]:
        """Return the environment in which commands of this household run."""
        own = {
            "FAMILIAR_STATE": str(self.state),
            "FAMILIAR_CONFIG": str(self.config),
            "CACHE_DIRECTORY": str(MODELS.parent),
            "HOME": str(self.base),
        }
        return os.environ | own | self.environment


@dataclass(slots=True, kw_only=True)
class Running:
    """A daemon that runs."""

    process: subprocess.Popen[bytes]
    log: Path
    _events: list[dict[str, Any]] = field(default_factory=list, init=False)
    _length: int = field(default=0, init=False)

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the log so far, of which only what is new has to be read."""
        with self.log.open("rb") as file:
            file.seek(self._length)
            lines, end, _ = file.read().rpartition(b"\n")
        self._length += len(lines + end)
        self._events += events_in(lines.decode())
        return [event for event in self._events if name is None or event["event"] == name]

    def wait_for(self, name: str, *, count: int = 1, within: float = 120, **fields: Any) -> dict[str, Any]:
        """Wait until the log has an event with these fields (so many times), and return the last."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            found = [event for event in self.events(name) if fields.items() <= event.items()]
            if len(found) >= count:
                return found[-1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"no {name} with {fields} (x{count}) in:\n{self.log.read_text()}")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        """Stop the daemon, and return its exit status."""
        self.send(signal.SIGTERM)
        return self.process.wait(20)


_OWN = frozenset({"state", "config"})
