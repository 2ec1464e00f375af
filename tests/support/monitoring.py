"""rsyslog, mtail and Prometheus, as they come with Debian, behind the log of a daemon."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

MONITORING = Path(__file__).parents[2] / "monitoring"
RULES = MONITORING / "prometheus" / "familiar.rules.yml"

HEARTBEAT = 5.0
"""Seconds between two heartbeats in the tests: a twelfth of the usual minute."""
SCALED = {
    "for: 1m": "for: 5s",
    "for: 10m": "for: 5s",
    "for: 15m": "for: 20s",
    "> 900": "> 10",
    "[15m]": "[60s]",
    "[5m:]": "[5s:]",
    "[30m:]": "[15s:]",
    "for: 1h": "for: 30s",
    "[1h]": "[2m]",
}
"""The times of the rules, and those of the tests; nothing else of them is changed."""


def program(name: str) -> str:
    """Return a program; skip the test where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What watches the log."""

    url: str
    file: Path
    """The log as rsyslog writes it."""

    def values(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the samples of an expression of PromQL."""
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=10)
        found = answer.json()["data"]["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in found]

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire now."""
        return {labels["alertname"] for labels, _ in self.values('ALERTS{alertstate="firing"}')}

    def fired(self) -> set[str]:
        """Return the names of all alerts that have fired."""
        return set(self._first_times())

    def wait_for(self, *alerts: str, within: float = 60, after: float | None = None) -> None:
        """Wait until alerts have fired; with `after`, the time of the fault, they must have within two heartbeats."""
        self._wait(lambda: set(alerts) <= self.fired(), within, lambda: f"{alerts}; fired: {self.fired()}")
        if after is not None:
            times = self._first_times()
            took = {alert: times[alert] - after for alert in alerts}
            assert max(took.values()) <= 2 * HEARTBEAT, f"seconds after the fault: {took}"

    def _first_times(self) -> dict[str, float]:
        """Return when each alert that has fired did so first, in seconds since 1970."""
        firsts = self.values('min_over_time(timestamp(ALERTS{alertstate="firing"})[30m:1s])')
        return {labels["alertname"]: value for labels, value in firsts}

    def wait_for_value(self, metric: str, value: float, within: float = 60) -> None:
        """Wait until a metric has a value."""
        self._wait(lambda: any(v == value for _, v in self.values(metric)), within, lambda: str(self.values(metric)))

    def _wait(self, condition: Callable[[], bool], within: float, tell: Callable[[], str]) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, tell()
            time.sleep(0.2)


@contextmanager
def watching(base: Path, logs: Path) -> Iterator[Stack]:
    """Run rsyslog, mtail and Prometheus for a block; `logs` is the pattern of the logs of daemons."""
    rsyslogd, mtail = program("rsyslogd"), program("mtail")
    file = base / "familiar.log"
    base.mkdir()
    (base / "rsyslog.conf").write_text(_rsyslog(base, logs, file))
    file.touch()
    port, _ = ports = free_ports(2)
    commands = {
        "rsyslogd": [rsyslogd, "-n", "-f", base / "rsyslog.conf", "-i", base / "rsyslog.pid"],
        "mtail": [
            *(mtail, "--progs", MONITORING / "mtail", "--logs", file, "--address", "127.0.0.1"),
            *("--port", port, "--poll_interval", "250ms", "--poll_log_interval", "250ms"),
        ],
    }
    with _prometheus_behind(base, commands, ports) as url:
        yield Stack(url=url, file=file)


@contextmanager
def watching_files(base: Path) -> Iterator[Stack]:
    """Run node_exporter, which reads metrics from files in a folder, and Prometheus for a block.

    `file` of the stack is that of familiar.
    """
    exporter = program("prometheus-node-exporter")
    (base / "textfiles").mkdir(parents=True)
    port, _ = ports = free_ports(2)
    command = [
        *(exporter, "--collector.disable-defaults", "--collector.textfile"),
        *(f"--collector.textfile.directory={base / 'textfiles'}", f"--web.listen-address=127.0.0.1:{port}"),
    ]
    with _prometheus_behind(base, {"node_exporter": command}, ports) as url:
        yield Stack(url=url, file=base / "textfiles" / "familiar.prom")


@contextmanager
def _prometheus_behind(base: Path, commands: Mapping[str, list[Any]], ports: Sequence[int]) -> Iterator[str]:
    """Run programs, the last of which serves metrics at the first port, and Prometheus, at the second; give its URL."""
    prometheus = program("prometheus")
    (base / "rules.yml").write_text(_scaled(RULES.read_text()))
    (base / "prometheus.yml").write_text(json.dumps(_prometheus(ports[0])))
    own = [
        *(prometheus, f"--config.file={base / 'prometheus.yml'}", f"--storage.tsdb.path={base / 'data'}"),
        *(f"--web.listen-address=127.0.0.1:{ports[1]}", "--log.level=warn"),
    ]
    url = f"http://127.0.0.1:{ports[1]}"
    with ExitStack() as stack:
        for name, command in {**commands, "prometheus": own}.items():
            stack.enter_context(_program(command, base / f"{name}.out"))
        _wait_until_ready(f"{url}/-/ready", base)
        Stack(url=url, file=base).wait_for_value("up", 1)
        yield url


@contextmanager
def _program(command: list[Any], output: Path) -> Iterator[None]:
    with output.open("wb") as file:
        process = subprocess.Popen([str(word) for word in command], stdout=file, stderr=file)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(url: str, base: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        with suppress(requests.ConnectionError):
            if requests.get(url, timeout=5).ok:
                return
        assert time.monotonic() < deadline, "".join(path.read_text() for path in base.glob("*.out"))
        time.sleep(0.2)


def _rsyslog(base: Path, logs: Path, file: Path) -> str:
    own = (MONITORING / "rsyslog" / "familiar.conf").read_text().replace("/var/log/familiar.log", str(file))
    assert str(file) in own
    return (
        f'global(workDirectory="{base}")\n'
        'module(load="imfile" mode="inotify")\n'
        f'input(type="imfile" file="{logs}" tag="familiar[1]:")\n{own}'
    )


def _prometheus(port: int) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "familiar", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
    }


def _scaled(rules: str) -> str:
    for usual, scaled in SCALED.items():
        assert usual in rules, usual
        rules = rules.replace(usual, scaled)
    return rules


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody has."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
