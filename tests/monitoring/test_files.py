"""The files of monitoring/, checked by the programs that read them."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from support.monitoring import MONITORING, RULES, program

MTAIL = MONITORING / "mtail" / "familiar.mtail"
PAGE = MONITORING.parent / "docs" / "monitoring.md"


def metrics() -> set[str]:
    return set(re.findall(r"^(?:counter|gauge) (\w+)", MTAIL.read_text(), re.MULTILINE))


def named(expressions: str) -> set[str]:
    return set(re.findall(r"\bfamiliar_\w+", expressions))


def test_prometheus_takes_the_rules_and_they_pass_their_own_tests() -> None:
    promtool = program("promtool")
    for arguments in (["check", "rules", RULES], ["test", "rules", RULES.with_name("familiar.test.yml")]):
        result = subprocess.run([promtool, *map(str, arguments)], capture_output=True, text=True, check=False)
        assert (result.returncode, "SUCCESS" in result.stdout) == (0, True), result.stdout + result.stderr


def test_mtail_takes_the_program(tmp_path: Path) -> None:
    command = [program("mtail"), "--compile_only", "--progs", str(MTAIL.parent), "--log_dir", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_photos_of_a_worker_on_another_machine_are_not_taken_for_those_of_the_daemon(tmp_path: Path) -> None:
    worker = {"address": "tls://nas:1", "state": "ready", "threads": 4, "in_flight": 7, "photos": 99, "per_minute": 8}
    state = {"state": "working", "reason": None, "in_flight": 3}
    beat = {"event": "service.heartbeat", "level": "info", **state, "remote": [worker], "photos": 120, "faces": 200}
    (tmp_path / "familiar.log").write_text(f"Nov  9 17:00:00 nas familiar[12]: {json.dumps(beat)}\n")
    command = [program("mtail"), "--one_shot", "--one_shot_format", "prometheus", "--progs", str(MTAIL.parent)]
    read = ["--logs", str(tmp_path / "familiar.log"), "--log_dir", str(tmp_path)]
    told = subprocess.run([*command, *read], capture_output=True, text=True, check=True).stdout
    values = dict(re.findall(r"^familiar_(photos_total|faces_total|in_flight)\{.*\} (\d+)$", told, re.MULTILINE))
    assert values == {"photos_total": "120", "faces_total": "200", "in_flight": "3"}


def test_the_dashboard_and_the_rules_ask_only_for_metrics_that_are_there() -> None:
    dashboard = json.loads((MONITORING / "grafana" / "familiar.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    wanted = named(" ".join([*asked, *(rule["expr"] for rule in rules)]))
    assert wanted <= metrics()
    assert metrics() - wanted == set(), "each metric is shown or watched"
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_each_alert_has_its_section() -> None:
    alerts = re.findall(r"alert: (\w+)", RULES.read_text())
    assert alerts == re.findall(r"^\| `(Familiar\w+)` \|", PAGE.read_text(), re.MULTILINE)


def test_the_configuration_of_vector_sends_few_labels() -> None:
    config = yaml.safe_load((MONITORING / "vector" / "familiar.yaml").read_text())
    (sink,) = config["sinks"].values()
    assert set(sink["labels"]) == {"service", "host", "event", "level"}
    assert set(sink["inputs"]) <= config["transforms"].keys()


@pytest.mark.parametrize(
    ("line", "is_ignored"),
    [
        ('Nov  9 17:00:00 nas familiar[12]: {"event": "service.ready", "level": "info", "time": "x"}', True),
        ('2026-11-29T17:00:00.123456+00:00 nas familiar[1]: {"event": "file.found", "level": "debug", "a": 1}', True),
        ('Nov  9 17:00:00 nas familiar[12]: {"event": "root.offline", "level": "warning", "time": "x"}', False),
        ('Nov  9 17:00:00 nas familiar[12]: {"event": "photo.error", "level": "error", "path": "level info"}', False),
        ("Nov  9 17:00:00 nas familiar[12]: Fatal Python error: Aborted", False),
    ],
)
def test_logcheck_reports_what_is_not_as_usual(line: str, *, is_ignored: bool) -> None:
    pattern = MONITORING / "logcheck" / "familiar"
    result = subprocess.run(["grep", "-E", "-f", str(pattern)], input=line, text=True, capture_output=True, check=False)
    assert (result.returncode == 0) is is_ignored
