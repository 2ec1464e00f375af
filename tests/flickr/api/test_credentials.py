import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from familiar.errors import UsageError
from familiar.flickr.api.credentials import KEY_NAME, TOKEN_NAME, Credentials, Key, Login
from familiar.flickr.api.errors import NoLoginError

LOGIN = Login(token="t", secret="s", perms="read", nsid="1@N00", username="Ana")
KEY = Key(key="k", secret="s2")


def test_key_and_login_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    credentials = Credentials.of(tmp_path, {})
    before = credentials.stamp()
    credentials.keep_key(KEY)
    credentials.keep_login(LOGIN)
    assert credentials.needed() == (KEY, LOGIN)
    assert credentials.stamp() != before
    folder = tmp_path / "flickr"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {KEY_NAME: 0o600, TOKEN_NAME: 0o600}


def test_credentials_of_systemd_come_before_the_state_folder_and_a_key_may_be_two_lines(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    credentials = Credentials.of(tmp_path / "state", {"CREDENTIALS_DIRECTORY": str(given)})
    credentials.keep_key(KEY)
    credentials.keep_login(LOGIN)
    (given / KEY_NAME).write_text("other\nsecret\n")
    assert credentials.needed() == (Key(key="other", secret="secret"), LOGIN)


def test_a_login_that_a_person_gave_comes_before_the_credential_that_was_lost(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    credentials = Credentials.of(tmp_path / "state", {"CREDENTIALS_DIRECTORY": str(given)})
    (given / TOKEN_NAME).write_text(json.dumps(asdict(replace(LOGIN, token="old"))))
    assert credentials.login() == replace(LOGIN, token="old")
    credentials.keep_login(LOGIN)
    assert credentials.login() == LOGIN


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_a_login_that_root_gives_a_service_belongs_to_the_user_of_the_service(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    Credentials.of(tmp_path, {}).keep_login(LOGIN)
    assert {path.stat().st_uid for path in tmp_path.rglob("*")} == {65534}


def test_neither_key_nor_login_shows_its_secrets() -> None:
    assert "s2" not in repr(KEY)
    assert repr(LOGIN) == "Login(perms='read', nsid='1@N00', username='Ana', fullname='')"


def test_without_a_login_it_is_said_how_to_log_in(tmp_path: Path) -> None:
    with pytest.raises(NoLoginError, match="familiar flickr login"):
        Credentials.of(tmp_path, {}).needed()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is damaged; create it with `familiar flickr login`"),
        ("[1]", "is damaged"),
        ('{"token": 5}', "is damaged"),
        ('{"token": "t"}', "'secret' is missing"),
        (
            '{"token": "t", "secret": "s", "perms": "all", "nsid": "1", "username": "a"}',
            "perms 'all' is not valid; use read, write or delete",
        ),
    ],
)
def test_a_damaged_login_is_named_with_its_file_and_not_shown(tmp_path: Path, text: str, problem: str) -> None:
    credentials = Credentials.of(tmp_path, {})
    credentials.keep_key(KEY)
    (tmp_path / "flickr" / TOKEN_NAME).write_text(text)
    with pytest.raises(UsageError) as caught:
        credentials.login()
    assert str(caught.value).startswith(f"{tmp_path}/flickr/{TOKEN_NAME}: {problem}")
