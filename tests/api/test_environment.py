"""Where state, configuration and caches are found, for a person and beside a service."""

import os
import tempfile
from pathlib import Path

import pytest

from conftest import put
from familiar.api.environment import find_environment
from familiar.errors import NoStoreError
from familiar.state import LOCK_NAME, locked
from familiar.store.store import STORE_NAME, Store
from support.household import Household
from support.stores import put_store

NOBODY = 65534


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """The state folder of a service, which has a store."""
    folder = tmp_path / "service"
    folder.mkdir(mode=0o700)
    put_store(folder)
    return folder


def test_a_user_without_a_store_gets_that_of_the_service(
    tmp_path: Path, service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    own = tmp_path / ".local" / "state" / "familiar"
    named = find_environment({"FAMILIAR_STATE": "/elsewhere"}, state=None, config=None, service=service)
    assert named.state == Path("/elsewhere")
    assert find_environment({}, state=None, config=None, service=service).state == service
    own.mkdir(parents=True)
    put_store(own)
    assert find_environment({}, state=None, config=None, service=service).state == own
    assert find_environment({}, state=None, config=None, service=tmp_path / "none").state == own


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_user_who_may_not_use_the_store_of_the_service_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        (service := Path(base, "service")).mkdir(mode=0o700)
        put_store(service)
        monkeypatch.setenv("HOME", base)
        os.seteuid(NOBODY)
        try:
            found = find_environment({}, state=None, config=None, service=service)
            with pytest.raises(NoStoreError, match=f"is in {service}: use `sudo -u root familiar`"), found.store():
                pass
        finally:
            os.seteuid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_what_root_makes_in_the_state_folder_of_a_service_belongs_to_its_user(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    with locked(tmp_path):
        Store(tmp_path / STORE_NAME).close()
    assert {(tmp_path / name).stat().st_uid for name in (LOCK_NAME, STORE_NAME)} == {NOBODY}
    assert (tmp_path / STORE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_command_says_that_a_slower_engine_was_used(household: Household, obama: Path) -> None:
    (household.base / "cache").write_text("a file where the folder should be")
    household.environment = {"CACHE_DIRECTORY": str(household.base / "cache")}
    household.configure({"vision": {"workers": 1, "model": "dlib"}})
    told = f"warning: ONNX Runtime can't be used: {household.base / 'cache' / 'models'}: Not a directory; a slower"
    assert told in household.call("people", "add", "Barack Obama", obama).stderr
    put(obama, household.inbox)
    assert told in household.call("scan", "--log-level", "error").stderr
