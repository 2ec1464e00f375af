"""`Library.examine`, `Library.disks`, `Library.config`: what a caller learns of the installation."""

import sys
from pathlib import Path

import pytest

from conftest import put
from familiar import Library
from familiar.errors import ConfigurationError, NoStoreError, UsageError
from support.household import Household


def opened(household: Household) -> Library:
    return household.library()


def test_what_is_wrong_is_a_finding_with_a_remedy_and_no_error(household: Household) -> None:
    household.config.write_text("settle: soon\n")
    household.state.mkdir()
    (household.state / "familiar.db").write_bytes(b"not a database, and nobody's to write over")
    with opened(household) as library:
        findings = {finding.subject: finding for finding in library.examine()}
    assert {subject for subject, finding in findings.items() if finding.verdict == "bad"} == {"configuration", "store"}
    assert findings["configuration"].remedy == "fix the file; check it with familiar config check"
    assert findings["store"].remedy == "fix this, or choose another folder with --state"
    assert findings["engine"].verdict == "good"


def test_workers_of_dask_without_its_packages_are_a_finding_with_the_remedy(
    household: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("familiar.vision.remote.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("cryptography", "distributed"):
        monkeypatch.setitem(sys.modules, name, None)
    household.configure({"workers": {"engine": "dask", "scheduler": "tcp://127.0.0.1:8786"}})
    with opened(household) as library:
        (found,) = [finding for finding in library.examine() if finding.subject == "workers"]
    assert found.verdict == "bad"
    assert "need the package distributed, which is not installed" in found.detail


def test_known_folders_are_told_with_their_disks_and_a_change_is_accepted(household: Household, meadow: Path) -> None:
    put(meadow, household.inbox)
    with opened(household) as library:
        with pytest.raises(NoStoreError, match="no store exists"):
            library.disks.all()
        household.scan()
        (known,) = library.disks.all()
        assert (known.folder, known.trouble) == (household.inbox, None)
        assert library.disks.trust(str(household.inbox)) == known
        with pytest.raises(UsageError, match="no such folder; create it first"):
            library.disks.trust(household.base / "nowhere")


def test_examples_are_written_once_and_are_good(household: Household) -> None:
    with opened(household) as library:
        config, rules = library.config.write_examples(household.base / "fresh")
        with pytest.raises(UsageError, match="already exists; it was left unchanged"):
            library.config.write_examples(household.base / "fresh")
    with Library.open(household.state, config=config) as library:
        found = library.config.check()
        assert (found.config, found.rules) == (config, rules)
        assert library.config.read().settle == 5.0
        assert "settle" in library.config.schema()["properties"]


def test_a_wrong_configuration_is_an_error_with_the_place(household: Household) -> None:
    household.config.write_text("settle: soon\n")
    with opened(household) as library, pytest.raises(ConfigurationError, match="familiar.yaml:1:9: settle: 'soon'"):
        library.config.check()
