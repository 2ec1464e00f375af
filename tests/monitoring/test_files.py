"""The files of monitoring/, checked by the programs that read them."""

import importlib
import json
import math
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from familiar.event_fields import schema_of
from familiar.events import CATALOGUE
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


def read_by_mtail(folder: Path, *events: dict[str, Any]) -> dict[str, float]:
    """Return the metrics without labels that mtail makes of events, by their names without the prefix."""
    log = folder / "familiar.log"
    log.write_text("".join(f"Nov  9 17:00:00 nas familiar[12]: {json.dumps(event)}\n" for event in events))
    command = [program("mtail"), "--one_shot", "--one_shot_format", "prometheus", "--progs", str(MTAIL.parent)]
    read = ["--logs", str(log), "--log_dir", str(folder)]
    told = subprocess.run([*command, *read], capture_output=True, text=True, check=True).stdout
    found = re.findall(r'^familiar_(\w+)\{prog="familiar.mtail"\} (\S+)$', told, re.MULTILINE)
    return {name: float(value) for name, value in found}


def beat(**fields: Any) -> dict[str, Any]:
    state = {"state": "working", "reason": None}
    return {"event": "service.heartbeat", "level": "info", **state, **fields, "period": 60.0}


def test_the_photos_of_a_worker_on_another_machine_are_not_taken_for_those_of_the_daemon(tmp_path: Path) -> None:
    worker = {"address": "tls://nas:1", "state": "ready", "threads": 4, "in_flight": 7, "photos": 99, "per_minute": 8}
    values = read_by_mtail(tmp_path, beat(in_flight=3, remote=[worker], photos=120, faces=200))
    assert (values["photos_total"], values["faces_total"], values["in_flight"]) == (120, 200, 3)


def test_what_the_log_does_not_know_is_no_number_and_keeps_no_former_one(tmp_path: Path) -> None:
    (fields,) = (event.fields for event in CATALOGUE if event.name == "service.heartbeat")
    numbers = (["integer", "null"], ["number", "null"])
    maybe = {field for field in fields if schema_of("service.heartbeat", field).get("type") in numbers}
    maybe -= {"seconds_left"}
    values = read_by_mtail(tmp_path, beat(**dict.fromkeys(maybe, 7)), beat(**dict.fromkeys(maybe)))
    assert {name for name, value in values.items() if math.isnan(value)} == {
        {"oldest": "oldest_seconds"}.get(name, name) for name in maybe
    }


def test_a_stop_of_flickr_is_known_at_once(tmp_path: Path) -> None:
    stopped, connected = ({"event": f"flickr.{event}", "level": "info"} for event in ("stopped", "connected"))
    assert read_by_mtail(tmp_path, stopped)["flickr_stopped"] == 1
    assert read_by_mtail(tmp_path, stopped, connected)["flickr_stopped"] == 0


@pytest.mark.parametrize(
    ("events", "is_failing"),
    [
        (["service.started", "store.failed"], True),
        (["service.started", "workers.refused"], True),
        (["store.failed", "service.recovered"], False),
        (["store.failed", "service.started"], False),
        (["service.failed", "service.stopped"], False),
    ],
)
def test_a_failure_is_known_at_once_and_until_it_is_over(
    tmp_path: Path, events: list[str], *, is_failing: bool
) -> None:
    values = read_by_mtail(tmp_path, *({"event": event, "level": "info"} for event in events))
    assert values["failing"] == is_failing


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


def test_prometheus_takes_each_question_of_the_dashboard(tmp_path: Path) -> None:
    panels = json.loads((MONITORING / "grafana" / "familiar.json").read_text())["panels"]
    asked = [target["expr"].replace("$__rate_interval", "5m") for panel in panels for target in panel["targets"]]
    rules = [{"record": f"asked:{number}", "expr": expr} for number, expr in enumerate(asked)]
    (tmp_path / "asked.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    command = [program("promtool"), "check", "rules", str(tmp_path / "asked.yml")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, f"{len(asked)} rules found" in result.stdout) == (0, True), result.stdout + result.stderr


def lost(whole: Any, part: Any, where: str = "") -> list[str]:
    """Return the places of a value that another one does not have."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return [place for key in whole for place in lost(whole[key], part.get(key), f"{where}/{key}")]
    if isinstance(whole, list) and isinstance(part, list) and len(whole) == len(part):
        return [place for n, pair in enumerate(zip(whole, part, strict=True)) for place in lost(*pair, f"{where}/{n}")]
    return [] if whole == part else [where]


def test_grafana_knows_each_key_of_the_dashboard() -> None:
    """By the types that Grafana generates from its schemas; what they do not know, they leave out."""
    dashboards = pytest.importorskip("grafana_foundation_sdk.models.dashboard")
    importlib.import_module("grafana_foundation_sdk.cog.plugins").register_default_plugins()
    encoder = importlib.import_module("grafana_foundation_sdk.cog.encoder").JSONEncoder
    dashboard = json.loads((MONITORING / "grafana" / "familiar.json").read_text())
    known = json.loads(json.dumps(dashboards.Dashboard.from_json(dashboard), cls=encoder))
    assert lost(dashboard, known) == []
    assert lost({**dashboard, "colour": "red"}, known) == ["/colour"]


def vector() -> dict[str, Any]:
    return dict(yaml.safe_load((MONITORING / "vector" / "familiar.yaml").read_text()))


def test_the_configuration_of_vector_sends_few_labels() -> None:
    (sink,) = vector()["sinks"].values()
    assert set(sink["labels"]) == {"service", "host", "event", "level"}
    assert set(sink["inputs"]) <= vector()["transforms"].keys()


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ('{"event": "service.ready", "level": "info", "time": "2026-11-09T17:00:00.5Z"}', "service.ready"),
        ("Fatal Python error: Aborted", "text"),
        ("[1, 2]", "text"),
        ("null", "text"),
    ],
)
def test_vector_makes_an_event_of_each_line(message: str, event: str) -> None:
    """By its own compiler of the language of transforms."""
    pyvrl = pytest.importorskip("pyvrl")
    (transform,) = vector()["transforms"].values()
    made = pyvrl.Transform(f"{transform['source']}\n.").remap({"message": message, "host": "nas"})
    assert (made["event"], made["host"]) == (event, "nas")
    assert made["level"] == ("info" if event == "service.ready" else "error")
    assert made.get("text", message) == message
    assert made["timestamp"].year >= 2026


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
