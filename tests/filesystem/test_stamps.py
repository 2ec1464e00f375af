"""How long a file has not changed."""

import pytest

from familiar.filesystem.stamps import Stamp


@pytest.mark.parametrize(
    ("modified", "changed", "seconds"),
    [
        (100, 100, 900),
        (100, 400, 600),
        (400, 100, 600),
        (9999, 400, 600),
        (100, 9999, 0),
        (9999, 9999, 0),
        (100, None, 900),
        (9999, None, 0),
        (-11_644_473_600, 400, 600),
    ],
)
def test_a_file_has_not_changed_since_the_later_of_its_times_unless_that_is_still_to_come(
    modified: int, changed: int | None, seconds: float
) -> None:
    changed_ns = None if changed is None else changed * 10**9
    assert Stamp(size=1, mtime_ns=modified * 10**9, ctime_ns=changed_ns).unchanged_for(1000) == seconds
