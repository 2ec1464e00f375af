"""`Library.plan` and `Library.rules`: tried out, checked, applied."""

import asyncio
from pathlib import Path

import pytest

from conftest import put
from familiar import Library
from familiar.errors import ConfigurationError, UsageError
from support.household import Household
from support.mounts import mounted


def opened(household: Household) -> Library:
    return household.library()


@pytest.fixture
def tidy(household: Household, meadow: Path) -> Household:
    """A household with a picture and a rule that copies it."""
    put(meadow, household.inbox)
    household.rule({"name": "tidy", "when": {"faces": 0}, "then": [{"copy": f"{household.out}/"}]})
    return household


def test_a_plan_is_made_where_a_loop_runs_as_in_a_notebook_and_touches_nothing(tidy: Household) -> None:
    async def notebook() -> list[tuple[Path, list[str]]]:
        with opened(tidy) as library:
            found = library.plan(tidy.inbox)
        return [(path, [each.kind for each in one.plan.operations]) for path, one in found.plans.items()]

    assert asyncio.run(notebook()) == [(tidy.inbox / "meadow.png", ["copy"])]
    assert not tidy.out.exists()


def test_rules_are_applied_to_known_photos_once(tidy: Household, tmp_path: Path) -> None:
    rules = tidy.rules.read_text()
    tidy.rules.unlink()
    tidy.scan()
    tidy.rules.write_text(rules)
    with opened(tidy) as library:
        assert library.rules.apply(tmp_path / "elsewhere").steps == ()
        applied = library.rules.apply(tidy.inbox)
        assert (applied.photos, [step.state for step in applied.steps], applied.failed) == (1, ["done"], ())
        assert [step.state for step in library.rules.apply().steps] == ["kept"]
        library.undo([step.id for step in applied.steps])
    assert tidy.tree(tidy.out) == {}


def test_what_is_still_to_be_done_is_tried_again_and_not_planned_a_second_time(tidy: Household) -> None:
    rules = tidy.rules.read_text()
    tidy.rules.unlink()
    tidy.scan()
    tidy.rules.write_text(rules)
    with mounted(tidy.out, "size=4k"), opened(tidy) as library:
        full = tidy.out / "full"
        full.write_bytes(bytes(4096))
        for _ in range(2):
            applied = library.rules.apply()
            assert [(step.id, step.state) for step in applied.steps] == [(1, "failed")]
            assert (applied.photos, library.status().operations) == (1, {"failed": 1})
        full.unlink()
        assert [(step.id, step.state) for step in library.rules.apply().steps] == [(1, "done")]


def test_checked_rules_tell_whom_they_name_and_where_they_put_photos(tidy: Household) -> None:
    people = {"name": "album", "when": {"person": "Eileen Collins"}, "then": [{"copy": f"{tidy.out}/"}]}
    tidy.rule(people)
    with opened(tidy) as library:
        found = library.rules.check()
    assert (found.file, found.rules, found.unknown_people) == (tidy.rules, ("album",), ("Eileen Collins",))
    assert [(target.folder, target.trouble) for target in found.targets] == [(tidy.out, None)]
    assert not tidy.state.exists()


def test_wrong_rules_and_none_at_all_are_errors_with_the_place_and_the_remedy(tidy: Household) -> None:
    with opened(tidy) as library:
        tidy.rules.write_text("rules: [{name: x, than: []}]\n")
        with pytest.raises(ConfigurationError, match="'than'"):
            library.rules.check()
        tidy.rules.unlink()
        for ask in (library.rules.check, library.rules.apply, library.plan):
            with pytest.raises(
                UsageError, match="There are no rules; set `rules:` in the configuration to a rules file"
            ):
                ask()
