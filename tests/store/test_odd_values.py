"""Values that SQLite has no form for are stored as the nearest one, wherever they come from."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from familiar.storable import storable
from familiar.store.store import Store

VALUES = st.integers() | st.text(st.characters(exclude_categories=())) | st.binary() | st.none() | st.booleans()


@given(value=VALUES)
def test_a_storable_value_stays_as_it_is(value: object) -> None:
    once = storable(value)
    assert storable(once) == once
    if isinstance(value, str) and not any(0xD800 <= ord(character) < 0xE000 for character in value):
        assert once == value
    if isinstance(value, int) and value.bit_length() < 64:
        assert once == value


def test_a_statement_takes_any_number_and_any_text(store: Store) -> None:
    connection = store.files._db.conn
    for value in (2**70, -(2**70), "\ud800", "plain", b"\xff", 1.5, None):
        (stored,) = connection.execute("SELECT ?", (value,)).fetchone()
        assert stored == storable(value)
    (named,) = connection.execute("SELECT :size", {"size": 2**70}).fetchone()
    assert named == 2**63 - 1


def test_of_many_rows_each_is_stored(store: Store) -> None:
    connection = store.files._db.conn
    connection.execute("CREATE TEMP TABLE odd (number INTEGER, text TEXT)")
    connection.executemany("INSERT INTO odd VALUES (?, ?)", ((2**70 * sign, "\udcff") for sign in (1, -1)))
    with contextlib.closing(connection.execute("SELECT number, text FROM odd")) as rows:
        assert list(rows) == [(2**63 - 1, "\\udcff"), (-(2**63), "\\udcff")]
