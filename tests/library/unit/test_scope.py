"""Whose service it is, and what its manager tells."""

import json

import pytest

from familiar.errors import UsageError
from familiar.library.unit.manager import last_of
from familiar.library.unit.scope import Scope
from familiar.library.unit.texts import paths_in


def test_only_root_changes_the_service_of_the_machine() -> None:
    Scope(is_system=True).check_rights(0)
    Scope(is_system=False).check_rights(1000)
    with pytest.raises(UsageError, match=r"can be changed by root only: use sudo, or --user\.$"):
        Scope(is_system=True).check_rights(1000)


def test_each_error_of_the_log_is_told_once_with_the_time_of_its_last_line() -> None:
    lines = [json.dumps({"event": "store.failed", "error": error, "time": at}) for error, at in ("a1", "b2", "a3")]
    assert last_of([*lines, "Aborted", json.dumps({"event": "x", "problems": ["c", "d"]})], most=4) == (
        *("b (at 2)", "a (at 3)"),
        *("Aborted", "c; d"),
    )


def test_the_folders_of_a_drop_in_are_read_again_if_their_names_are_plain() -> None:
    assert paths_in('ReadWritePaths=-/srv/photos\nReadWritePaths="-/srv/my photos"\nIPAddressDeny=') == ["-/srv/photos"]
