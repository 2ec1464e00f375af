"""familiar plan, rules apply and undo: what rules would do, do, and undo."""

import json
from pathlib import Path

import pytest

from conftest import put
from support.household import Household
from support.log import events_in


def copying(household: Household) -> dict[str, object]:
    return {"name": "copy", "then": [{"copy": f"{household.out}/copies/"}]}


def moving(household: Household) -> dict[str, object]:
    return {"name": "tidy", "then": [{"move": f"{household.out}/tidy/"}]}


@pytest.fixture
def seen(household: Household, obama: Path) -> Household:
    """A household that knows one photo, and has had no rules yet."""
    put(obama, household.inbox)
    household.scan()
    return household


def test_a_plan_shows_what_the_rules_would_do_and_touches_nothing(household: Household, obama: Path) -> None:
    photo = put(obama, household.inbox)
    copy = put(obama, household.inbox, "zcopy.jpg")
    (household.inbox / "broken.jpg").write_bytes(b"no photo")
    crop = {"crop": {"to": f"{household.out}/faces/", "size": 64, "min_size": 900}}
    household.rule(copying(household), moving(household), {"name": "faces", "then": [crop]})
    before = household.tree()
    result = household.ask("plan", "--json", check=False)
    planned = json.loads(result.stdout)
    assert result.returncode == 1
    (plan,) = planned["plans"]
    assert plan["path"] == str(photo)
    assert [(step["kind"], step["rule"], step["target"]) for step in plan["operations"]] == [
        ("copy", "copy", f"{household.out}/copies/obama.jpg"),
        ("move", "tidy", f"{household.out}/tidy/obama.jpg"),
    ]
    (refusal,) = plan["refusals"]
    assert (refusal["rule"], refusal["kind"]) == ("faces", "crop")
    assert refusal["reason"].endswith("pixels wide, and min_size is 900")
    assert planned["copies"] == [{"path": str(copy), "of": str(photo)}]
    assert planned["failed"] == [
        {"path": str(household.inbox / "broken.jpg"), "reason": "not a picture in a known format"}
    ]
    assert household.ask("plan", photo).stdout.splitlines()[-1] == "1 photo, 2 operations. Nothing was touched."
    assert household.tree() == before
    household.scan()
    assert set(household.tree()) == {
        "out/copies/obama.jpg", "out/tidy/obama.jpg", "inbox/zcopy.jpg", "inbox/broken.jpg"
    }  # fmt: skip


def test_rules_are_applied_to_known_photos_once(seen: Household, obama: Path) -> None:
    seen.rule(copying(seen), moving(seen))
    steps = seen.json("rules", "apply")
    assert [(step["kind"], step["state"]) for step in steps] == [("copy", "done"), ("move", "done")]
    content = obama.read_bytes()
    whole = {"out/copies/obama.jpg": content, "out/tidy/obama.jpg": content}
    assert seen.tree() == whole
    again = seen.json("rules", "apply")
    assert [(step["kind"], step["state"]) for step in again] == [("copy", "kept")]
    assert seen.tree() == whole
    assert seen.json("rules", "apply", seen.base / "elsewhere") == []


def test_rules_are_applied_by_the_daemon_if_it_runs(seen: Household) -> None:
    seen.rule(moving(seen))
    with seen.running() as daemon:
        daemon.wait_for("service.ready")
        (step,) = seen.json("rules", "apply")
        assert (step["kind"], step["state"]) == ("move", "done")
        assert daemon.wait_for("operation.done")["operation"] == step["operation"]
        assert seen.json("undo", "--last")["undone"][0]["error"] is None
        daemon.wait_for("operation.undone", operation=step["operation"])
    assert set(seen.tree()) == {"inbox/obama.jpg"}


def test_what_was_done_is_undone_by_number_by_time_or_as_the_last(seen: Household, biden: Path) -> None:
    before = seen.tree()
    seen.rule(copying(seen), moving(seen))
    put(biden, seen.inbox)
    seen.scan()
    seen.json("rules", "apply")
    assert len(seen.tree()) == 4
    assert [row["kind"] for row in seen.json("undo", "--last")["undone"]] == ["move", "copy"]
    assert set(seen.tree()) == {"inbox/obama.jpg", "out/copies/biden.jpg", "out/tidy/biden.jpg"}
    (move, copy) = seen.json("undo", "--since", "1h")["undone"]
    assert set(seen.tree()) == {"inbox/obama.jpg", "inbox/biden.jpg"}
    assert (move["kind"], copy["kind"]) == ("move", "copy")
    gone = seen.ask("undo", str(move["operation"]), check=False)
    message = f"error: There is no operation {move['operation']} that was done and not yet undone.\n"
    assert (gone.returncode, gone.stderr) == (2, message)
    assert before.items() <= seen.tree().items()


def test_where_one_file_stands_in_the_way_nothing_is_undone(seen: Household) -> None:
    seen.rule(copying(seen), moving(seen))
    seen.json("rules", "apply")
    (seen.out / "copies" / "obama.jpg").write_bytes(b"somebody's own work")
    before = seen.tree()
    result = seen.ask("undo", "--last", "--json", check=False)
    (obstacle,) = json.loads(result.stdout)["obstacles"]
    assert obstacle["reason"] == f"{seen.out}/copies/obama.jpg was changed since"
    assert (result.returncode, seen.tree()) == (1, before)
    assert "Nothing was touched." in seen.ask("undo", "--last", check=False).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("undo",), "Nothing to undo was given; use one of --last, --since TIME, and operation numbers."),
        (
            ("undo", "--last", "3"),
            "Too much to undo was given; use one of --last, --since TIME, and operation numbers.",
        ),
        (("undo", "--last"), "Nothing to undo."),
        (
            ("undo", "--since", "yesterday"),
            "--since 'yesterday' is not a valid time; use 30m, 2h, 3d or 2026-05-01T12:00.",
        ),
        (
            ("undo", "--since", "99999999d"),
            "--since '99999999d' is not a valid time; use 30m, 2h, 3d or 2026-05-01T12:00.",
        ),
        (("plan",), "There are no rules; set `rules:` in the configuration to a rules file."),
        (("rules", "apply"), "There are no rules; set `rules:` in the configuration to a rules file."),
    ],
)
def test_wrong_use_is_refused_with_what_would_be_right(
    household: Household, arguments: tuple[str, ...], message: str
) -> None:
    household.make_store()
    result = household.ask(*arguments, check=False)
    assert (result.returncode, result.stderr) == (2, f"error: {message}\n")


def test_a_check_of_the_rules_names_unregistered_people(household: Household) -> None:
    household.rule({"name": "of one", "when": {"person": "Eileen Collins"}, "then": ["stop"]})
    checked = household.json("rules", "check")
    assert (checked["rules"], checked["unknown_people"]) == (["of one"], ["Eileen Collins"])
    told = household.ask("rules", "check", household.rules).stdout
    assert (
        "nobody is registered as 'Eileen Collins'; add the person with: familiar people add 'Eileen Collins' PHOTO..."
        in told
    )


def test_wrong_rules_are_refused_with_every_place(household: Household) -> None:
    household.rules.write_text("rules:\n  - name: a\n    when: {persn: Eileen, score: {min: 3}}\n    then: [stop]\n")
    for command in (("rules", "check"), ("rules", "apply"), ("plan",), ("scan",), ("config", "check")):
        result = household.refused(*command)
        first, second = result.stderr.splitlines()
        assert result.returncode == 2
        assert first.startswith(f"error: {household.rules}:3:12: rules[0].when.persn: unknown key 'persn'; did you")
        assert second.startswith(f"error: {household.rules}:3:40: rules[0].when.score.min: 3 is wrong; a number from")
    refused = household.refused("run")
    assert refused.returncode == 2
    (error,) = [event for event in events_in(refused.stderr) if event["event"] == "service.error"]
    assert error["error"] == "\\n".join(text.removeprefix("error: ") for text in (first, second))
    as_json = json.loads(household.ask("rules", "check", "--json", check=False).stderr)
    assert [(problem["line"], problem["column"]) for problem in as_json["problems"]] == [(3, 12), (3, 40)]


def test_a_photo_that_can_not_be_read_is_told_and_harms_no_other(household: Household, obama: Path) -> None:
    put(obama, household.inbox)
    household.configure({"folders": [{"path": str(household.inbox), "outside_links": True}]})
    broken = household.inbox / "a bad sector.jpg"
    broken.symlink_to("/proc/self/mem")  # a regular file whose first byte is an input/output error
    events = household.scan(check=False)
    (failed,) = [event for event in events if event["event"] == "file.failed"]
    assert (failed["path"], failed["reason"]) == (str(broken), "can't be read: Input/output error")
    status = household.json("status")
    assert status["failed"] == [{"path": str(broken), "reason": "can't be read: Input/output error"}]
    assert (status["photos"]["seen"], status["files"]) == (1, {"done": 1, "failed": 1})


def test_a_rule_may_ask_for_the_best_photos_of_a_person(library: Household, tmp_path: Path) -> None:
    best = {"person": "Barack Obama", "percentile": {"min": 75}}
    library.rule({"name": "best", "when": best, "then": [{"copy": f"{tmp_path}/best/"}]})
    planned = library.json("plan")["plans"]
    library.rules.unlink()
    assert {Path(plan["path"]).name for plan in planned if plan["operations"]} == {"obama.jpg", "couple.jpg"}


def test_the_schema_of_the_rules_is_printed_for_editors(household: Household) -> None:
    schema = json.loads(household.ask("rules", "schema").stdout)
    assert set(schema["$defs"]["Rule"]["properties"]) == {"name", "when", "then"}
    assert household.json("rules", "schema") == schema


def test_checks_warn_of_a_pattern_that_a_shell_reads_otherwise(household: Household) -> None:
    household.rule({"name": "r", "when": {"path": "**/IMG_[0-9].jpg"}, "then": ["stop"]})
    household.configure({"folders": [{"path": str(household.inbox), "exclude": ["[Private]", "[a-f]*"]}]})
    (of_rules,) = household.json("rules", "check")["warnings"]
    of_folders, same = household.json("config", "check")["warnings"]
    assert of_rules == same
    assert of_rules.startswith("rule 'r': '**/IMG_[0-9].jpg': [0-9] stands for these characters themselves")
    assert of_folders.startswith(f"folder {household.inbox}: '[a-f]*': [a-f] stands for")
    assert f"warning: {of_rules}" in household.ask("rules", "check").stdout
    assert f"warning: {of_folders}" in household.ask("config", "check").stdout
    found = household.json("doctor", check=False)
    assert [one["detail"] for one in found if one["subject"] == "patterns"] == [of_folders, of_rules]
