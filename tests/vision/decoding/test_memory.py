"""The memory that a picture needs is compared with what is left, before anything is decoded."""

import subprocess
import sys

import pytest

from familiar.vision.decoding.memory import needed

BELOW_A_LIMIT = """
import resource
from familiar.vision.decoding.memory import check_memory, used

check_memory("WEBP", (16000, 12500))
resource.setrlimit(resource.RLIMIT_DATA, (used() + 200_000_000, -1))
check_memory("WEBP", (3000, 2000))
try:
    check_memory("WEBP", (4000, 4000))
except MemoryError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("format_", "size", "megabytes"),
    [("JPEG", (2000, 1500), 12), ("WEBP", (16000, 12500), 3200), ("HEIF", (16000, 12500), 1600), (None, (500, 500), 1)],
)
def test_what_is_needed_depends_on_the_format(format_: str | None, size: tuple[int, int], megabytes: int) -> None:
    assert needed(format_, size) == megabytes * 1_000_000


def test_a_picture_for_which_the_limit_leaves_too_little_is_refused() -> None:
    result = subprocess.run([sys.executable, "-c", BELOW_A_LIMIT], capture_output=True, text=True, check=True)
    assert result.stdout == "it needs more memory than the limit leaves\n"
