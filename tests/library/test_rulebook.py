"""The rules in use outlive whatever happens to their file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from familiar.api.environment import read_text
from familiar.errors import UsageError
from familiar.library.rulebook import RuleBook
from familiar.rules.language import read_rules
from familiar.rules.planning import Rules
from familiar.store.store import Store
from support.log import CheckedLog
from support.stores import put_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(put_store(tmp_path)) as opened:
        yield opened


def read(file: Path | None) -> Rules:
    assert file is not None
    return read_rules(file, read_text(file), home=Path("/home/ann"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rules: [{name: b, when: {faces: " + "9" * 5000 + "}, then: [stop]}]", "a number of 5000 characters"),
        ("rules: [{name: b, then: [nothing]}]", "'nothing'"),
        ("x" * (1 << 20) + "y", "can't be read: it is larger than 1 MiB"),
        ("\ud800", "not UTF-8"),
    ],
)
def test_rules_that_are_wrong_leave_the_former_ones_in_use(
    tmp_path: Path, store: Store, text: str, reason: str
) -> None:
    file, log = tmp_path / "rules.yaml", CheckedLog()
    file.write_text("rules: [{name: a, then: [stop]}]")
    book = RuleBook(file=file, read=read, store=store, log=log)
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    book.look()
    (rejected,) = log.of("rules.rejected")
    assert reason in rejected["problems"][0]
    assert [rule.name for rule in book.rules.rules] == ["a"]


def test_a_reader_of_rules_that_fails_for_any_reason_leaves_the_former_ones_in_use(
    tmp_path: Path, store: Store
) -> None:
    file, log = tmp_path / "rules.yaml", CheckedLog()
    file.write_text("rules: [{name: a, then: [stop]}]")
    book = RuleBook(file=file, read=lambda path: read(path) if path == file else broken(), store=store, log=log)
    book.file = tmp_path / "other.yaml"
    book.read_again()
    (rejected,) = log.of("rules.rejected")
    assert rejected["problems"] == ["unexpected error: ZeroDivisionError('no rules')"]
    assert [rule.name for rule in book.rules.rules] == ["a"]


def test_wrong_rules_end_a_command(tmp_path: Path, store: Store) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rules: 1")
    with pytest.raises(UsageError):
        RuleBook(file=file, read=read, store=store, log=CheckedLog())


def broken() -> Rules:
    raise ZeroDivisionError("no rules")
